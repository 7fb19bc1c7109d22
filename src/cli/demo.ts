/**
 * `npm run demo`: starts a local Worker with its own database, plays every scenario into it, shows the resulting states,
 * compares them with the expected ones, and keeps the Worker running. It removes the stored data at its end.
 */
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import getPort, { portNumbers } from "get-port";
import ky from "ky";
import { z } from "zod";
import { evidenceSchema } from "../evidence/wire.ts";
import { castAttackers, simulate, type SimulatedAttacker } from "../simulate/index.ts";
import { AttributionClient } from "./client.ts";
import { runCommand } from "./command.ts";
import { describeEvidence, type SeenEvidence } from "./demo-evidence.ts";
import { describeSeen, describeStories, findDisagreements, renderSeen, type Seen } from "./demo-verdict.ts";
import { onInterruption } from "./interruption.ts";
import { applyLocalMigrations, type LocalWorker, startLocalWorker } from "./local-worker.ts";
import { registerAttackers, sendSessions } from "./play.ts";

const READ_TOKEN = "dev-read-token";
const INGEST_TOKEN = "dev-ingest-token";
const ENV_FILE = ".dev.vars.example";
const SEED = 1;
/** Width in characters if the output is no terminal. */
const DEFAULT_COLUMNS = 120;
/** Exit code of a program that was interrupted (128 + SIGINT). */
const INTERRUPTED = 130;

const transitionsSchema = z.object({
  data: z.array(
    z.object({ type: z.string(), payload: z.looseObject({ primitives: z.array(z.string()).optional() }) }),
  ),
});

interface DemoFlags {
  readonly port?: number;
  readonly once?: boolean;
}

/** Reads the command line. */
export function demoCommand(): Command {
  return new Command("demo")
    .description(
      "Starts a local Worker, plays labelled sessions into it, shows the resulting states, keeps serving.",
    )
    .option("--port <n>", "port to listen on (default: 8787, or the next that is free)", parsePort)
    .option("--once", "end after the table instead of keeping the Worker running");
}

async function main(args: readonly string[]): Promise<number> {
  const flags = demoCommand()
    .parse([...args], { from: "user" })
    .opts<DemoFlags>();
  const directory = await mkdtemp(join(tmpdir(), "attribution-demo-"));
  let worker: LocalWorker | null = null;
  let isServing = false;
  const clear = () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  let isStopping = false;
  const interrupt = async () => {
    if (isStopping) return;
    isStopping = true;
    // Listeners of `exit` run in order, so the Worker has ended before its data is removed.
    process.once("exit", clear);
    await worker?.stop();
    process.exit(isServing ? 0 : INTERRUPTED);
  };
  onInterruption(() => void interrupt());

  try {
    const port = flags.port ?? (await getPort({ port: portNumbers(8_787, 8_887), host: "127.0.0.1" }));
    console.log("Making a database and starting a Worker …");
    await applyLocalMigrations(["--persist-to", directory]);
    worker = await startLocalWorker({ port, persistTo: directory, envFile: ENV_FILE });
    console.log(`The Worker answers at ${worker.url}.`);
    const isAsExpected = await show(worker.url);
    if (flags.once === true || !isAsExpected) return isAsExpected ? 0 : 1;
    isServing = true;
    console.log(
      `Its output        ${worker.logFile}\n\nServing until Ctrl-C; what it stored is then removed.`,
    );
    await worker.ended;
    if (!isStopping) console.error("The Worker ended by itself.");
    return 1;
  } finally {
    await worker?.stop();
    clear();
  }
}

/** Plays the scenarios and prints the resulting states. @returns whether they are the expected ones */
async function show(url: string): Promise<boolean> {
  const client = new AttributionClient({ url, ingestToken: INGEST_TOKEN, readToken: READ_TOKEN });
  const options = { seed: SEED, endTs: Math.floor(Date.now() / 1_000) };
  const attackers = castAttackers(options);
  const sessions = [...simulate(options)];
  const events = sessions.reduce((sum, session) => sum + session.events.length, 0);
  const style = {
    isColored: process.stdout.isTTY,
    columns: process.stdout.columns ?? DEFAULT_COLUMNS,
  };
  console.log(`\nA week of ${attackers.length} attackers\n${describeStories(attackers, style)}\n`);
  await registerAttackers(client, attackers);
  const sent = await sendSessions(client, sessions, 1);
  console.log(`Sent ${sent.sessions} sessions with ${sent.accepted} observations.`);
  for (const refusal of sent.refused) console.error(`  refused (${refusal.code}): ${refusal.detail}`);
  const waited = await client.waitUntilApplied({ expectedObservations: events });
  console.log(`The engine is ${waited.message}.\n`);

  const seen = await Promise.all(attackers.map((attacker) => look(client, url, attacker)));
  console.log(`${renderSeen(seen, style)}\n\n${describeSeen(seen, style)}\n`);
  console.log(`${describeEvidence(await Promise.all(seen.map((each) => readEvidence(url, each))))}\n`);
  const disagreements = findDisagreements(seen);
  if (sent.refused.length > 0) disagreements.push(`${sent.refused.length} observations were refused`);
  if (!waited.applied) disagreements.push(waited.message);
  if (disagreements.length > 0) {
    console.error(
      `This is not what the scenarios promise:\n${disagreements.map((each) => `  ${each}`).join("\n")}`,
    );
    return false;
  }
  console.log("All five states and a suspicion, as the scenarios promise.\n");
  const example = seen.find(({ suspected }) => suspected !== null) ?? seen[0];
  if (example !== undefined) console.log(await describeAccess(url, example));
  return true;
}

async function look(client: AttributionClient, url: string, attacker: SimulatedAttacker): Promise<Seen> {
  const attribution = await client.attribution(attacker.attackerUuid);
  const identityUuid = attribution?.identity_uuid ?? null;
  if (attribution === null || identityUuid === null) {
    throw new Error(`${attacker.scenario.name}: the Worker knows no identity of ${attacker.address}`);
  }
  const transitions = await read(`${url}/api/v1/identities/${identityUuid}/transitions?limit=1000`);
  const suspicion = transitionsSchema
    .parse(transitions)
    .data.findLast(({ type }) => type === "profile.multi_actor_suspected");
  return {
    attacker,
    identityUuid,
    primitives: attribution.primitives,
    suspected: suspicion?.payload.primitives ?? null,
  };
}

async function readEvidence(url: string, { attacker, identityUuid }: Seen): Promise<SeenEvidence> {
  const evidence = evidenceSchema.parse(await read(`${url}/api/v1/identities/${identityUuid}/evidence`));
  return { scenario: attacker.scenario.name, evidence };
}

async function read(url: string): Promise<unknown> {
  return ky.get(url, { headers: { authorization: `Bearer ${READ_TOKEN}` } }).json();
}

async function describeAccess(url: string, example: Seen): Promise<string> {
  const hasDashboard = (await fetch(`${url}/`)).ok;
  const get = (path: string) => `curl -s -H 'Authorization: Bearer ${READ_TOKEN}' ${url}/api/v1/${path}`;
  return [
    hasDashboard
      ? `Dashboard         ${url}/   (sign in with ${READ_TOKEN})`
      : `API               ${url}/api/v1/   (read with ${READ_TOKEN})`,
    `Read an attacker  ${get(`attackers/${example.attacker.attackerUuid}/attribution`)}`,
    `Read its history  ${get(`identities/${example.identityUuid}/transitions`)}`,
  ].join("\n");
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) {
    throw new InvalidArgumentError("It must be a whole number from 1 to 65535.");
  }
  return port;
}

if (import.meta.main) await runCommand(main);
