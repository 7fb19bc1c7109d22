/** Removes observations and events that are older than the retention. */
import type { ObservationKey } from "../core/index.ts";
import { findByKey, type FoundRow } from "./sessions/finding.ts";
import { writeTrims } from "./sessions/trimming.ts";

/** Attempts to write over rows that other writers change at the same time. */
const MOST_ATTEMPTS = 8;

/**
 * Removes observations by key, unless they were replaced by something newer than a time, or their attacker is linked to
 * another identity by now: whoever reads them there has to find them. Observations in a row that other writers change all the
 * time stay as well. Three queries per 2 MB of rows that are deleted as a whole, up to 13 per 2 MB of those that are cut.
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
  let open = keys;
  for (let attempt = 0; attempt < MOST_ATTEMPTS && open.length > 0; attempt++) {
    const lost: ObservationKey[] = [];
    for await (const rows of findByKey(db, open, identityUuid)) {
      const trims = rows.flatMap((found) => trimOf(found, beforeTs) ?? []);
      const written = await writeTrims(db, trims, identityUuid);
      for (const { row, kept, gone } of trims) {
        if (written.has(row.id)) removed += row.observations.length - kept.length;
        else lost.push(...gone.map(({ observation }) => observation));
      }
    }
    open = lost;
  }
  return removed;
}

/** What stays of a row, or null if all of it does. */
function trimOf({ row, found }: FoundRow, beforeTs: number) {
  const gone = new Set(found.filter(({ observation }) => observation.ts < beforeTs));
  if (gone.size === 0) return null;
  return { row, kept: row.observations.filter((each) => !gone.has(each)), gone: [...gone] };
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
