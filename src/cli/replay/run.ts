/**
 * A whole replay: it reads, sends, waits and reports. It writes to the given output, so that tests can read it.
 * `../replay.ts` is the command line.
 */
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type AlgorithmLists, readHasshTable } from "../../sensor/index.ts";
import { AttributionClient } from "../client.ts";
import type { Format } from "./format.ts";
import { type LineProblem, readOutgoing } from "./outgoing.ts";
import { type ProgressStream, showProgress } from "./progress.ts";
import {
  describeProblems,
  describeRefusals,
  describeSent,
  describeStates,
  describeStored,
} from "./report.ts";
import { Sender } from "./sender.ts";

/** What to replay, and to which Worker. */
export interface ReplayOptions {
  readonly files: readonly string[];
  readonly url: string;
  /** Token with the scope `ingest`. */
  readonly token: string;
  /** Token with the scope `read`. */
  readonly readToken: string;
  /** The format of all files, or null to detect it. */
  readonly format: Format | null;
  /** Speed relative to the log, > 0, or null for as fast as possible. */
  readonly speed: number | null;
  /** Name of the sensor for logs that have none, or null to derive it from the name of the file. */
  readonly sensor: string | null;
  /** Path of a HASSH table, or null to look for one in the directory of the first log. */
  readonly hasshAlgorithms: string | null;
  /** Salts the hashes of the words of commands, or null to send no words. */
  readonly wordSecret: string | null;
  /** Maximum number of retries of a request, 0 or more. */
  readonly retries: number;
  /** Seconds without a change of the counters after which everything sent counts as applied, ≥ 0. */
  readonly settleSecs: number;
}

/** Where a replay writes to. */
interface ReplayOutput {
  /** For the result. */
  readonly print: (text: string) => void;
  /** For problems. */
  readonly complain: (text: string) => void;
  readonly progress: ProgressStream;
  readonly color: boolean;
}

/** Name of the HASSH table in the directory of the first log. */
export const HASSH_TABLE_NAME = "hassh-algorithms.json";
const PROBLEMS_KEPT = 100;
/** The same in ms, once the counter shows that all observations are stored: only events remain to be published. */
const SETTLED_MS = 2_000;
/** Maximum time between two reads of the counters, ms. */
const POLL_MS = 500;

/** Replays logs.
 * @returns whether everything was readable, was accepted and is applied
 * @throws Error naming the file that cannot be read; ClientError naming the request that failed permanently
 */
export async function runReplay(options: ReplayOptions, output: ReplayOutput): Promise<boolean> {
  const { files } = options;
  const sizes = await Promise.all(files.map((file) => sizeOf(file)));
  const totalBytes = sizes.reduce((sum, size) => sum + size, 0);
  const hasshTable = await findHasshTable(options.hasshAlgorithms, files);
  const progress = files.map(() => ({ bytesRead: 0 }));
  const display = showProgress(totalBytes, output.progress);
  const client = new AttributionClient({
    url: options.url,
    ingestToken: options.token,
    readToken: options.readToken,
    retryLimit: options.retries,
    onRetry: (message) => display.note(message),
  });
  const sender = new Sender(client, options.speed);
  const show = (bytesRead: number) =>
    display.update({ bytesRead, sessions: sender.totals.sessions, observations: sender.totals.accepted });
  const problems: LineProblem[] = [];
  let problemCount = 0;
  let isGood = true;
  const complain = (heading: string, lines: readonly string[]) => {
    if (lines.length === 0) return;
    isGood = false;
    output.complain([heading, ...lines.map((line) => `  ${line}`)].join("\n"));
  };
  const beginMs = Date.now();
  try {
    const before = await client.stats();
    const outgoing = readOutgoing({
      files,
      format: options.format,
      sensorName: options.sensor,
      hasshTable,
      wordSecret: options.wordSecret,
      progress,
      onProblem: (problem) => {
        problemCount += 1;
        if (problems.length < PROBLEMS_KEPT) problems.push(problem);
      },
    });
    for await (const each of outgoing) {
      await sender.add(each);
      show(progress.reduce((sum, file) => sum + file.bytesRead, 0));
    }
    await sender.flush();
    show(totalBytes);
    display.stop();
    output.print(describeSent(sender.totals, sender.attackers.size, Date.now() - beginMs));
    complain(`${problemCount} lines could not be read:`, describeProblems(problems, problemCount));
    complain(`${sender.totals.refused} observations were refused:`, describeRefusals(sender.totals));

    const rest = await client.waitUntilApplied({
      expectedObservations: before.observations + sender.totals.accepted,
      quietMs: options.settleSecs * 1_000,
      pollMs: Math.min(Math.max(options.settleSecs * 1_000, 10), POLL_MS),
      settledMs: Math.min(options.settleSecs * 1_000, SETTLED_MS),
    });
    output.print(describeStored(sender.totals.accepted, rest.stats.observations - before.observations));
    if (!rest.applied) complain("Not everything is applied:", [rest.message]);
    const dead = countOf(rest.stats.dead_letters) - countOf(before.dead_letters);
    if (dead > 0) complain("Dead letters since the beginning:", [`${dead}; see GET /api/v1/dead-letters`]);
    output.print(await describeStates(client, rest.stats, sender.attackers, { color: output.color }));
    return isGood;
  } finally {
    display.stop();
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** The requested table, or else the one in the directory of the first log, or else an empty one. */
async function findHasshTable(
  asked: string | null,
  files: readonly string[],
): Promise<ReadonlyMap<string, AlgorithmLists>> {
  const path = asked ?? join(dirname(files[0] ?? "."), HASSH_TABLE_NAME);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (asked === null) return new Map();
    throw unreadable(path, error);
  }
  try {
    return readHasshTable(JSON.parse(text));
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function unreadable(path: string, cause: unknown): Error {
  return new Error(`cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });
}

function countOf(counts: Readonly<Record<string, number>> | undefined): number {
  return Object.values(counts ?? {}).reduce((sum, count) => sum + count, 0);
}
