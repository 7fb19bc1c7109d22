/**
 * Runs a local Worker: migrates its database, starts `wrangler dev`, and ends it, so that no runtime process remains.
 * `client.ts` sends requests to the Worker.
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
/** Lines of output that are shown if the Worker does not start. */
const TAIL_LINES = 25;

/** How to run the Worker. */
interface LocalWorkerOptions {
  /** Port to listen on, on 127.0.0.1. */
  readonly port: number;
  /** Directory for all stored data. */
  readonly persistTo: string;
  /** File with its secrets, relative to the project. It is read instead of .dev.vars. */
  readonly envFile: string;
}

/** A running Worker. */
export interface LocalWorker {
  /** Origin, without a slash at the end. */
  readonly url: string;
  /** File with the output of Wrangler and the Worker. */
  readonly logFile: string;
  /** Resolves when it has ended, for any reason. */
  readonly ended: Promise<void>;
  /** Ends it and all processes that it started. Safe to repeat. */
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

/** The databases of the Wrangler file that the flags name, or else of `wrangler.toml`. */
async function databaseBindings(flags: readonly string[]): Promise<string[]> {
  const named = flags[flags.indexOf("--config") + 1];
  const file = flags.includes("--config") && named !== undefined ? named : "wrangler.toml";
  // Files of another format are not read; every configuration has at least this database.
  if (!file.endsWith(".toml")) return ["DB"];
  const { databases } = readRequirements(await readFile(resolve(PROJECT_ROOT, file), "utf8"), file);
  return databases.map(({ binding }) => binding).filter((binding) => DATABASE_BINDING.test(binding));
}

/**
 * Starts a Worker and waits until `GET /health` answers 200. Its database must have been migrated before.
 * @throws Error with the last lines of its output if it ends or does not answer in time
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
      // Local Workers find each other through this registry. A separate directory isolates this Worker.
      WRANGLER_REGISTRY_PATH: join(options.persistTo, "registry"),
    },
    stdin: "ignore",
    all: true,
    buffer: false,
    reject: false,
    // Wrangler ends the runtime process when it gets a signal. A kill would prevent that, so there is time before it.
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
      // oxlint-disable-next-line no-await-in-loop -- one request at a time
      const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5_000) });
      if (response.ok) return;
      last = `GET /health answered ${response.status}`;
    } catch {
      last = "no answer";
    }
    // oxlint-disable-next-line no-await-in-loop -- one request at a time
    await sleep(POLL_MS);
  }
  throw new Error(`${last} within ${START_TIMEOUT_MS / 1_000} s`);
}
