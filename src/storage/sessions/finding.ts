/**
 * Finds stored observations by their keys. An observation is in the row of its session, or, if that row is full, in one that is deeper.
 * So the rows are read level by level: a level is read only for the keys that the one before has passed on.
 */
import { nameInAttacker, type ObservationKey, placeOf } from "../../core/index.ts";
import { parameters } from "../parameters.ts";
import type { RecordedObservation } from "./codec.ts";
import { addToPlace, nameOfPlace, type PlaceGroups } from "./places.ts";
import { READ_ROWS, type ReadColumns, toReadRows } from "./reading.ts";
import type { StoredRow } from "./rows.ts";

/** Levels that are searched. A row 10 levels deep needs 10^12 observations of one session. */
const MOST_LEVELS = 24;
/** Bytes of packed bodies that one query reads; a further one reads the rest. */
const READ_BYTES = 2_000_000;

/** A row, and those of its observations that are looked for. */
export interface FoundRow {
  readonly row: StoredRow;
  readonly found: readonly RecordedObservation[];
}

/**
 * Finds the rows that hold some observations, in lists of up to 2 MB of bodies. One query per list, and at least one per level and
 * 20,000 rows; usually one altogether.
 * @param identityUuid - only of attackers that are linked to it; null: of any
 * @param onQuery - called with each query
 */
export async function* findByKey(
  db: D1Database,
  keys: readonly ObservationKey[],
  identityUuid: string | null,
  onQuery: () => void = () => {},
): AsyncGenerator<readonly FoundRow[], void, undefined> {
  let sought = keys;
  for (let level = 0; level < MOST_LEVELS && sought.length > 0; level++) {
    const deeper: ObservationKey[] = [];
    let groups = groupsOf(sought, level);
    while (groups.size > 0) {
      const left: PlaceGroups<ObservationKey> = new Map();
      for (const list of parameters(
        [...groups.values()].map(({ attackerUuid, place }) => [attackerUuid, place]),
      )) {
        onQuery();
        const { results } = await db
          .prepare(READ_ROWS)
          .bind(list, READ_BYTES, identityUuid)
          .all<ReadColumns>();
        const { stored, unread } = toReadRows(results);
        const found: FoundRow[] = [];
        for (const row of stored) {
          const { inRow, others } = lookUp(row, groups.get(nameOfPlace(row))?.members ?? []);
          if (inRow.length > 0) found.push({ row, found: inRow });
          if (row.isFull) deeper.push(...others);
        }
        for (const place of unread) {
          const group = groups.get(nameOfPlace(place));
          if (group) left.set(nameOfPlace(place), group);
        }
        if (found.length > 0) yield found;
      }
      groups = left;
    }
    sought = deeper;
  }
}

function groupsOf(keys: readonly ObservationKey[], level: number): PlaceGroups<ObservationKey> {
  const groups: PlaceGroups<ObservationKey> = new Map();
  for (const key of keys)
    addToPlace(groups, { attackerUuid: key.attackerUuid, place: placeOf(key, level) }, key);
  return groups;
}

function lookUp(row: StoredRow, keys: readonly ObservationKey[]) {
  const stored = new Map(row.observations.map((each) => [nameInAttacker(each.observation), each]));
  const inRow: RecordedObservation[] = [];
  const others: ObservationKey[] = [];
  for (const key of keys) {
    const found = stored.get(nameInAttacker(key));
    if (found) inRow.push(found);
    else others.push(key);
  }
  return { inRow, others };
}
