/**
 * Writes events to the history: a row per page, once. Whoever was stopped between this and the deletion in the outbox comes again with
 * the same events, and maybe further ones behind them, so only what follows the newest stored event of the identity is inserted.
 */
import { z } from "zod";
import { encodePage, type ReadEvent } from "./codec.ts";

/** Maximum characters of the events of a row: packed they stay far below the 2 MB of a row, even if nothing repeats in them. */
const ROW_CHARACTERS = 250_000;

/** An event that does not say when it was is as old as can be. */
const dated = z.object({ ts: z.number().catch(0) });

/**
 * Inserts a row, and numbers its events from the newest cursor on. It inserts nothing over a stored event, and nothing where the row
 * before (?6, if there is one) could not be inserted whole.
 */
const INSERT_PAGE = `
INSERT INTO events (cursor, identity_uuid, seq, size, last_ts, event)
SELECT coalesce((SELECT max(cursor) FROM events), 0) + ?3, ?1, ?2, ?3, ?4, unhex(?5)
WHERE NOT EXISTS (SELECT 1 FROM events WHERE identity_uuid = ?1 AND seq > ?2 - ?3)
  AND (?6 IS NULL OR EXISTS (SELECT 1 FROM events WHERE identity_uuid = ?1 AND seq = ?6))`;

/** Reads up to where the history of an identity goes; 0 before its first event. */
export async function readNewestSeq(db: D1Database, identityUuid: string): Promise<number> {
  const newest = await db
    .prepare("SELECT max(seq) AS seq FROM events WHERE identity_uuid = ?1")
    .bind(identityUuid)
    .first<{ seq: number | null }>();
  return newest?.seq ?? 0;
}

/**
 * The statements that insert events, a row each. Each changes one row, or none if D1 has events of it already, and then those that
 * follow change none either.
 * @param events - in `seq` order
 */
export function insertStatements(
  db: D1Database,
  identityUuid: string,
  events: readonly ReadEvent[],
): D1PreparedStatement[] {
  const rows = rowsOf(events);
  return rows.map((row, i) => {
    const lastTs = Math.max(...row.map(({ envelope }) => dated.parse(envelope).ts));
    const body = encodePage(identityUuid, row);
    const before = rows[i - 1]?.at(-1)?.seq ?? null;
    return db.prepare(INSERT_PAGE).bind(identityUuid, row.at(-1)?.seq ?? 0, row.length, lastTs, body, before);
  });
}

/** Events that share a row: their numbers follow one another. Those of a page of a drain do, so it is one row. */
function rowsOf(events: readonly ReadEvent[]): ReadEvent[][] {
  const rows: ReadEvent[][] = [];
  let characters = 0;
  for (const event of events) {
    const row = rows.at(-1);
    if (row?.at(-1)?.seq === event.seq - 1 && characters + event.event.length <= ROW_CHARACTERS) {
      row.push(event);
      characters += event.event.length;
    } else {
      rows.push([event]);
      characters = event.event.length;
    }
  }
  return rows;
}
