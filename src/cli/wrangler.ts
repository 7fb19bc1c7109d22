/**
 * Runs the Wrangler of this project. The commands choose the arguments and interpret the output.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";

/** Absolute path of the project; every Wrangler command runs there. */
export const PROJECT_ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Wrangler's executable script. The Node of this process runs it. */
export const WRANGLER_SCRIPT = join(
  dirname(createRequire(import.meta.url).resolve("wrangler/package.json")),
  "bin/wrangler.js",
);

/** Environment of every Wrangler process: no usage statistics. */
export const WRANGLER_ENVIRONMENT = { WRANGLER_SEND_METRICS: "false" } as const;

/** The result of a Wrangler command. */
export interface WranglerResult {
  readonly exitCode: number;
  /** Empty if the command used the terminal. */
  readonly stdout: string;
  /** Empty if the command used the terminal. */
  readonly stderr: string;
}

/** Runs one Wrangler command to its end. It does not throw if the command fails. */
export type WranglerRunner = (
  args: readonly string[],
  options?: {
    /** Lets the command use the terminal, so that the user sees its output and can answer questions. Default: the output is captured. */
    readonly isShown?: boolean;
  },
) => Promise<WranglerResult>;

/** Runs the real Wrangler. */
export const runWrangler: WranglerRunner = async (args, options = {}) => {
  const isShown = options.isShown ?? false;
  const result = await execa(process.execPath, [WRANGLER_SCRIPT, ...args], {
    cwd: PROJECT_ROOT,
    env: { ...WRANGLER_ENVIRONMENT, ...(isShown ? {} : { CI: "1", FORCE_COLOR: "0" }) },
    stdin: isShown ? "inherit" : "ignore",
    stdout: isShown ? "inherit" : "pipe",
    stderr: isShown ? "inherit" : "pipe",
    reject: false,
  });
  return {
    exitCode: result.exitCode ?? 1,
    stdout: result.stdout ?? "",
    stderr: result.stderr ?? "",
  };
};
