/**
 * `npm run simulate`: writes labelled synthetic sessions as NDJSON, one `{ "events": [ … ] }` per line, or sends them to a
 * Worker. The same seed and end give the same bytes. `src/simulate` makes the sessions.
 */
import { createWriteStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import Table from "cli-table3";
import { Command, InvalidArgumentError, Option } from "commander";
import {
  castAttackers,
  findScenario,
  SCENARIOS,
  simulate,
  type SimulatedAttacker,
  type SimulationOptions,
} from "../simulate/index.ts";
import { AttributionClient } from "./client.ts";
import { runCommand } from "./command.ts";
import { registerAttackers, sendSessions } from "./play.ts";

const EVENTS_PER_REQUEST = 1_000;
/** Maximum number of refusals printed. */
const REFUSALS_SHOWN = 10;

interface SimulateFlags {
  readonly identities?: number;
  readonly sessions?: number;
  readonly seed: number;
  readonly scenario?: string;
  readonly end: number;
  readonly out?: string;
  readonly labels?: string;
  readonly url?: string;
  readonly token: string;
}

/** Defines the command line. @param nowTs - default of `--end`, epoch seconds */
function simulateCommand(nowTs: number): Command {
  return new Command("simulate")
    .description(
      "Labelled synthetic sessions: written as NDJSON (one { events } per line), or sent to a Worker.",
    )
    .option(
      "--identities <n>",
      "number of attackers; they take the scenarios in turn (default: one per scenario)",
      wholeNumber,
    )
    .option("--sessions <n>", "sessions per attacker (default: the number of its scenario)", wholeNumber)
    .option("--seed <s>", "seed of the random numbers, 0 to 4294967295", wholeNumber, 1)
    .addOption(
      new Option("--scenario <name>", "only this scenario").choices(SCENARIOS.map(({ name }) => name)),
    )
    .addOption(
      new Option("--end <time>", "no session ends later: epoch seconds or an ISO 8601 time")
        .argParser(parseTime)
        .default(nowTs, "now"),
    )
    .addOption(
      new Option(
        "--out <file>",
        "output file (default: standard output; then use npm run --silent)",
      ).conflicts("url"),
    )
    .option("--labels <file>", "file for labels as NDJSON: scenario and expected states of each attacker")
    .option("--url <url>", "send to the Worker at this origin, e.g. http://localhost:8787")
    .addOption(
      new Option("--token <token>", "bearer token that may send (scope ingest)")
        .env("ATTRIBUTION_INGEST_TOKEN")
        .default("dev-ingest-token"),
    )
    .addHelpText("after", `\nScenarios:\n${describeScenarios()}`);
}

/** One line of the labels file: scenario and expected states of one attacker. */
function labelOf(attacker: SimulatedAttacker): Record<string, unknown> {
  const { scenario, isComplete } = attacker;
  return {
    attacker_uuid: attacker.attackerUuid,
    address: attacker.address,
    scenario: scenario.name,
    sessions: attacker.sessions,
    // With another number of sessions the states may differ.
    expected_states: isComplete ? scenario.expected : null,
    expected_suspicion: isComplete ? scenario.isSuspected : null,
  };
}

async function main(args: readonly string[]): Promise<number> {
  const command = simulateCommand(Math.floor(Date.now() / 1_000));
  const flags = command.parse([...args], { from: "user" }).opts<SimulateFlags>();
  const scenario = flags.scenario === undefined ? null : findScenario(flags.scenario);
  const options: SimulationOptions = {
    seed: flags.seed,
    endTs: flags.end,
    ...(flags.identities === undefined ? {} : { identities: flags.identities }),
    ...(flags.sessions === undefined ? {} : { sessions: flags.sessions }),
    ...(scenario === null ? {} : { scenarios: [scenario] }),
  };
  const attackers = castAttackers(options);
  if (flags.labels !== undefined) {
    await writeFile(flags.labels, attackers.map((each) => `${JSON.stringify(labelOf(each))}\n`).join(""));
  }
  const exitCode =
    flags.url === undefined
      ? await write(options, flags.out)
      : await send(options, attackers, flags.url, flags.token);
  console.error(renderSummary(attackers));
  console.error(`Seed ${flags.seed}, end ${flags.end}: the same seed and end give the same sessions again.`);
  return exitCode;
}

async function write(options: SimulationOptions, file: string | undefined): Promise<number> {
  const lines = Readable.from(ndjson(options));
  if (file === undefined) await pipeline(lines, process.stdout, { end: false });
  else await pipeline(lines, createWriteStream(file));
  return 0;
}

function* ndjson(options: SimulationOptions): Generator<string> {
  for (const { events } of simulate(options)) yield `${JSON.stringify({ events })}\n`;
}

async function send(
  options: SimulationOptions,
  attackers: readonly SimulatedAttacker[],
  url: string,
  token: string,
): Promise<number> {
  const client = new AttributionClient({ url, ingestToken: token, readToken: token });
  await registerAttackers(client, attackers);
  const sent = await sendSessions(client, simulate(options), EVENTS_PER_REQUEST);
  console.error(
    `Sent ${sent.sessions} sessions to ${url}: ${sent.accepted} observations accepted, ${sent.refused.length} refused.`,
  );
  for (const refusal of sent.refused.slice(0, REFUSALS_SHOWN))
    console.error(`  ${refusal.code}: ${refusal.detail}`);
  return sent.refused.length === 0 ? 0 : 1;
}

function renderSummary(attackers: readonly SimulatedAttacker[]): string {
  const table = new Table({
    head: ["scenario", "attackers", "sessions"],
    colAligns: ["left", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
  for (const { name } of SCENARIOS) {
    const playing = attackers.filter(({ scenario }) => scenario.name === name);
    const sessions = playing.reduce((sum, each) => sum + each.sessions, 0);
    if (playing.length > 0) table.push([name, playing.length, sessions]);
  }
  return table.toString();
}

function describeScenarios(): string {
  const width = Math.max(...SCENARIOS.map(({ name }) => name.length));
  return SCENARIOS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join("\n");
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

function parseTime(text: string): number {
  const ts = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text) / 1_000;
  if (!Number.isFinite(ts)) throw new InvalidArgumentError("It must be epoch seconds or an ISO 8601 time.");
  if (ts > 1e11) throw new InvalidArgumentError("It must be in seconds; this looks like milliseconds.");
  return ts;
}

if (import.meta.main) await runCommand(main);
