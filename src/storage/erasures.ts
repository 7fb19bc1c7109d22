/**
 * Erasing an attacker in D1. The tombstone comes first, in one transaction with the list of objects that may hold
 * something of the attacker; from then on nothing of it that is older is taken in. Everything else is repeatable, so an
 * erasure that was interrupted is simply gone through again.
 */
import { redactionStatements } from "./redaction.ts";

/** Rows deleted at a time: D1 wants large deletions in pieces. */
const DELETE_ROWS = 5_000;

/** An erasure under way. */
export interface Erasure {
  readonly attackerUuid: string;
  /** Epoch seconds; observations of the attacker with a ts up to it are gone for good. */
  readonly erasedTs: number;
  /** Identities whose objects may hold something of it. */
  readonly holders: readonly string[];
}

/** Everything that an attacker was ever part of: its identity, and both sides of every merge that moved it. */
const HOLDERS = `
SELECT identity_uuid AS uuid FROM attackers WHERE uuid = ?1 AND identity_uuid IS NOT NULL
UNION SELECT winner_uuid FROM merges WHERE EXISTS (SELECT 1 FROM json_each(attacker_uuids) WHERE value = ?1)
UNION SELECT loser_uuid FROM merges WHERE EXISTS (SELECT 1 FROM json_each(attacker_uuids) WHERE value = ?1)`;

/**
 * Lays the tombstone, if there is anything to erase.
 * @param nowTs - epoch seconds
 * @returns the erasure to carry out, or null if the attacker is not known
 */
export async function beginErasure(
  db: D1Database,
  attackerUuid: string,
  nowTs: number,
): Promise<Erasure | null> {
  const row = await db
    .prepare(
      `INSERT INTO erasures (attacker_uuid, erased_ts, holders)
       SELECT ?1, ?2, (SELECT json_group_array(uuid) FROM (${HOLDERS}))
       WHERE EXISTS (SELECT 1 FROM attackers WHERE uuid = ?1) OR EXISTS (SELECT 1 FROM observations WHERE attacker_uuid = ?1)
         OR EXISTS (SELECT 1 FROM erasures WHERE attacker_uuid = ?1 AND holders IS NOT NULL)
       ON CONFLICT (attacker_uuid) DO UPDATE SET erased_ts = max(erased_ts, excluded.erased_ts),
         holders = (SELECT json_group_array(DISTINCT value) FROM (
           SELECT value FROM json_each(coalesce(erasures.holders, '[]')) UNION SELECT value FROM json_each(excluded.holders)))
       RETURNING erased_ts AS erasedTs, holders`,
    )
    .bind(attackerUuid, nowTs)
    .first<{ erasedTs: number; holders: string }>();
  return row ? { attackerUuid, erasedTs: row.erasedTs, holders: JSON.parse(row.holders) } : null;
}

/** Erasures that were begun and not completed. */
export async function readOpenErasures(db: D1Database, limit: number): Promise<Erasure[]> {
  const { results } = await db
    .prepare(
      "SELECT attacker_uuid AS attackerUuid, erased_ts AS erasedTs, holders FROM erasures WHERE holders IS NOT NULL LIMIT ?1",
    )
    .bind(limit)
    .all<{ attackerUuid: string; erasedTs: number; holders: string }>();
  return results.map((row) => ({ ...row, holders: JSON.parse(row.holders) }));
}

/**
 * Removes everything that D1 holds of the attacker up to its erasure, but for the tombstone.
 * @returns the erasure with everyone who may hold something of it by now: it may have been linked elsewhere since it began
 */
export async function eraseFromRecord(db: D1Database, erasure: Erasure): Promise<Erasure> {
  const { attackerUuid, erasedTs } = erasure;
  for (;;) {
    const [deleted] = await db.batch([
      db
        .prepare(
          `DELETE FROM observations WHERE (attacker_uuid, primitive, evidence_ref) IN (
             SELECT attacker_uuid, primitive, evidence_ref FROM observations WHERE attacker_uuid = ?1 AND ts <= ?2 LIMIT ?3)`,
        )
        .bind(attackerUuid, erasedTs, DELETE_ROWS),
      db.prepare(
        "UPDATE counters SET value = value - changes() WHERE name = 'observations' AND changes() > 0",
      ),
    ]);
    if ((deleted?.meta.changes ?? 0) < DELETE_ROWS) break;
  }
  await eraseDeadLetters(db, attackerUuid);
  // An attacker that came back meanwhile has observations again, and stays.
  const isGone = "NOT EXISTS (SELECT 1 FROM observations WHERE attacker_uuid = ?1)";
  const [held] = await db.batch<{ holders: string }>([
    db
      .prepare(
        `UPDATE erasures SET holders = (SELECT json_group_array(value) FROM (
           SELECT value FROM json_each(erasures.holders) UNION SELECT uuid FROM (${HOLDERS})))
         WHERE attacker_uuid = ?1 AND holders IS NOT NULL RETURNING holders`,
      )
      .bind(attackerUuid),
    ...redactionStatements("events").map((sql) => db.prepare(sql).bind(attackerUuid)),
    db
      .prepare(
        `UPDATE merges SET attacker_uuids =
           (SELECT json_group_array(value) FROM json_each(attacker_uuids) WHERE value <> ?1)
         WHERE instr(attacker_uuids, ?1) > 0 AND ${isGone}`,
      )
      .bind(attackerUuid),
    db
      .prepare(
        `UPDATE attackers SET ip = NULL, first_seen_ts = NULL, last_seen_ts = NULL WHERE uuid = ?1 AND NOT ${isGone}`,
      )
      .bind(attackerUuid),
    db.prepare(`DELETE FROM attackers WHERE uuid = ?1 AND ${isGone}`).bind(attackerUuid),
  ]);
  const row = held?.results[0];
  return row ? { ...erasure, holders: JSON.parse(row.holders) } : erasure;
}

/** Removes identities that are left without attackers, and says that the erasure is complete. */
export async function completeErasure(db: D1Database, erasure: Erasure): Promise<void> {
  const holders = JSON.stringify(erasure.holders);
  const isEmpty = `uuid IN (SELECT value FROM json_each(?1))
    AND NOT EXISTS (SELECT 1 FROM attackers WHERE identity_uuid = identities.uuid)
    AND NOT EXISTS (SELECT 1 FROM merges WHERE undone_ts IS NULL
                    AND (winner_uuid = identities.uuid OR loser_uuid = identities.uuid))`;
  await db.batch([
    // A merge of nobody that is left.
    db
      .prepare(
        "DELETE FROM merges WHERE attacker_uuids = '[]' AND loser_uuid IN (SELECT value FROM json_each(?1))",
      )
      .bind(holders),
    db
      .prepare(
        `DELETE FROM attributions WHERE identity_uuid IN (SELECT uuid FROM identities WHERE ${isEmpty})`,
      )
      .bind(holders),
    db.prepare(`DELETE FROM identities WHERE ${isEmpty}`).bind(holders),
    db
      .prepare("UPDATE erasures SET holders = NULL WHERE attacker_uuid = ?1 AND erased_ts <= ?2")
      .bind(erasure.attackerUuid, erasure.erasedTs),
  ]);
}

/** Stands for an event that was erased from a list of events, so that the others keep their places. */
const ERASED_EVENT = { erased: true } as const;

/** Whether this stands where an event was erased. */
export function isErasedEvent(event: unknown): boolean {
  if (typeof event !== "object" || event === null || !("erased" in event)) return false;
  return event.erased === true && Object.keys(event).length === 1;
}

/** Takes the attacker's events out of what was refused; a letter that holds nothing else goes. */
export async function eraseDeadLetters(db: D1Database, attackerUuid: string): Promise<void> {
  const { results } = await db
    .prepare(
      "SELECT id, body FROM dead_letters WHERE instr(replace(lower(body), '-', ''), replace(?1, '-', '')) > 0",
    )
    .bind(attackerUuid)
    .all<{ id: string; body: string }>();
  const needle = attackerUuid.replaceAll("-", "");
  const isAboutIt = (value: unknown) =>
    (JSON.stringify(value) ?? "").toLowerCase().replaceAll("-", "").includes(needle);
  for (const { id, body } of results) {
    const events = eventsOf(body).map((event) => (isAboutIt(event) ? ERASED_EVENT : event));
    await (
      events.every(isErasedEvent)
        ? db.prepare("DELETE FROM dead_letters WHERE id = ?1").bind(id)
        : db.prepare("UPDATE dead_letters SET body = ?2 WHERE id = ?1").bind(id, JSON.stringify({ events }))
    ).run();
  }
}

/** The events of a refused body that is a list of them; none if it is anything else. */
function eventsOf(body: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== "object" || parsed === null || !("events" in parsed)) return [];
    return Array.isArray(parsed.events) ? parsed.events : [];
  } catch {
    return [];
  }
}
