/**
 * A Worker on this machine: its database migrated, `wrangler dev` started, and ended again so that no runtime
 * outlives us. Leaves talking to the Worker to `client.ts`.
 */
import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { readRequirements } from "./deploy-config.ts";
import {
  runWrangler,
  type WranglerRunner,
  PROJECT_ROOT,
  WRANGLER_ENVIRONMENT,
  WRANGLER_SCRIPT,
} from "./wrangler.ts";

/** Bindings of the Worker's D1 databases. */
const DATABASE_BINDING = /^DB(_\d+)?$/;
const START_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 15_000;
const POLL_MS = 150;
/** Lines of output that are shown when the Worker does not start. */
const TAIL_LINES = 25;

/** Where and how to run it. */
export interface LocalWorkerOptions {
  /** Port to listen on, on 127.0.0.1. */
  readonly port: number;
  /** Directory that holds everything it stores. */
  readonly persistTo: string;
  /** File with its secrets, relative to the project; a .dev.vars is then left unread. */
  readonly envFile: string;
}

/** A Worker that answers. */
export interface LocalWorker {
  /** Origin, without a slash at the end. */
  readonly url: string;
  /** File with everything Wrangler and the Worker printed. */
  readonly logFile: string;
  /** Settles when it has ended, however that came about. */
  readonly ended: Promise<void>;
  /** Ends it and everything it started. Safe to repeat. */
  stop(): Promise<void>;
}

/**
 * Applies the migrations to every local database.
 * @param flags - further flags for Wrangler, such as `--persist-to DIR`
 * @throws Error with Wrangler's output if they cannot be applied
 */
export async function applyLocalMigrations(
  flags: readonly string[],
  run: WranglerRunner = runWrangler,
): Promise<void> {
  for (const binding of await databaseBindings(flags)) {
    const result = await run(["d1", "migrations", "apply", binding, "--local", ...flags]);
    if (result.exitCode !== 0) {
      throw new Error(
        `the migrations could not be applied to the local database:\n${result.stdout}\n${result.stderr}`,
      );
    }
  }
}

/** The databases of the Wrangler file that the flags name, or of the usual one. */
async function databaseBindings(flags: readonly string[]): Promise<string[]> {
  const named = flags[flags.indexOf("--config") + 1];
  const file = flags.includes("--config") && named !== undefined ? named : "wrangler.toml";
  // Of another kind of file we cannot say more than that there is one.
  if (!file.endsWith(".toml")) return ["DB"];
  const { databases } = readRequirements(await readFile(resolve(PROJECT_ROOT, file), "utf8"), file);
  return databases.map(({ binding }) => binding).filter((binding) => DATABASE_BINDING.test(binding));
}

/**
 * Starts a Worker and waits until `GET /health` says it is well. Its database must have been migrated.
 * @throws Error with the end of its output if it ends or stays silent
 */
export async function startLocalWorker(options: LocalWorkerOptions): Promise<LocalWorker> {
  const url = `http://127.0.0.1:${options.port}`;
  const logFile = join(options.persistTo, "wrangler.log");
  const flags = [
    ["--port", String(options.port)],
    ["--ip", "127.0.0.1"],
    ["--inspector-port", "0"],
    ["--persist-to", options.persistTo],
    ["--env-file", options.envFile],
    ["--show-interactive-dev-session", "false"],
  ].flat();
  const child = execa(process.execPath, [WRANGLER_SCRIPT, "dev", ...flags], {
    cwd: PROJECT_ROOT,
    env: {
      ...WRANGLER_ENVIRONMENT,
      FORCE_COLOR: "0",
      // Workers under development on one machine find each other by this; ours is to be found by nobody.
      WRANGLER_REGISTRY_PATH: join(options.persistTo, "registry"),
    },
    stdin: "ignore",
    all: true,
    buffer: false,
    reject: false,
    // Wrangler ends the runtime when asked to; killed outright it could not, so it is given time first.
    forceKillAfterDelay: STOP_TIMEOUT_MS,
  });
  const ended = child.then(() => undefined);
  const tail = keepTail(child.all, logFile);
  const stop = () => {
    child.kill("SIGTERM");
    return ended;
  };
  try {
    await untilHealthy(url, ended);
  } catch (error) {
    await stop();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`the local Worker did not start: ${reason}\n${tail().join("\n")}`, { cause: error });
  }
  return { url, logFile, stop, ended };
}

function keepTail(output: Readable, logFile: string): () => string[] {
  let text = "";
  const log = createWriteStream(logFile);
  output.setEncoding("utf8");
  output.on("data", (chunk: string) => {
    log.write(chunk);
    text = (text + chunk).slice(-16_384);
  });
  output.on("end", () => log.end());
  return () => text.trimEnd().split("\n").slice(-TAIL_LINES);
}

async function untilHealthy(url: string, ended: Promise<void>): Promise<void> {
  let isEnded = false;
  const noteEnd = async () => {
    await ended;
    isEnded = true;
  };
  void noteEnd();
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  let last = "no answer";
  while (Date.now() < deadlineMs) {
    if (isEnded) throw new Error("Wrangler ended");
    try {
      // oxlint-disable-next-line no-await-in-loop -- each look follows the one before
      const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5_000) });
      if (response.ok) return;
      last = `GET /health answered ${response.status}`;
    } catch {
      last = "no answer";
    }
    // oxlint-disable-next-line no-await-in-loop -- each look follows the one before
    await sleep(POLL_MS);
  }
  throw new Error(`${last} within ${START_TIMEOUT_MS / 1_000} s`);
}
