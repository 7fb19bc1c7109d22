/**
 * The first observations of some attackers after a point, in the order of their times. Session rows have no index by time, and the
 * times of several rows overlap. So a page is read by windows of time: a query determines how far in time there are enough
 * observations, and reads every row that may have some until then. At most the wanted number of observations are kept meanwhile.
 *
 * Several queries are no snapshot, but miss nothing that is stored throughout: a window's bounds stay the same, a row stays under its
 * key, and a row that has an observation of the window lies within the bounds whatever else changes in it.
 */
import { compareUtf8, type Observation } from "../../core/index.ts";
import { decodeSession } from "./codec.ts";
import { type Holders, type PackedRow, readRowPage, type SessionCursor } from "./row-pages.ts";

/** The place of an observation in the order of times. */
export interface SeriesPosition {
  readonly ts: number;
  readonly evidenceRef: string;
  readonly attackerUuid: string;
  readonly primitive: string;
}

export interface ObservationsAsked {
  /** Epoch seconds, both included. */
  readonly fromTs: number;
  readonly toTs: number;
  /** Exclusive; null: from the start. */
  readonly after: SeriesPosition | null;
  /** Null: of all primitives. */
  readonly primitive: string | null;
  readonly limit: number;
}

/** How many times `limit` observations a first window has if one primitive is asked for: sessions have several. */
const OF_ONE_PRIMITIVE = 8;
/** How many times as many the next one has. */
const GROWTH = 4;
/** Maximum observations of rows that are read at a time; a page of rows is bounded by bytes, too. */
const ROWS_OBSERVATIONS = 20_000;

/** Order of a list over several primitives: (`ts`, `evidence_ref`, `attacker_uuid`, `primitive`). */
function comparePositions(a: SeriesPosition, b: SeriesPosition): number {
  return (
    a.ts - b.ts ||
    compareUtf8(a.evidenceRef, b.evidenceRef) ||
    compareUtf8(a.attackerUuid, b.attackerUuid) ||
    compareUtf8(a.primitive, b.primitive)
  );
}

/**
 * The first observations that match, in the order (`ts`, `evidence_ref`, `attacker_uuid`, `primitive`); fewer than `limit` only at the
 * end. Without a primitive a query for each 2 MB of rows that overlap in the time of the page: usually one. With a primitive a few more,
 * up to a pass over all rows if it is rare.
 */
export async function readInTime(
  db: D1Database,
  holders: Holders,
  { fromTs, toTs, after, primitive, limit }: ObservationsAsked,
): Promise<Observation[]> {
  const found: Observation[] = [];
  let fromWindowTs = Math.max(fromTs, after?.ts ?? -Infinity);
  // The first window includes its beginning, the others begin after the end of the one before.
  let isWanted = (observation: Observation): boolean =>
    observation.ts >= fromTs && (after === null || comparePositions(observation, after) > 0);
  let atLeast = limit * (primitive === null ? 1 : OF_ONE_PRIMITIVE);
  for (;;) {
    const first = new First<Observation>(limit - found.length, comparePositions);
    let untilTs = toTs;
    for await (const { row, toTs: windowTs } of rowsOf(db, holders, fromWindowTs, toTs, atLeast)) {
      untilTs = windowTs;
      for (const { observation } of decodeSession(row.attackerUuid, row.body)) {
        if (primitive !== null && observation.primitive !== primitive) continue;
        if (observation.ts <= untilTs && isWanted(observation)) first.add(observation);
      }
    }
    found.push(...first.list());
    if (found.length >= limit || untilTs >= toTs) return found;
    const beginTs = untilTs;
    isWanted = ({ ts }) => ts > beginTs;
    fromWindowTs = beginTs;
    atLeast *= GROWTH;
  }
}

/** Every observation of some attackers, row by row in no particular order. A query per 2 MB of rows. */
export async function* allObservations(
  db: D1Database,
  holders: Holders,
): AsyncGenerator<Observation, void, undefined> {
  for await (const { row } of rowsOf(db, holders, -Number.MAX_VALUE, Number.MAX_VALUE, null))
    for (const { observation } of decodeSession(row.attackerUuid, row.body)) yield observation;
}

/** The rows of a window of time, and its end. */
async function* rowsOf(
  db: D1Database,
  holders: Holders,
  fromTs: number,
  toTs: number,
  atLeast: number | null,
): AsyncGenerator<{ readonly row: PackedRow; readonly toTs: number }, void, undefined> {
  let after: SessionCursor | null = null;
  let window = { toTs, atLeast };
  do {
    const page = await readRowPage(db, holders, {
      after,
      observations: ROWS_OBSERVATIONS,
      fromTs,
      ...window,
    });
    for (const row of page.rows) yield { row, toTs: page.toTs };
    window = { toTs: page.toTs, atLeast: null };
    after = page.next;
  } while (after !== null);
}

/** The first of many entries in an order. */
class First<T> {
  readonly #limit: number;
  readonly #compare: (a: T, b: T) => number;
  #entries: T[] = [];

  constructor(limit: number, compare: (a: T, b: T) => number) {
    this.#limit = limit;
    this.#compare = compare;
  }

  add(entry: T): void {
    // Sorted when there are twice as many as needed, so an entry costs few comparisons.
    if (this.#entries.push(entry) >= 2 * this.#limit + 100) this.#entries = this.list();
  }

  list(): T[] {
    return this.#entries.toSorted(this.#compare).slice(0, this.#limit);
  }
}
