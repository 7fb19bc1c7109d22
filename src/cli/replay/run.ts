/**
 * One replay from beginning to end: read, send, wait, report. Says what it says through the given output, so that it runs
 * the same in a test. Leaves the command line to `../replay.ts`.
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

/** What to replay, and where to. */
export interface ReplayOptions {
  readonly files: readonly string[];
  readonly url: string;
  /** Token with the scope `ingest`. */
  readonly token: string;
  /** Token with the scope `read`. */
  readonly readToken: string;
  /** The kind of every file, or null to tell it from its lines. */
  readonly format: Format | null;
  /** Times as fast as it happened, > 0, or null for as fast as possible. */
  readonly speed: number | null;
  /** What to call the sensor of logs that do not say, or null to take it from the file's name. */
  readonly sensor: string | null;
  /** A HASSH table, or null to look for one beside the first log. */
  readonly hasshAlgorithms: string | null;
  /** Retries of one request, 0 or more. */
  readonly retries: number;
  /** How long nothing may move before everything sent counts as applied, seconds, ≥ 0. */
  readonly settleSecs: number;
}

/** Where a replay speaks. */
export interface ReplayOutput {
  /** The result. */
  readonly print: (text: string) => void;
  /** What went wrong. */
  readonly complain: (text: string) => void;
  readonly progress: ProgressStream;
  readonly color: boolean;
}

/** The table that is looked for beside the first log. */
export const HASSH_TABLE_NAME = "hassh-algorithms.json";
const PROBLEMS_KEPT = 100;
/** How long nothing may move once the counter says that all is stored, ms: only events are left to be published. */
const SETTLED_MS = 2_000;
/** Time between two looks at the most, ms. */
const POLL_MS = 500;

/** Replays logs.
 * @returns whether everything could be read, was accepted and is applied
 * @throws Error naming the file that cannot be read; ClientError naming the request that failed for good
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

/** The table that was asked for, or the one that lies beside the first log, or an empty one. */
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
