/**
 * Runs a command of this project as a user does, in its own process group, so that a test can check whether a process that
 * it started is still running.
 */
import { execa } from "execa";

/** The result of a command. */
export interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

/** A running command. */
export interface Running {
  /** Resolves once the output matches. Rejects, with the output, if the command ends first. */
  until(pattern: RegExp): Promise<void>;
  /** Sends a signal to the command alone. */
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
  /** Whether any process of the group is left. */
  isAnyoneLeft(): boolean;
  /** Ends the remaining processes, after a failed test. */
  destroy(): void;
}

/** Runs `node SCRIPT ARGS` in the project, with further environment variables. */
export function start(script: string, args: readonly string[], env: Record<string, string> = {}): Running {
  const child = execa(process.execPath, [script, ...args], {
    env,
    stdin: "ignore",
    all: true,
    buffer: false,
    reject: false,
    detached: true,
    cleanup: false,
  });
  let output = "";
  child.all.setEncoding("utf8");
  child.all.on("data", (chunk: string) => {
    output += chunk;
  });
  const group = -(child.pid ?? Number.NaN);
  const isAnyoneLeft = () => {
    try {
      return process.kill(group, 0);
    } catch {
      return false;
    }
  };
  return {
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (pattern.test(output)) resolve();
        };
        child.all.on("data", look);
        child.all.on("end", () => reject(new Error(`ended without ${pattern}:\n${output}`)));
        look();
      }),
    kill: (signal) => {
      child.kill(signal);
    },
    ended: child.then(({ exitCode }) => ({ exitCode: exitCode ?? null, output })),
    isAnyoneLeft,
    destroy: () => {
      if (isAnyoneLeft()) process.kill(group, "SIGKILL");
    },
  };
}
