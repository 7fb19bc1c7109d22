/** Puts events into the history and looks at what is stored, without the readers that the tests are about. */
import { encodePage, type HistoryEvent, readEvent } from "../../src/storage/history/codec.ts";
import { BODY, eventsOf, type PlacedEvent, readPageRows } from "../../src/storage/history/pages.ts";

/** Stores events as one packed row. @param events - their numbers follow one another */
export async function storePage(
  db: D1Database,
  identityUuid: string,
  events: readonly HistoryEvent[],
  lastTs = 1_714_000_000,
): Promise<void> {
  await db
    .prepare(
      `INSERT INTO events (cursor, identity_uuid, seq, size, last_ts, event)
       SELECT coalesce((SELECT max(cursor) FROM events), 0) + ?3, ?1, ?2, ?3, ?4, unhex(?5)`,
    )
    .bind(
      identityUuid,
      events.at(-1)?.seq ?? 0,
      events.length,
      lastTs,
      encodePage(identityUuid, events.map(readEvent)),
    )
    .run();
}

/** Stores events as the version before did: each in a row of its own, as text. */
export async function storeTexts(
  db: D1Database,
  identityUuid: string,
  events: readonly HistoryEvent[],
): Promise<void> {
  const insert = db.prepare("INSERT INTO events (identity_uuid, seq, event) VALUES (?1, ?2, ?3)");
  await db.batch(events.map(({ seq, event }) => insert.bind(identityUuid, seq, event)));
}

/** Every stored event, in the order of the history. @param identityUuid - of this identity only */
export async function storedEvents(db: D1Database, identityUuid?: string): Promise<PlacedEvent[]> {
  const result = await db
    .prepare(
      `SELECT cursor, identity_uuid AS identityUuid, seq, size, size AS taken, ${BODY} AS body FROM events
       WHERE ?1 IS NULL OR identity_uuid = ?1 ORDER BY cursor`,
    )
    .bind(identityUuid ?? null)
    .all();
  return eventsOf(readPageRows(result), Infinity);
}
