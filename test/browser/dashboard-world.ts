/**
 * A Worker with something to show: a week of simulated attackers, thousands of identities of which only the address is
 * known, and a dead letter whose reason is gone. The last two are put into its database before it starts.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import getPort from "get-port";
import { AttributionClient } from "../../src/cli/client.ts";
import { applyLocalMigrations, startLocalWorker } from "../../src/cli/local-worker.ts";
import { registerAttackers, sendSessions } from "../../src/cli/play.ts";
import { runWrangler } from "../../src/cli/wrangler.ts";
import { castAttackers, SCENARIOS, simulate } from "../../src/simulate/index.ts";
import type { Scenario } from "../../src/simulate/scenario.ts";

/** Identities without a state. */
export const MANY = 5_000;
/** The attacker that the dead letter is about. */
export const LETTER_ATTACKER = "1b4e28ba-2fa1-4d2c-883f-0016d3cca427";

/** An observation, as a sensor sends it. */
export function observation(attackerUuid: string, primitive: string, value: unknown, ts: number, n: number) {
  return {
    v: 1,
    id: `browser-${n}`,
    attacker_uuid: attackerUuid,
    primitive,
    value,
    confidence: 0.9,
    window: { start_ts: ts - 10, end_ts: ts },
    source: "browser-test",
    evidence_ref: `browser:${n}`,
    ts,
  };
}

/** What a Worker has to show besides the dead letter. */
export interface WorldOptions {
  /** Identities of which only the address is known. */
  readonly many?: number;
  /** What its simulated attackers do; all scenarios, unless others are given. */
  readonly scenarios?: readonly Scenario[];
}

/** Starts a Worker that has it all stored, applied and published. */
export async function startWorld({ many = MANY, scenarios = SCENARIOS }: WorldOptions = {}) {
  const directory = await mkdtemp(join(tmpdir(), "dashboard-test-"));
  await applyLocalMigrations(["--persist-to", directory]);
  await seed(directory, many);
  const port = await getPort({ host: "127.0.0.1" });
  const worker = await startLocalWorker({ port, persistTo: directory, envFile: ".dev.vars.example" });
  const client = new AttributionClient({
    url: worker.url,
    ingestToken: "dev-ingest-token",
    readToken: "dev-read-token",
  });
  const attackers = scenarios.length === 0 ? [] : await simulated(client, scenarios);
  return {
    url: worker.url,
    client,
    attackers,
    async stop() {
      await worker.stop();
      await rm(directory, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;

/** Attackers of whom all sessions have been sent and applied. */
async function simulated(client: AttributionClient, scenarios: readonly Scenario[]) {
  const options = { seed: 1, endTs: Math.floor(Date.now() / 1_000), scenarios };
  const attackers = castAttackers(options);
  const sessions = [...simulate(options)];
  await registerAttackers(client, attackers);
  await sendSessions(client, sessions, 100);
  const expectedObservations = sessions.reduce((sum, { events }) => sum + events.length, 0);
  const { applied, message } = await client.waitUntilApplied({ expectedObservations });
  if (!applied) throw new Error(`the sessions must have been applied: ${message}`);
  return attackers;
}

async function seed(directory: string, many: number): Promise<void> {
  const letter = JSON.stringify(
    observation(LETTER_ATTACKER, "toolchain.ssh.hassh_client", "abc", 1_714_000_000, 0),
  );
  const file = join(directory, "seed.sql");
  await writeFile(
    file,
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${many})
     INSERT INTO attackers (uuid, identity_uuid, link_version, ip, first_seen_ts, last_seen_ts)
     SELECT printf('aaaaaaaa-0000-4000-8000-%012d', i), printf('feedfeed-0000-4000-8000-%012d', i), 1,
       printf('198.18.%d.%d', i / 256, i % 256), 1600000000 + i, 1600000000 + i FROM n WHERE ${many} > 0;
     INSERT INTO dead_letters (id, code, field, detail, attempts, received_ts, body, body_bytes)
     VALUES ('letter-1', 'exhausted', '', 'D1 did not answer.', 20, 1714000000, '${letter}', ${letter.length});`,
  );
  const flags = ["--local", "--persist-to", directory, "--file", file, "--yes"];
  const result = await runWrangler(["d1", "execute", "DB", ...flags]);
  if (result.exitCode !== 0) throw new Error(`the seed must go in:\n${result.stdout}\n${result.stderr}`);
}
