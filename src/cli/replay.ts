/**
 * `npm run replay`: reads honeypot logs, derives observations, sends them to a Worker and shows the states that result.
 * The parts are in `replay/`; what a log tells is in `src/sensor`.
 */
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { type AlgorithmLists, isKeyName, readHasshTable } from "../sensor/index.ts";
import { AttributionClient } from "./client.ts";
import { type Format, FORMATS } from "./replay/format.ts";
import { type LineProblem, readOutgoing } from "./replay/outgoing.ts";
import { showProgress } from "./replay/progress.ts";
import { describeProblems, describeRefusals, describeSent, describeStates } from "./replay/report.ts";
import { Sender } from "./replay/sender.ts";

interface Options {
  readonly url: string;
  readonly token: string;
  readonly readToken: string;
  readonly format?: Format;
  readonly speed: number | null;
  readonly sensor?: string;
  readonly hasshAlgorithms?: string;
  readonly retries: number;
}

const HASSH_TABLE_NAME = "hassh-algorithms.json";
const PROBLEMS_KEPT = 100;

const program = new Command("replay")
  .description(
    "Reads honeypot logs (plain or gzip), derives observations, sends them to a running Worker, waits until they are\napplied and shows the resulting states. Sending the same log twice changes nothing.",
  )
  .argument("<file...>", "Cowrie logs, terminal recordings or NDJSON of observations, in order of time")
  .addOption(
    new Option("--url <url>", "where the Worker is")
      .env("ATTRIBUTION_URL")
      .default("http://localhost:8787")
      .argParser(parseUrl),
  )
  .addOption(
    new Option("--token <token>", "bearer token that may send (scope ingest)")
      .env("ATTRIBUTION_INGEST_TOKEN")
      .default("dev-ingest-token"),
  )
  .addOption(
    new Option("--read-token <token>", "bearer token that may read (scope read)")
      .env("ATTRIBUTION_READ_TOKEN")
      .default("dev-read-token"),
  )
  .addOption(
    new Option("--format <format>", "kind of every file (default: told from its first line)").choices(
      FORMATS,
    ),
  )
  .option("--speed <n|max>", "n times as fast as it happened, or as fast as possible", parseSpeed, null)
  .option(
    "--sensor <name>",
    "what to call the sensor of logs that do not say (default: the file's name)",
    parseSensor,
  )
  .option(
    "--hassh-algorithms <file>",
    `JSON table from HASSH to algorithm lists, for logs that keep only the hash (default: a ${HASSH_TABLE_NAME} beside the first log)`,
  )
  .option("--retries <n>", "how often to repeat a request that met 429, 5xx or no answer", parseRetries, 8)
  .addHelpText(
    "after",
    `
Examples:
  npm run replay -- cowrie.json.2026-03-22 cowrie.json
  npm run replay -- --format tty recordings.ndjson.gz
  npm run replay -- --speed 3600 --url https://attribution.example.workers.dev --token … --read-token … cowrie.json

The exit code is 0 if everything was accepted and applied, else 1.`,
  );

/** Runs the command; the exit code is left in `process.exitCode`. */
async function main(): Promise<void> {
  program.parse();
  const options = program.opts<Options>();
  const files = program.args;
  const sizes = await Promise.all(files.map((file) => sizeOf(file)));
  const hasshTable = await findHasshTable(options.hasshAlgorithms, files);
  const progress = files.map(() => ({ bytesRead: 0 }));
  const problems: LineProblem[] = [];
  let problemCount = 0;
  const display = showProgress(
    sizes.reduce((sum, size) => sum + size, 0),
    process.stderr,
  );
  const client = new AttributionClient({
    url: options.url,
    ingestToken: options.token,
    readToken: options.readToken,
    retryLimit: options.retries,
    onRetry: (message) => display.note(message),
  });
  const sender = new Sender(client, options.speed);
  const beginMs = Date.now();
  try {
    const before = await client.stats();
    const outgoing = readOutgoing({
      files,
      format: options.format ?? null,
      sensorName: options.sensor ?? null,
      hasshTable,
      progress,
      onProblem: (problem) => {
        problemCount += 1;
        if (problems.length < PROBLEMS_KEPT) problems.push(problem);
      },
    });
    for await (const each of outgoing) {
      await sender.add(each);
      display.update({
        bytesRead: progress.reduce((sum, file) => sum + file.bytesRead, 0),
        sessions: sender.totals.sessions,
        observations: sender.totals.accepted,
      });
    }
    await sender.flush();
    display.update({
      bytesRead: sizes.reduce((sum, size) => sum + size, 0),
      sessions: sender.totals.sessions,
      observations: sender.totals.accepted,
    });
    display.stop();
    console.log(describeSent(sender.totals, sender.attackers.size, Date.now() - beginMs));
    complain(`${problemCount} lines could not be read:`, describeProblems(problems, problemCount));
    complain(`${sender.totals.refused} observations were refused:`, describeRefusals(sender.totals));

    const rest = await client.waitUntilApplied({
      expectedObservations: before.observations + sender.totals.accepted,
    });
    if (!rest.applied) complain("Not everything is applied:", [rest.message]);
    const dead = countOf(rest.stats.dead_letters) - countOf(before.dead_letters);
    if (dead > 0) complain("Dead letters since the beginning:", [`${dead}; see GET /api/v1/dead-letters`]);
    const color = process.stdout.isTTY && process.stdout.hasColors();
    console.log(await describeStates(client, rest.stats, sender.attackers, { color }));
  } finally {
    display.stop();
  }
}

function complain(heading: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  process.exitCode = 1;
  console.error([heading, ...lines.map((line) => `  ${line}`)].join("\n"));
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    throw new Error(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** The table that was asked for, or the one that lies beside the first log, or an empty one. */
async function findHasshTable(
  asked: string | undefined,
  files: readonly string[],
): Promise<ReadonlyMap<string, AlgorithmLists>> {
  const path = asked ?? join(dirname(files[0] ?? "."), HASSH_TABLE_NAME);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (asked === undefined) return new Map();
    throw new Error(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  try {
    return readHasshTable(JSON.parse(text));
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function countOf(counts: Readonly<Record<string, number>> | undefined): number {
  return Object.values(counts ?? {}).reduce((sum, count) => sum + count, 0);
}

function parseUrl(value: string): string {
  if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return value;
  throw new InvalidArgumentError("It must begin with http:// or https://.");
}

function parseSpeed(value: string): number | null {
  if (value === "max") return null;
  const speed = Number(value);
  if (Number.isFinite(speed) && speed > 0) return speed;
  throw new InvalidArgumentError('It must be a number above 0, or "max".');
}

function parseRetries(value: string): number {
  const retries = Number(value);
  if (Number.isInteger(retries) && retries >= 0) return retries;
  throw new InvalidArgumentError("It must be a whole number from 0.");
}

function parseSensor(value: string): string {
  if (isKeyName(value)) return value;
  throw new InvalidArgumentError("It must be 1 to 128 letters, digits and . _ : -");
}

try {
  await main();
} catch (error) {
  console.error(`replay: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
