/** A database of the version before, which stored one observation per row, and what it must hold after the migration. */
import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { comparePrecedence } from "../../src/core/index.ts";
import { expect } from "vitest";
import { runJobs } from "../../src/maintenance/jobs.ts";
import { INVOCATION_QUERIES, QueryBudget } from "../../src/maintenance/query-budget.ts";
import { packBeforeRecording, recordBatch, type RecordedObservation } from "../../src/storage/index.ts";
import { ROW_COLUMNS, type RowColumns, toStoredRow } from "../../src/storage/sessions/rows.ts";

/** The migration that the version before does not have. */
const SESSIONS = "0009";

/** Makes a database anew, as the version before has it. */
export async function createOldVersion(db: D1Database): Promise<void> {
  const { results } = await db
    .prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
    )
    .all<{ name: string }>();
  await db.batch(results.map(({ name }) => db.prepare(`DROP TABLE "${name}"`)));
  await applyD1Migrations(
    db,
    env.MIGRATIONS.filter(({ name }) => name < SESSIONS),
  );
}

/** Applies the migrations of this version. */
export async function migrate(db: D1Database): Promise<void> {
  await applyD1Migrations(db, env.MIGRATIONS);
}

const COLUMNS = `attacker_uuid, primitive, evidence_ref, id, value, ts, confidence, window_start_ts, window_end_ts, source,
  identity_ref, is_unlisted`;

/** The UUID of an attacker by its number. */
export function attackerAt(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

/** Observations of one session. */
export const SESSION_SIZE = 30;

/** SQL: the observation `n` of all, that is `i` of attacker `a`. Ten primitives and three pointers for each session. */
const OBSERVATION = `
  printf('00000000-0000-4000-8000-%012d', a), 'motor.p' || (i % ${SESSION_SIZE} % 10),
  'cowrie:sensor-a/' || printf('%08x', i / ${SESSION_SIZE} * 2654435761 % 4294967296) || CASE i % ${SESSION_SIZE} / 10
    WHEN 0 THEN '#kex' WHEN 1 THEN '#version' ELSE '#close' END,
  printf('%08x-0000-4000-8000-%012d', n, n), CASE n % 7 WHEN 0 THEN '[1,"a"]' WHEN 1 THEN '{"b":1,"a":2}' ELSE '"v' || n % 7 || '"' END,
  1714000000 + n * 0.25, 0.9, 1714000000 + n * 0.25 - 60, 1714000000 + n * 0.25, 'test', iif(n % 11, NULL, 'someone'), n % 50 = 0`;

/**
 * Inserts observations one per row, evenly over some attackers, and counts them.
 * @param table - `observations` before the migration, `observation_rows` after it
 */
export async function insertOldRows(
  db: D1Database,
  table: "observations" | "observation_rows",
  { first, attackers, count }: { readonly first: number; readonly attackers: number; readonly count: number },
): Promise<void> {
  const PIECE = 5_000;
  for (let start = 0; start < count; start += PIECE) {
    const end = Math.min(start + PIECE, count);
    await db
      .prepare(
        `INSERT INTO ${table} (${COLUMNS}) WITH RECURSIVE numbers (n) AS (SELECT ${start} UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ${end})
         SELECT ${OBSERVATION} FROM (SELECT n + ${first} * 1000 AS n, ${first} + n % ${attackers} AS a, n / ${attackers} AS i FROM numbers)`,
      )
      .run();
  }
  await db.batch([
    db.prepare(
      `INSERT INTO attackers (uuid, identity_uuid, link_version, first_seen_ts, last_seen_ts)
         SELECT DISTINCT attacker_uuid, 'identity of ' || attacker_uuid, 1, 1714000000, 1714000000 FROM ${table} WHERE true
         ON CONFLICT DO NOTHING`,
    ),
    db.prepare(
      `UPDATE counters SET value = (SELECT iif(name = 'observations', count(*), sum(is_unlisted)) FROM ${table})
       WHERE name IN ('observations', 'unlisted_values')`,
    ),
  ]);
}

/** All observations that must be stored, by key: the greatest of each. */
export class Model {
  readonly #kept = new Map<string, RecordedObservation>();

  /** Adds observations; of two with one key the greater one is kept. */
  add(observations: readonly RecordedObservation[]): void {
    for (const each of observations) {
      const name = nameOf(each);
      const prior = this.#kept.get(name);
      if (!prior || comparePrecedence(each.observation, prior.observation) > 0) this.#kept.set(name, each);
    }
  }

  /** Takes observations out that do not meet a condition. */
  keepOnly(isKept: (each: RecordedObservation) => boolean): void {
    for (const [name, each] of this.#kept) if (!isKept(each)) this.#kept.delete(name);
  }

  get all(): RecordedObservation[] {
    return [...this.#kept.values()].toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  }

  get unlisted(): number {
    return this.all.filter(({ isUnlisted }) => isUnlisted).length;
  }
}

function nameOf({ observation: { attackerUuid, primitive, evidenceRef } }: RecordedObservation): string {
  return [attackerUuid, primitive, evidenceRef].join("\0");
}

/** Every old row. */
export async function readOldRows(db: D1Database): Promise<RecordedObservation[]> {
  const { results } = await db
    .prepare(
      `SELECT id, attacker_uuid AS attackerUuid, primitive, value, confidence, window_start_ts AS windowStartTs,
         window_end_ts AS windowEndTs, source, evidence_ref AS evidenceRef, ts, identity_ref AS identityRef, is_unlisted AS isUnlisted
       FROM observation_rows`,
    )
    .all<RecordedObservation["observation"] & { isUnlisted: number }>();
  return results.map(({ isUnlisted, ...observation }) => ({ observation, isUnlisted: isUnlisted === 1 }));
}

/** Every observation in session rows, ordered by key. */
export async function readPacked(db: D1Database): Promise<RecordedObservation[]> {
  const found: RecordedObservation[] = [];
  const { results: attackers } = await db
    .prepare("SELECT uuid FROM attackers ORDER BY uuid")
    .all<{ uuid: string }>();
  for (const { uuid } of attackers) {
    const { results } = await db
      .prepare(
        `SELECT ${ROW_COLUMNS} FROM attackers CROSS JOIN sessions
         ON sessions.id >= number * 4294967296 AND sessions.id < (number + 1) * 4294967296 WHERE uuid = ?1`,
      )
      .bind(uuid)
      .all<RowColumns>();
    found.push(...results.flatMap((row) => toStoredRow(uuid, row).observations));
  }
  return found.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

/**
 * Stores observations as a batch of messages does.
 * @returns those whose attackers must wait
 */
export async function ingest(
  db: D1Database,
  observations: readonly RecordedObservation[],
): Promise<RecordedObservation[]> {
  const attackers = [...new Set(observations.map(({ observation }) => observation.attackerUuid))];
  const waiting = await packBeforeRecording(db, attackers);
  const isWaiting = ({ observation }: RecordedObservation) => waiting.has(observation.attackerUuid);
  await store(
    db,
    observations.filter((each) => !isWaiting(each)),
  );
  return observations.filter(isWaiting);
}

/** Stores observations without a look at old rows. */
export async function store(db: D1Database, observations: readonly RecordedObservation[]): Promise<void> {
  await recordBatch(db, { observations, deadLetters: [], ignored: 0, expired: 0 }, true);
}

/** One step of the job, as the maintenance object's alarm makes it. @returns whether the job is there afterwards */
export async function step(db: D1Database): Promise<boolean> {
  const shard = { index: 0, name: "DB", db };
  await runJobs(env, shard, ["pack_observations"], Infinity, new QueryBudget(INVOCATION_QUERIES));
  return (await env.DB.prepare("SELECT 1 FROM jobs WHERE kind = 'pack_observations'").first()) !== null;
}

/** The same observation, emitted later or earlier. */
export function at(
  { observation, isUnlisted }: RecordedObservation,
  laterSecs: number,
  id: string = crypto.randomUUID(),
): RecordedObservation {
  return { observation: { ...observation, id, ts: observation.ts + laterSecs }, isUnlisted };
}

/** A database of this version with old rows, and what it must hold. */
export async function migrated(db: D1Database, attackers: number, count: number): Promise<Model> {
  await insertOldRows(db, "observations", { first: 1, attackers, count });
  await migrate(db);
  const model = new Model();
  model.add(await readOldRows(db));
  return model;
}

/** Checks that everything is packed and counted, and nothing else. */
export async function expectStored(db: D1Database, model: Model): Promise<void> {
  expect(await readPacked(db)).toEqual(model.all);
  expect(await readRest(db)).toEqual({
    observations: model.all.length,
    unlisted: model.unlisted,
    size: model.all.length,
    oldRows: 0,
    jobs: 0,
  });
}

/** What is stored besides the observations themselves: totals, and what is left to do. */
export async function readRest(db: D1Database): Promise<Record<string, unknown> | null> {
  return db
    .prepare(
      `SELECT (SELECT value FROM counters WHERE name = 'observations') AS observations,
         (SELECT value FROM counters WHERE name = 'unlisted_values') AS unlisted,
         (SELECT sum(size) FROM sessions) AS size, (SELECT count(*) FROM observation_rows) AS oldRows,
         (SELECT count(*) FROM jobs WHERE kind = 'pack_observations') AS jobs`,
    )
    .first();
}
