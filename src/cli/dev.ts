/**
 * `npm run dev [-- FLAGS]`: checks the variables, applies the migrations to the local database and runs `wrangler dev`
 * with FLAGS. Signals and the exit code are passed on, so a caller may treat this command as Wrangler itself.
 */
import { constants, copyFile } from "node:fs/promises";
import { constants as osConstants } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { runCommand } from "./command.ts";
import { devVariables } from "./dev-variables.ts";
import { onInterruption } from "./interruption.ts";
import { applyLocalMigrations } from "./local-worker.ts";
import { describeWrongVariables } from "./variables.ts";
import { PROJECT_ROOT, WRANGLER_ENVIRONMENT, WRANGLER_SCRIPT } from "./wrangler.ts";

/** Wrangler's flags for the configuration and the storage; they are passed to the migrations as well. */
const SHARED_FLAGS = {
  "persist-to": { type: "string" },
  config: { type: "string", short: "c" },
  env: { type: "string", short: "e" },
} as const;

/**
 * The flags of `wrangler dev` that the migrations need as well.
 * @example migrationFlags(["--port", "80", "--persist-to=x"]) // ["--persist-to", "x"]
 */
export function migrationFlags(flags: readonly string[]): string[] {
  const { tokens } = parseArgs({ args: [...flags], options: SHARED_FLAGS, strict: false, tokens: true });
  return tokens.flatMap((token) =>
    token.kind === "option" && Object.hasOwn(SHARED_FLAGS, token.name) && token.value !== undefined
      ? [`--${token.name}`, token.value]
      : [],
  );
}

/**
 * Writes .dev.vars from .dev.vars.example unless there is one.
 * @returns whether it was written
 */
export async function ensureDevVars(directory: string): Promise<boolean> {
  try {
    const [from, to] = [join(directory, ".dev.vars.example"), join(directory, ".dev.vars")];
    await copyFile(from, to, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

async function main(flags: readonly string[]): Promise<number> {
  const wrong = describeWrongVariables(devVariables(flags), "the Wrangler file, .dev.vars or --var");
  if (wrong !== null) throw new Error(wrong);
  if (await ensureDevVars(PROJECT_ROOT)) console.log("Wrote .dev.vars with the example tokens.");
  await applyLocalMigrations(migrationFlags(flags));
  console.log("The local database is up to date.");

  const child = execa(process.execPath, [WRANGLER_SCRIPT, "dev", ...flags], {
    cwd: PROJECT_ROOT,
    env: WRANGLER_ENVIRONMENT,
    stdio: "inherit",
    reject: false,
    // A killed Wrangler can't end the runtime that it started.
    forceKillAfterDelay: false,
  });
  onInterruption((signal) => {
    // Ctrl-C in a terminal reaches the whole process group, so Wrangler gets it as well.
    if (signal === "SIGINT" && process.stdin.isTTY) return;
    child.kill("SIGTERM");
  });
  const result = await child;
  if (result.exitCode !== undefined) return result.exitCode;
  return result.signal === undefined ? 1 : 128 + osConstants.signals[result.signal];
}

if (import.meta.main) await runCommand(main);
