/** The variables that `wrangler dev` gives to the Worker, read the way Wrangler reads them. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { unstable_getVarsForDev as getVarsForDev, unstable_readConfig as readWranglerFile } from "wrangler";
import { PROJECT_ROOT } from "./wrangler.ts";

/** Wrangler's flags that say where variables come from. */
const FLAGS = {
  config: { type: "string", short: "c" },
  env: { type: "string", short: "e" },
  "env-file": { type: "string", multiple: true },
  var: { type: "string", multiple: true },
} as const;

/**
 * Variables by name: those of the Wrangler file and its environment, overridden by .dev.vars (or the files of
 * `--env-file`, or .env), overridden by `--var NAME:VALUE`. Secrets are among them.
 * @param flags - the flags of `wrangler dev`
 * @throws Error if Wrangler can't read its file
 */
export function devVariables(flags: readonly string[]): Record<string, unknown> {
  const { config = "wrangler.toml", env, "env-file": envFiles, var: given } = readFlags(flags);
  const file = readWranglerFile({ config: resolve(PROJECT_ROOT, config), env }, { hideWarnings: true });
  const bindings = getVarsForDev(
    file.configPath,
    envFiles.length > 0 ? envFiles : undefined,
    file.vars,
    env,
    true,
  );
  const variables: Record<string, unknown> = {};
  for (const [name, { value }] of Object.entries(bindings)) variables[name] = value;
  for (const pair of given) {
    const [name = "", ...value] = pair.split(":");
    variables[name] = value.join(":");
  }
  return variables;
}

interface VariableFlags {
  readonly config?: string;
  readonly env?: string;
  readonly "env-file": string[];
  readonly var: string[];
}

/** Reads the flags; a flag that takes a list also takes the arguments behind it, up to the next flag. */
function readFlags(flags: readonly string[]): VariableFlags {
  const { tokens } = parseArgs({ args: [...flags], options: FLAGS, strict: false, tokens: true });
  const read: { config?: string; env?: string; "env-file": string[]; var: string[] } = {
    "env-file": [],
    var: [],
  };
  let list: string[] | null = null;
  for (const token of tokens) {
    if (token.kind === "option") {
      list = token.name === "var" || token.name === "env-file" ? read[token.name] : null;
      if (token.value === undefined) continue;
      list?.push(token.value);
      if (token.name === "config" || token.name === "env") read[token.name] = token.value.replace(/^=/, "");
    } else if (token.kind === "positional") list?.push(token.value);
  }
  return read;
}
