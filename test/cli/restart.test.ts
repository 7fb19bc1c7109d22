/**
 * [§4] A Worker that is killed during its work, started again and sent everything once more has the same result as one that
 * was not disturbed.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import getPort from "get-port";
import { afterEach, expect, it } from "vitest";
import { AttributionClient } from "../../src/cli/client.ts";
import { castAttackers, simulate } from "../../src/simulate/index.ts";
import { type Running, start } from "./running.ts";

const OPTIONS = { seed: 7, identities: 36, endTs: Math.floor(Date.now() / 1_000) - 3_600 };
const BATCH = 100;

const started: { running: Running; directory: string }[] = [];

afterEach(async () => {
  for (const { running, directory } of started.splice(0)) {
    running.destroy();
    await running.ended;
    await rm(directory, { recursive: true, force: true });
  }
});

async function run(directory: string) {
  const port = await getPort();
  const running = start("src/cli/dev.ts", [
    "--port",
    String(port),
    "--persist-to",
    directory,
    "--env-file",
    ".dev.vars.example",
    "--inspector-port",
    "0",
  ]);
  started.push({ running, directory });
  await running.until(/Ready on/);
  const client = new AttributionClient({
    url: `http://localhost:${port}`,
    ingestToken: "dev-ingest-token",
    readToken: "dev-read-token",
  });
  return { running, client };
}

const attackers = castAttackers(OPTIONS).map(({ attackerUuid }) => attackerUuid);
const events = [...simulate(OPTIONS)].flatMap((session) => session.events);

async function send(client: AttributionClient, list: readonly unknown[]): Promise<void> {
  for (let i = 0; i < list.length; i += BATCH) await client.sendEvents(list.slice(i, i + BATCH));
}

async function end(client: AttributionClient) {
  const rest = await client.waitUntilApplied({ expectedObservations: events.length });
  expect(rest.message, rest.message).toBeTruthy();
  expect(rest.applied).toBe(true);
  const states = await Promise.all(attackers.map((uuid) => client.attribution(uuid)));
  // The time of a change depends on the arrival, so the crash changes it.
  return {
    observations: rest.stats.observations,
    states: states.map((answer) => ({
      ...answer,
      primitives: answer?.primitives.map(({ last_change_ts: _, ...state }) => state),
    })),
  };
}

it("[§4] after a kill, a restart and a second sending the result is that of an undisturbed run", async () => {
  const undisturbed = await run(await mkdtemp(join(tmpdir(), "attribution-undisturbed-")));
  await send(undisturbed.client, events);
  const expected = await end(undisturbed.client);
  expect(expected.observations).toBe(events.length);
  undisturbed.running.destroy();

  const directory = await mkdtemp(join(tmpdir(), "attribution-killed-"));
  const first = await run(directory);
  await send(first.client, events.slice(0, Math.floor(events.length / 2)));
  // Some messages are still queued in memory, some are stored, some are applied.
  first.running.destroy();
  await first.running.ended;
  const second = await run(directory);
  await send(second.client, events);
  expect(await end(second.client)).toEqual(expected);
}, 240_000);
