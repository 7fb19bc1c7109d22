/**
 * The plain port: the obvious first implementation. For each message it ensures the identity, stores the observation, loads
 * the whole series, runs the merger over it, compares and writes the state, and publishes a change. It uses D1 alone. Its
 * key makes a series one range of rows, and it shares parser and merger with the engine.
 */
import { readConfig } from "../config.ts";
import {
  merge,
  mergeKindIn,
  type Member,
  type Observation,
  parseMessage,
  stubIdentityUuid,
  registryOf,
} from "../core/index.ts";
import type { BenchEnv, Consumer } from "./env.ts";

const TABLES = [
  "CREATE TABLE IF NOT EXISTS attackers (uuid TEXT PRIMARY KEY, identity_uuid TEXT NOT NULL) WITHOUT ROWID",
  `CREATE TABLE IF NOT EXISTS observations (
     identity_uuid TEXT NOT NULL, primitive TEXT NOT NULL, evidence_ref TEXT NOT NULL, attacker_uuid TEXT NOT NULL,
     id TEXT NOT NULL, value TEXT NOT NULL, ts REAL NOT NULL, confidence REAL NOT NULL,
     window_start_ts REAL NOT NULL, window_end_ts REAL NOT NULL, source TEXT NOT NULL,
     PRIMARY KEY (identity_uuid, primitive, evidence_ref, attacker_uuid)
   ) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS states (
     identity_uuid TEXT NOT NULL, primitive TEXT NOT NULL, current_value TEXT NOT NULL, state TEXT NOT NULL,
     confidence REAL NOT NULL, observation_count INTEGER NOT NULL, last_change_ts REAL NOT NULL,
     last_observation_ts REAL NOT NULL, PRIMARY KEY (identity_uuid, primitive)
   ) WITHOUT ROWID`,
];

const ENSURE = "INSERT INTO attackers (uuid, identity_uuid) VALUES (?1, ?2) ON CONFLICT DO NOTHING";

const COLUMNS =
  "identity_uuid, primitive, evidence_ref, attacker_uuid, id, value, ts, confidence, window_start_ts, window_end_ts, source";

const UPSERT = `
INSERT INTO observations (${COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT DO UPDATE SET id = excluded.id, value = excluded.value, ts = excluded.ts, confidence = excluded.confidence,
  window_start_ts = excluded.window_start_ts, window_end_ts = excluded.window_end_ts, source = excluded.source
WHERE (excluded.ts, excluded.id, excluded.value) > (ts, id, value)`;

const SERIES = `
SELECT value, ts, evidence_ref AS evidenceRef, attacker_uuid AS attackerUuid
FROM observations WHERE identity_uuid = ?1 AND primitive = ?2`;

const STATE =
  "SELECT state, last_change_ts AS lastChangeTs FROM states WHERE identity_uuid = ?1 AND primitive = ?2";

const SAVE = `
INSERT INTO states (identity_uuid, primitive, current_value, state, confidence, observation_count, last_change_ts, last_observation_ts)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT DO UPDATE SET current_value = excluded.current_value, state = excluded.state, confidence = excluded.confidence,
  observation_count = excluded.observation_count, last_change_ts = excluded.last_change_ts,
  last_observation_ts = excluded.last_observation_ts`;

interface StateRow {
  readonly state: string;
  readonly lastChangeTs: number;
}

/** Creates the port's tables. */
export async function createPortTables(db: D1Database): Promise<void> {
  await db.batch(TABLES.map((table) => db.prepare(table)));
}

/** The plain port. It makes one D1 call per step. */
export const portConsumer: Consumer = async (batch, env) => {
  for (const message of batch.messages) {
    for (const observation of read(message.body, env)) await handle(observation, env);
    message.ack();
  }
};

/** A tuned port. It does everything but the last write in one D1 call. */
export const batchedPortConsumer: Consumer = async (batch, env) => {
  for (const message of batch.messages) {
    for (const observation of read(message.body, env)) {
      const identityUuid = stubIdentityUuid(observation.attackerUuid);
      const { ensure, upsert, series, state } = statements(env.PORT_DB, observation, identityUuid);
      const [, , members, states] = await env.PORT_DB.batch<Member & StateRow>([
        ensure,
        upsert,
        series,
        state,
      ]);
      await decide(env, observation, identityUuid, members?.results ?? [], states?.results[0] ?? null);
    }
    message.ack();
  }
};

async function handle(observation: Observation, env: BenchEnv): Promise<void> {
  const identityUuid = stubIdentityUuid(observation.attackerUuid);
  const { ensure, upsert, series, state } = statements(env.PORT_DB, observation, identityUuid);
  await ensure.run();
  await upsert.run();
  const { results: members } = await series.all<Member>();
  await decide(env, observation, identityUuid, members, await state.first<StateRow>());
}

async function decide(
  env: BenchEnv,
  { primitive }: Observation,
  identityUuid: string,
  members: readonly Member[],
  before: StateRow | null,
): Promise<void> {
  const { policy } = readConfig(env);
  const after = merge(mergeKindIn(policy, primitive), members, policy.thresholds);
  const isChange = before?.state !== after.state;
  const lastChangeTs = isChange || !before ? after.lastObservationTs : before.lastChangeTs;
  await env.PORT_DB.prepare(SAVE)
    .bind(
      identityUuid,
      primitive,
      after.currentValue,
      after.state,
      after.confidence,
      after.observationCount,
      lastChangeTs,
      after.lastObservationTs,
    )
    .run();
  if (isChange) await env.EVENT_QUEUE.send({ identityUuid, primitive, ...after });
}

function statements(db: D1Database, observation: Observation, identityUuid: string) {
  const { attackerUuid, primitive } = observation;
  return {
    ensure: db.prepare(ENSURE).bind(attackerUuid, identityUuid),
    upsert: db.prepare(UPSERT).bind(identityUuid, ...rowOf(observation)),
    series: db.prepare(SERIES).bind(identityUuid, primitive),
    state: db.prepare(STATE).bind(identityUuid, primitive),
  };
}

function rowOf(observation: Observation): (string | number)[] {
  return [
    observation.primitive,
    observation.evidenceRef,
    observation.attackerUuid,
    observation.id,
    observation.value,
    observation.ts,
    observation.confidence,
    observation.windowStartTs,
    observation.windowEndTs,
    observation.source,
  ];
}

/** Stores a history without computing states. The next message of a series computes its state. */
export async function fillPort(bodies: readonly unknown[], env: BenchEnv): Promise<void> {
  const rows = bodies
    .flatMap((body) => read(body, env))
    .map((observation) => [stubIdentityUuid(observation.attackerUuid), ...rowOf(observation)]);
  const values = Array.from({ length: 11 }, (_, i) => `value ->> ${i}`).join(", ");
  await env.PORT_DB.prepare(
    `INSERT OR IGNORE INTO observations (${COLUMNS}) SELECT ${values} FROM json_each(?1)`,
  )
    .bind(JSON.stringify(rows))
    .run();
}

function read(body: unknown, env: BenchEnv): Observation[] {
  const registry = registryOf(readConfig(env).policy);
  return parseMessage(body, { receivedTs: Date.now() / 1_000, registry }).flatMap((event) =>
    event.outcome === "observation" ? [event.observation] : [],
  );
}
