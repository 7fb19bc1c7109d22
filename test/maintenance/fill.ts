/** Filling D1 with much at once, past the queue. */
import { makeObservation, store } from "../setup/observations.ts";
import { pieces } from "../setup/deliver.ts";

/** Rows of one statement. */
const PIECE = 5_000;

/**
 * Inserts rows that are made of the numbers from 0 up to a count.
 * @param select - SQL for one row; `n` is its number, ?1 and further the values
 */
async function insertNumbered(
  db: D1Database,
  into: string,
  select: string,
  count: number,
  values: readonly unknown[],
): Promise<void> {
  for (let start = 0; start < count; start += PIECE) {
    const end = Math.min(count, start + PIECE);
    await db
      .prepare(
        `INSERT INTO ${into} WITH RECURSIVE numbers (n) AS (SELECT ${start} UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ${end})
         SELECT ${select} FROM numbers`,
      )
      .bind(...values)
      .run();
  }
}

/** An identity with many attackers, each with some observations, in D1 only; marked for the sweep. */
export async function fillIdentity(
  db: D1Database,
  attackers: number,
  observationsEach: number,
): Promise<string> {
  const identityUuid = crypto.randomUUID();
  const prefix = identityUuid.slice(0, 24);
  await insertNumbered(
    db,
    "attackers (uuid, identity_uuid, link_version, first_seen_ts)",
    "?2 || printf('%012x', n), ?1, 1, 1",
    attackers,
    [identityUuid, prefix],
  );
  const observations = Array.from({ length: attackers * observationsEach }, (_, n) =>
    makeObservation({
      attackerUuid: prefix + (n % attackers).toString(16).padStart(12, "0"),
      evidenceRef: `evidence:${n}`,
      ts: 1_714_000_000 + n,
    }),
  );
  for (const page of pieces(observations, PIECE)) await store(page, { db });
  await markIdentity(db, identityUuid);
  return identityUuid;
}

/** Events in an identity's history that name nobody, or one attacker each. */
export async function fillHistory(
  db: D1Database,
  identityUuid: string,
  count: number,
  ts: number,
  attackerUuid = "nobody",
): Promise<void> {
  await insertNumbered(
    db,
    "events (identity_uuid, seq, event)",
    `?1, n + 1, json_object('ts', ?2, 'type', 'profile.state_changed', 'payload', json_object('current_value', 'x'), 'explanation', ?3)`,
    count,
    [identityUuid, ts, attackerUuid],
  );
}

/** Marks an identity for the sweep. */
export async function markIdentity(db: D1Database, identityUuid: string): Promise<void> {
  await db
    .prepare("UPDATE identities SET is_dirty = 1, mark_version = mark_version + 1 WHERE uuid = ?1")
    .bind(identityUuid)
    .run();
}
