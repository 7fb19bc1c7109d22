/**
 * `npm run replay`: reads honeypot logs, derives observations, sends them to a Worker and shows the resulting states. This
 * file is the command line; `replay/` does the work and `src/sensor` reads the logs.
 */
import { Command, InvalidArgumentError, Option } from "commander";
import { isKeyName } from "../sensor/index.ts";
import { type Format, FORMATS } from "./replay/format.ts";
import { HASSH_TABLE_NAME, runReplay } from "./replay/run.ts";
import { localWordSecret } from "./replay/word-secret.ts";

interface Options {
  readonly url: string;
  readonly token: string;
  readonly readToken: string;
  readonly format?: Format;
  readonly speed: number | null;
  readonly sensor?: string;
  readonly hasshAlgorithms?: string;
  readonly wordSecret?: string;
  readonly retries: number;
  readonly settle: number;
}

const program = new Command("replay")
  .description(
    "Reads honeypot logs (plain or gzip), derives observations, sends them to a running Worker, waits until they are\napplied and shows the resulting states. Sending the same log twice changes nothing.",
  )
  .argument("<file...>", "Cowrie logs, terminal recordings or NDJSON of observations, oldest first")
  .addOption(
    new Option("--url <url>", "origin of the Worker")
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
    new Option(
      "--format <format>",
      "format of all files (default: detected from the first line of each)",
    ).choices(FORMATS),
  )
  .option(
    "--speed <n|max>",
    "send n times as fast as the sessions happened, or as fast as possible",
    parseSpeed,
    null,
  )
  .option(
    "--sensor <name>",
    "name of the sensor if the log has none (default: the name of the file)",
    parseSensor,
  )
  .option(
    "--hassh-algorithms <file>",
    `JSON table from HASSH to algorithm lists, for logs that hold only the hash (default: ${HASSH_TABLE_NAME} in the directory of the first log)`,
  )
  .addOption(
    new Option(
      "--word-secret <secret>",
      "salts the hashes of the first words of commands (default: that of .dev.vars for a local Worker; without one no words are sent)",
    ).env("WORD_SECRET"),
  )
  .option("--retries <n>", "how often to repeat a request after 429, 5xx or no answer", parseRetries, 8)
  .option(
    "--settle <secs>",
    "seconds without a change of the counters after which everything sent counts as applied",
    parseSettle,
    6,
  )
  .addHelpText(
    "after",
    `
Examples:
  npm run replay -- cowrie.json.2026-03-22 cowrie.json
  npm run replay -- --format tty recordings.ndjson.gz
  npm run replay -- --speed 3600 --url https://attribution.example.workers.dev --token … --read-token … cowrie.json

The exit code is 0 if everything was accepted and applied, else 1.`,
  );

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

function parseSettle(value: string): number {
  const secs = Number(value);
  if (Number.isFinite(secs) && secs >= 0) return secs;
  throw new InvalidArgumentError("It must be a number of seconds from 0.");
}

function parseSensor(value: string): string {
  if (isKeyName(value)) return value;
  throw new InvalidArgumentError("It must be 1 to 128 letters, digits and . _ : -");
}

program.parse();
const { format, sensor, hasshAlgorithms, wordSecret, settle, ...rest } = program.opts<Options>();
try {
  const isGood = await runReplay(
    {
      ...rest,
      files: program.args,
      format: format ?? null,
      sensor: sensor ?? null,
      hasshAlgorithms: hasshAlgorithms ?? null,
      wordSecret: wordSecret ?? localWordSecret(rest.url),
      settleSecs: settle,
    },
    {
      print: (text) => console.log(text),
      complain: (text) => console.error(text),
      progress: process.stderr,
      color: process.stdout.isTTY && process.stdout.hasColors(),
    },
  );
  process.exitCode = isGood ? 0 : 1;
} catch (error) {
  console.error(`replay: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
