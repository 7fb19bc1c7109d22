/** Removes events that are older than the retention. */

/**
 * When a row is: of the greatest `ts` of its events. A row of the version before has to be read for it.
 * The function stops at the first argument that is known.
 */
const LAST_TS = "coalesce(last_ts, event ->> 'ts')";

/**
 * Removes, of the oldest ?2 rows, those before the first that is not older than ?1. A row that was published late is after
 * newer ones and is removed with them. The newest row of all is kept: with an empty table cursors would start again, and
 * streams with a greater cursor would miss events.
 */
const DELETE_OLDEST = `
DELETE FROM events WHERE cursor < min((SELECT max(cursor) FROM events), coalesce(
  (SELECT cursor FROM (SELECT cursor, event, last_ts FROM events ORDER BY cursor LIMIT ?2) WHERE ${LAST_TS} >= ?1 LIMIT 1),
  (SELECT cursor FROM events ORDER BY cursor LIMIT 1 OFFSET ?2),
  (SELECT max(cursor) FROM events)))`;

/**
 * Removes the oldest events before a time, a page at a time. The events of one row go together, when the last of them is old. One
 * query; where nothing is old it reads a few rows.
 * @param beforeTs - epoch seconds
 * @param limit - number of rows
 * @returns the number of removed rows; fewer than `limit` if no old ones are left
 */
export async function deleteHistory(db: D1Database, beforeTs: number, limit: number): Promise<number> {
  const { meta } = await db.prepare(DELETE_OLDEST).bind(beforeTs, limit).run();
  return meta.changes;
}
