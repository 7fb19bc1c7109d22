/** Removes observations and events that are older than the retention. */
import type { ObservationKey } from "../core/index.ts";
import { parameters } from "./parameters.ts";

/**
 * Removes observations by key, unless they were replaced by something newer than a time, or their attacker is linked to
 * another identity by now: whoever reads them there has to find them. Two queries per megabyte of keys.
 * @param identityUuid - the identity whose object removes them
 * @param beforeTs - epoch seconds
 * @returns how many were removed
 */
export async function deleteObservations(
  db: D1Database,
  identityUuid: string,
  keys: readonly ObservationKey[],
  beforeTs: number,
): Promise<number> {
  let removed = 0;
  const rows = keys.map(({ attackerUuid, primitive, evidenceRef }) => [attackerUuid, primitive, evidenceRef]);
  for (const list of parameters(rows)) {
    const [deleted] = await db.batch([
      db
        .prepare(
          `DELETE FROM observations WHERE ts < ?2 AND (attacker_uuid, primitive, evidence_ref) IN (
             SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1))
             AND EXISTS (SELECT 1 FROM attackers WHERE uuid = attacker_uuid AND identity_uuid = ?3)`,
        )
        .bind(list, beforeTs, identityUuid),
      db.prepare(
        "UPDATE counters SET value = value - changes() WHERE name = 'observations' AND changes() > 0",
      ),
    ]);
    removed += deleted?.meta.changes ?? 0;
  }
  return removed;
}

/**
 * Removes, of the oldest ?2 events, those before the first that is not older than ?1. An event that was published late is after
 * newer ones and is removed with them. The newest event of all is kept: with an empty table cursors would start again, and
 * streams with a greater cursor would miss events.
 */
const DELETE_OLDEST = `
DELETE FROM events WHERE cursor < min((SELECT max(cursor) FROM events), coalesce(
  (SELECT cursor FROM (SELECT cursor, event FROM events ORDER BY cursor LIMIT ?2) WHERE event ->> 'ts' >= ?1 LIMIT 1),
  (SELECT cursor FROM events ORDER BY cursor LIMIT 1 OFFSET ?2),
  (SELECT max(cursor) FROM events)))`;

/**
 * Removes the oldest events before a time, a page at a time. One query; where nothing is old it reads a few rows.
 * @param beforeTs - epoch seconds
 * @returns the number of removed events; fewer than `limit` if no old ones are left
 */
export async function deleteHistory(db: D1Database, beforeTs: number, limit: number): Promise<number> {
  const { meta } = await db.prepare(DELETE_OLDEST).bind(beforeTs, limit).run();
  return meta.changes;
}
