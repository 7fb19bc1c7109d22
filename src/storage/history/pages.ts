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

/**
 * SQL that selects the rows (`PageRow`) with the first events of a range, as few as hold them. The last one may hold more.
 * @param range - SQL between `FROM` and `LIMIT`: rows of `events`, in order
 * @param taken - SQL: how many events of a row are in the range
 * @param most - SQL: number of events
 * @param body - SQL for the column `body`
 */
export function selectPages(range: string, taken: string, most: string, body = BODY): string {
  return `
SELECT cursor, identity_uuid AS identityUuid, seq, size, taken, ${body} AS body FROM (
  SELECT *, sum(taken) OVER (ORDER BY cursor ROWS UNBOUNDED PRECEDING) - taken AS before FROM (
    SELECT cursor, identity_uuid, seq, size, event, ${taken} AS taken FROM ${range} LIMIT ${most}
  )
) WHERE before < ${most} ORDER BY cursor`;
}

/** SQL for `taken`: events of a row after a `seq`. @param after - SQL */
export const takenAfterSeq = (after: string) => `min(size, seq - ${after})`;

/** SQL for `taken`: events of a row after a cursor. @param after - SQL */
export const takenAfterCursor = (after: string) => `min(size, cursor - ${after})`;

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
