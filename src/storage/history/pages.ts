/**
 * Rows of the history as pages of events. A row of the version before holds one envelope as text, a newer one several in packed form;
 * both are read alike from here on. Places in the history are events, so what is asked for may begin and end inside a row.
 */
import { z } from "zod";
import { decodePage, type HistoryEvent } from "./codec.ts";

/** A row of `events`. */
export interface StoredPage {
  /** Cursor of its last event. */
  readonly cursor: number;
  readonly identityUuid: string;
  /** Number of its last event. */
  readonly seq: number;
  /** Number of its events. */
  readonly size: number;
  /** JSON of one envelope, or hexadecimal digits. */
  readonly body: string;
}

const pageRows = z.array(
  z.object({
    cursor: z.number(),
    identityUuid: z.string(),
    seq: z.number(),
    size: z.number(),
    body: z.string(),
    /** Its last events that are in the range asked for. */
    taken: z.number(),
  }),
);

/** A row as `selectPages` selects it. */
export type PageRow = z.infer<typeof pageRows>[number];

/** Reads rows that `selectPages` selected. */
export function readPageRows(result: D1Result | undefined): PageRow[] {
  return pageRows.parse(result?.results ?? []);
}

/** An event with its places in the history of its identity and in that of everything. */
export interface PlacedEvent extends HistoryEvent {
  readonly cursor: number;
  readonly identityUuid: string;
}

/** SQL: the body of a row of `events`. A blob would be answered as a list of numbers. */
export const BODY = "iif(typeof(event) = 'text', event, hex(event))";

/** A range of the history: by which column, and SQL for what it begins after and how many events are asked for. */
interface Range {
  /** The column that counts events. */
  readonly by: "cursor" | "seq";
  readonly after: string;
  readonly most: string;
  /** SQL for a condition that holds for all rows of the range. */
  readonly of?: string;
  /** SQL for a table that is read before `events`. */
  readonly from?: string;
  /** SQL for the column `body`. */
  readonly body?: string;
}

/**
 * SQL that selects the rows (`PageRow`) with the first events of a range. The numbers of events are dense but where something was
 * removed, so the last row needed is the first one that reaches as many numbers on. It reads no row but those and that one.
 */
export function selectPages({ by, after, most, of = "true", from, body = BODY }: Range): string {
  return `
SELECT cursor, identity_uuid AS identityUuid, seq, size, min(size, ${by} - ${after}) AS taken, ${body} AS body
FROM ${from === undefined ? "" : `${from} CROSS JOIN`} events
WHERE ${of} AND ${by} > ${after} AND ${by} <= coalesce(
  (SELECT ${by} FROM events WHERE ${of} AND ${by} >= ${after} + ${most} ORDER BY ${by} LIMIT 1), ${Number.MAX_SAFE_INTEGER})
ORDER BY ${from === undefined ? by : "cursor"}`;
}

/**
 * The first events of a range. Where events were removed, one reading may find too few of them; then it goes on behind those.
 * @param read - reads the rows that `selectPages` selects
 */
export async function readRange(
  by: "cursor" | "seq",
  start: number,
  most: number,
  read: (after: number) => Promise<PageRow[]>,
): Promise<PlacedEvent[]> {
  const events: PlacedEvent[] = [];
  for (let after: number | undefined = start; after !== undefined && events.length < most;) {
    // oxlint-disable-next-line no-await-in-loop -- once, but where events were removed
    const rows = await read(after);
    events.push(...eventsOf(rows, most - events.length));
    const last = rows.at(-1)?.[by];
    after = last !== undefined && last >= after + most ? last : undefined;
  }
  return events;
}

/** The first events of a range. @param rows - as `selectPages` selected them */
export function eventsOf(rows: readonly PageRow[], most: number): PlacedEvent[] {
  return rows
    .flatMap((row) =>
      textsOf(row)
        .slice(-row.taken)
        .map((event) => ({ ...event, ...placeIn(row, event.seq) })),
    )
    .slice(0, most);
}

/** Where an event of a row is. */
export function placeIn({ cursor, identityUuid, seq }: StoredPage, eventSeq: number) {
  return { identityUuid, cursor: cursor - (seq - eventSeq) };
}

/** All events of a row. */
export function textsOf(row: StoredPage): HistoryEvent[] {
  return isText(row.body) ? [{ seq: row.seq, event: row.body }] : decodePage(row, row.body);
}

/** Whether a body is an envelope as text. Hexadecimal digits never begin like one. */
export function isText(body: string): boolean {
  return body.startsWith("{");
}
