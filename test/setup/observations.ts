/** Stored observations of D1, decoded from their session rows; and storing some directly. */
import { env } from "cloudflare:workers";
import { compareUtf8, type Observation } from "../../src/core/index.ts";
import { type RecordedObservation, recordBatch } from "../../src/storage/index.ts";
import { decodeSession } from "../../src/storage/sessions/codec.ts";
import { forgetKnownRows } from "../../src/storage/sessions/writing.ts";

/** An observation with what a test does not name made up; `evidenceRef`, `id` and window follow from the rest. */
export function makeObservation(
  given: Pick<Observation, "attackerUuid"> & Partial<Observation>,
): Observation {
  const ts = given.ts ?? 1_000;
  return {
    id: crypto.randomUUID(),
    primitive: "motor.input_modality",
    value: '"typed"',
    confidence: 0.9,
    windowStartTs: ts,
    windowEndTs: ts,
    source: "cowrie",
    evidenceRef: `cowrie:sensor/${crypto.randomUUID()}#close`,
    ts,
    identityRef: null,
    ...given,
  };
}

/** Stores observations as a batch from the queue of another isolate would, without telling any object. */
export async function store(
  observations: readonly Observation[],
  { db = env.DB, registers = true }: { readonly db?: D1Database; readonly registers?: boolean } = {},
): Promise<void> {
  const recorded = observations.map((observation) => ({ observation, isUnlisted: false }));
  await recordBatch(db, { observations: recorded, deadLetters: [], ignored: 0, expired: 0 }, registers);
  forgetKnownRows();
}

/** A session row as it is stored. */
export interface StoredSession {
  readonly attackerUuid: string;
  readonly id: string;
  readonly version: number;
  readonly size: number;
  readonly isFull: boolean;
  readonly firstTs: number;
  readonly lastTs: number;
  readonly recorded: readonly RecordedObservation[];
}

/** The session rows of some attackers, or of all. */
export async function storedSessions(
  attackerUuid: string | null = null,
  db: D1Database = env.DB,
): Promise<StoredSession[]> {
  const { results } = await db
    .prepare(
      `SELECT attackers.uuid AS attackerUuid, CAST(sessions.id AS TEXT) AS id, version, size, is_full AS isFull, first_ts AS firstTs,
         last_ts AS lastTs, hex(body) AS body
       FROM sessions LEFT JOIN attackers ON attackers.number = sessions.id >> 32 WHERE ?1 IS NULL OR attackers.uuid = ?1
       ORDER BY attackers.uuid, sessions.id`,
    )
    .bind(attackerUuid)
    .all<Omit<StoredSession, "recorded" | "isFull"> & { isFull: number; body: string }>();
  return results.map(({ body, isFull, ...row }) => ({
    ...row,
    isFull: isFull === 1,
    recorded: decodeSession(row.attackerUuid, body),
  }));
}

/** The stored observations of an attacker, or all, in the order of their keys (attacker, primitive, evidence pointer). */
export async function storedObservations(
  attackerUuid: string | null = null,
  db: D1Database = env.DB,
): Promise<Observation[]> {
  const rows = await storedSessions(attackerUuid, db);
  return rows
    .flatMap(({ recorded }) => recorded.map(({ observation }) => observation))
    .toSorted(
      (a, b) =>
        compareUtf8(a.attackerUuid, b.attackerUuid) ||
        compareUtf8(a.primitive, b.primitive) ||
        compareUtf8(a.evidenceRef, b.evidenceRef),
    );
}

/** How many observations are stored, of an attacker or of all. Decodes nothing. */
export async function countStored(
  attackerUuid: string | null = null,
  db: D1Database = env.DB,
): Promise<number> {
  const row = await db
    .prepare(
      `SELECT coalesce(sum(size), 0) AS n FROM sessions WHERE ?1 IS NULL
         OR id >> 32 = (SELECT number FROM attackers WHERE uuid = ?1)`,
    )
    .bind(attackerUuid)
    .first<{ n: number }>();
  return row?.n ?? 0;
}

/** The totals of D1 by name. */
export async function totals(db: D1Database = env.DB): Promise<Record<string, number>> {
  const { results } = await db
    .prepare("SELECT name, value FROM counters")
    .all<{ name: string; value: number }>();
  return Object.fromEntries(results.map(({ name, value }) => [name, value]));
}
