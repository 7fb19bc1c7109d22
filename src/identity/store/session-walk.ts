/**
 * Finding, merging and removing observations in the session rows of one attacker, level by level: an observation that is not in its row is
 * looked for one level deeper if that row is full (see core/session.ts). The rows may be those of the identity or staged ones.
 */
import {
  mergeIntoRow,
  nameInAttacker,
  placeOf,
  sessionOf,
  type SessionRow,
  type Stored,
} from "../../core/index.ts";

/** An observation's key within its attacker. */
export type KeyInAttacker = Pick<Stored, "primitive" | "evidenceRef">;

/** The session rows of one attacker. */
export interface AttackerRows {
  read(place: number): SessionRow<Stored> | null;
  /** Stores a row. One without observations is removed unless it is full, because deeper rows are found through it. */
  write(place: number, row: SessionRow<Stored>): void;
}

/** Merges observations into the rows. Of two with the same key the greater is kept. */
export function mergeIntoRows(rows: AttackerRows, arriving: readonly Stored[]): void {
  let pending = arriving;
  for (let depth = 0; pending.length > 0; depth++) {
    const all: Stored[] = [];
    for (const [place, group] of groupByPlace(pending, depth)) {
      const { row, isChanged, deeper } = mergeIntoRow(rows.read(place), group);
      if (isChanged) rows.write(place, row);
      all.push(...deeper);
    }
    pending = all;
  }
}

/** The stored observations with some keys. */
export function findInRows(rows: AttackerRows, keys: readonly KeyInAttacker[]): Stored[] {
  const found: Stored[] = [];
  let pending = keys;
  for (let depth = 0; pending.length > 0; depth++) {
    const deeper: KeyInAttacker[] = [];
    for (const [place, group] of groupByPlace(pending, depth)) {
      const row = rows.read(place);
      if (row === null) continue;
      const held = byName(row.observations);
      for (const key of group) {
        const observation = held.get(nameInAttacker(key));
        if (observation) found.push(observation);
        else if (row.isFull) deeper.push(key);
      }
    }
    pending = deeper;
  }
  return found;
}

/** Removes observations by key, if their ts is below a time (epoch seconds). */
export function removeFromRows(rows: AttackerRows, keys: readonly KeyInAttacker[], beforeTs: number): void {
  let pending = keys;
  for (let depth = 0; pending.length > 0; depth++) {
    const deeper: KeyInAttacker[] = [];
    for (const [place, group] of groupByPlace(pending, depth)) {
      const row = rows.read(place);
      if (row === null) continue;
      const held = byName(row.observations);
      for (const key of group) {
        const name = nameInAttacker(key);
        const observation = held.get(name);
        if (!observation && row.isFull) deeper.push(key);
        if (observation && observation.ts < beforeTs) held.delete(name);
      }
      if (held.size < row.observations.length)
        rows.write(place, { ...row, observations: [...held.values()] });
    }
    pending = deeper;
  }
}

/** Observations of one row, by the number of the row at a depth. */
export function groupByPlace<K extends KeyInAttacker>(keys: readonly K[], depth: number): Map<number, K[]> {
  const groups = new Map<number, K[]>();
  for (const key of keys) {
    const place = depth === 0 ? firstPlaceOf(key) : placeOf(key, depth);
    const group = groups.get(place);
    if (group) group.push(key);
    else groups.set(place, [key]);
  }
  return groups;
}

/** First places by session. Calculating one takes a digest, and a call asks for each several times. */
const firstPlaces = new Map<string, number>();
/** Maximum number of cached places, about 100 bytes each. */
const PLACES_CACHED = 5_000;

function firstPlaceOf(key: KeyInAttacker): number {
  const session = sessionOf(key.evidenceRef);
  const known = firstPlaces.get(session);
  if (known !== undefined) return known;
  const place = placeOf(key, 0);
  if (firstPlaces.size >= PLACES_CACHED) firstPlaces.clear();
  firstPlaces.set(session, place);
  return place;
}

/** The least ts, as a row's `first_ts`; 0 of none. */
export function firstTsOf({ observations }: SessionRow<Stored>): number {
  if (observations.length === 0) return 0;
  return observations.reduce((first, { ts }) => Math.min(first, ts), Infinity);
}

function byName(observations: readonly Stored[]): Map<string, Stored> {
  return new Map(observations.map((each) => [nameInAttacker(each), each]));
}
