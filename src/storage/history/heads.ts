/** What the overview reads of events: which they are and what turned into what, without restoring their envelopes. */
import { z } from "zod";
import { type State, STATES } from "../../core/index.ts";
import { decodeEntries, type PageEntry } from "./codec.ts";
import { isText, placeIn, readPageRows, selectPages, type StoredPage } from "./pages.ts";

/** What is read of an event to sum it up. */
export interface EventHead {
  /** Its place in the history of everything. */
  readonly cursor: number;
  readonly identityUuid: string;
  /** Its place in the history of its identity. */
  readonly seq: number;
  readonly type: string;
  /** Of the observation that brought it, epoch seconds; null where its type has none. */
  readonly ts: number | null;
  /** Null for a first state, and for events that are no transition. */
  readonly oldState: State | null;
  /** Null for events that are no transition. */
  readonly newState: State | null;
}

/** Of a row of the version before only what is read is answered: there may be many. */
const HEAD_BODY = `iif(typeof(event) = 'text', json_object('type', event ->> '$.type', 'payload', json_object(
  'ts', event ->> '$.payload.ts', 'old_state', event ->> '$.payload.old_state', 'new_state', event ->> '$.payload.new_state'
)), hex(event))`;

/** SQL that selects the rows of the first events after a cursor. @param after - SQL @param most - SQL */
export function selectHeads(after: string, most: string): string {
  return selectPages({ by: "cursor", after, most, body: HEAD_BODY });
}

const state = z.enum(STATES).nullish();
const headSchema = z.object({
  type: z.string(),
  payload: z.object({ ts: z.number().nullish(), old_state: state, new_state: state }),
});

/** The events of the rows that `selectHeads` selected, in order. */
export function headsOf(result: D1Result | undefined, most: number): EventHead[] {
  return readPageRows(result)
    .flatMap((row) =>
      entriesOf(row)
        .slice(-row.taken)
        .map(({ seq, entry }) => headOf(row, seq, entry)),
    )
    .slice(0, most);
}

function entriesOf(row: StoredPage): { readonly seq: number; readonly entry: PageEntry }[] {
  return isText(row.body) ? [{ seq: row.seq, entry: row.body }] : decodeEntries(row, row.body);
}

function headOf(row: StoredPage, seq: number, entry: PageEntry): EventHead {
  const { type, payload } = headSchema.parse(typeof entry === "string" ? JSON.parse(entry) : entry);
  return {
    ...placeIn(row, seq),
    seq,
    type,
    ts: payload.ts ?? null,
    oldState: payload.old_state ?? null,
    newState: payload.new_state ?? null,
  };
}
