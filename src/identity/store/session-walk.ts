/**
 * Finding, merging and removing observations in the session rows of one attacker, level by level: an observation that is not in its row is
 * looked for one level deeper if that row is full (see core/session.ts). The rows may be those of the identity or staged ones.
 */
import {
  mergeIntoRow,
  nameInAttacker,
  placeOf,
  type ObservationKey,
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

/** Keys of an attacker, by the first place of each. */
export type FirstGroups<K extends KeyInAttacker> = ReadonlyMap<number, readonly K[]>;

/** Merges observations into the rows. Of two with the same key the greater is kept. */
export function mergeIntoRows(rows: AttackerRows, arriving: FirstGroups<Stored>): void {
  walk(arriving, (place, group) => {
    const { row, isChanged, deeper } = mergeIntoRow(rows.read(place), group);
    if (isChanged) rows.write(place, row);
    return deeper;
  });
}

/** The stored observations with some keys. */
export function findInRows(rows: AttackerRows, keys: FirstGroups<KeyInAttacker>): Stored[] {
  const found: Stored[] = [];
  visitHeld(rows, keys, (_place, _row, held) => {
    found.push(...held);
  });
  return found;
}

/** Removes observations by key, if their ts is below a time (epoch seconds). */
export function removeFromRows(rows: AttackerRows, keys: FirstGroups<KeyInAttacker>, beforeTs: number): void {
  visitHeld(rows, keys, (place, row, held) => {
    const gone = new Set(held.filter(({ ts }) => ts < beforeTs));
    if (gone.size === 0) return;
    rows.write(place, { ...row, observations: row.observations.filter((each) => !gone.has(each)) });
  });
}

/** Visits the rows that may hold some keys. @param visit - gets a row and those of its observations that have one of the keys */
function visitHeld(
  rows: AttackerRows,
  keys: FirstGroups<KeyInAttacker>,
  visit: (place: number, row: SessionRow<Stored>, held: readonly Stored[]) => void,
): void {
  walk(keys, (place, group) => {
    const row = rows.read(place);
    if (row === null) return [];
    const byName = new Map(row.observations.map((each) => [nameInAttacker(each), each]));
    visit(
      place,
      row,
      group.flatMap((key) => byName.get(nameInAttacker(key)) ?? []),
    );
    return row.isFull ? group.filter((key) => !byName.has(nameInAttacker(key))) : [];
  });
}

/** Visits places level by level. @param visit - returns the keys that are looked for one level deeper */
function walk<K extends KeyInAttacker>(
  keys: FirstGroups<K>,
  visit: (place: number, group: readonly K[]) => readonly K[],
): void {
  let groups = keys;
  for (let depth = 1; groups.size > 0; depth++) {
    const deeper: K[] = [];
    for (const [place, group] of groups) deeper.push(...visit(place, group));
    groups = groupByPlace(deeper, depth);
  }
}

/** Observations or keys by attacker. */
export function byAttacker<K extends ObservationKey>(keys: readonly K[]): Map<string, K[]> {
  const groups = new Map<string, K[]>();
  for (const key of keys) {
    const group = groups.get(key.attackerUuid);
    if (group) group.push(key);
    else groups.set(key.attackerUuid, [key]);
  }
  return groups;
}

/** Keys of an attacker, by the first place of each. */
export function byFirstPlace<K extends KeyInAttacker>(keys: readonly K[]): Map<number, K[]> {
  return groupByPlace(keys, 0);
}

function groupByPlace<K extends KeyInAttacker>(keys: readonly K[], depth: number): Map<number, K[]> {
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

/** The least and the greatest ts, as a row's `first_ts` and `last_ts`; 0 of none. */
export function timesOf({ observations }: SessionRow<Stored>): { firstTs: number; lastTs: number } {
  if (observations.length === 0) return { firstTs: 0, lastTs: 0 };
  let [firstTs, lastTs] = [Infinity, -Infinity];
  for (const { ts } of observations) {
    firstTs = Math.min(firstTs, ts);
    lastTs = Math.max(lastTs, ts);
  }
  return { firstTs, lastTs };
}
