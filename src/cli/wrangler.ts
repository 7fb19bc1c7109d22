/**
 * Runs the project's own Wrangler. Leaves what to run, and what the output means, to the commands.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";

/** Absolute path of the project; every Wrangler command runs there. */
export const PROJECT_ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Wrangler's executable script, to be run by the Node that runs us. */
export const WRANGLER_SCRIPT = join(
  dirname(createRequire(import.meta.url).resolve("wrangler/package.json")),
  "bin/wrangler.js",
);

/** What we tell Wrangler about ourselves: no usage statistics. */
export const WRANGLER_ENVIRONMENT = { WRANGLER_SEND_METRICS: "false" } as const;

/** How one Wrangler command ended. */
export interface WranglerResult {
  readonly exitCode: number;
  /** Empty if the terminal was handed over. */
  readonly stdout: string;
  /** Empty if the terminal was handed over. */
  readonly stderr: string;
}

/** Runs one Wrangler command to its end. It never throws because the command failed. */
export type WranglerRunner = (
  args: readonly string[],
  options?: {
    /** Hands the terminal over, so that the user sees the output and can answer questions. Default: captured, no questions. */
    readonly isShown?: boolean;
  },
) => Promise<WranglerResult>;

/** The real one. */
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
