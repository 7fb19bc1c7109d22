/**
 * Places observations into session rows in memory: rows are read level by level, and what has to be written comes out as data. For
 * moving many observations in one transaction; arriving ones are written round by round (see writing.ts).
 */
import { mergeIntoRow, placeOf, type SessionRow } from "../../core/index.ts";
import type { RecordedObservation } from "./codec.ts";
import { addToPlace, nameOfPlace, type PlaceGroups } from "./places.ts";
import type { ReadRows } from "./reading.ts";
import {
  type Pending,
  type Placed,
  type RowPlace,
  rowValues,
  type RowValues,
  toPlaced,
  toSessionRow,
  unlistedIn,
} from "./rows.ts";

/** Levels of rows that one session may have. 16 rows a level, so no session needs as many. */
const MOST_LEVELS = 24;

/** A row to write. */
export type PlacedRow = readonly [attackerUuid: string, place: number, ...RowValues];

/** Where the observations stand once the rows are written. */
export interface Placement {
  /** Every row that the placement depends on, as it was found. */
  readonly expected: readonly (readonly [attackerUuid: string, place: number, version: number | null])[];
  readonly rows: readonly PlacedRow[];
  /** Observations that stand in a row afterwards, or a greater one with the same key does. */
  readonly placed: readonly RecordedObservation[];
  /** What the rows hold afterwards more than before. */
  readonly added: number;
  readonly addedUnlisted: number;
}

interface OpenRow extends RowPlace {
  /** Null: there is no such row yet. */
  readonly version: number | null;
  row: SessionRow<Placed>;
  isChanged: boolean;
}

/** Reads the rows of some groups that are not open yet. Those that are left out stay closed. */
async function open(
  rows: Map<string, OpenRow>,
  groups: PlaceGroups<Pending>,
  read: (places: readonly RowPlace[]) => Promise<ReadRows>,
): Promise<void> {
  const closed = [...groups].filter(([name]) => !rows.has(name));
  if (closed.length === 0) return;
  const { stored, unread } = await read(closed.map(([, group]) => group));
  const leftOut = new Set(unread.map(nameOfPlace));
  for (const [name, { attackerUuid, place }] of closed) {
    if (leftOut.has(name)) continue;
    rows.set(name, { attackerUuid, place, version: null, row: NO_ROW, isChanged: false });
  }
  for (const row of stored) {
    const { attackerUuid, place, version } = row;
    rows.set(nameOfPlace(row), { attackerUuid, place, version, row: toSessionRow(row), isChanged: false });
  }
}

const NO_ROW: SessionRow<Placed> = { isFull: false, observations: [] };

/**
 * Finds where observations are to stand.
 * @param observations - an observation whose row is left out by `read` is not placed
 * @param read - reads rows by their places; it brings at least the first
 */
export async function placeInRows(
  observations: readonly RecordedObservation[],
  read: (places: readonly RowPlace[]) => Promise<ReadRows>,
): Promise<Placement> {
  const rows = new Map<string, OpenRow>();
  const placed: Placed[] = [];
  let [added, addedUnlisted] = [0, 0];
  let pending: readonly Pending[] = observations.map((each) => ({ ...toPlaced(each), depth: 0 }));
  for (let level = 0; pending.length > 0; level++) {
    if (level === MOST_LEVELS) throw new Error(`a session must have at most ${MOST_LEVELS} levels of rows`);
    const groups = byPlace(pending);
    await open(rows, groups, read);
    const deeper: Pending[] = [];
    for (const [name, group] of groups) {
      const openRow = rows.get(name);
      if (!openRow) continue;
      const merged = mergeIntoRow<Placed>(openRow.row, group.members);
      openRow.row = merged.row;
      openRow.isChanged ||= merged.isChanged;
      added += merged.accepted.length - merged.replaced.length;
      addedUnlisted += unlistedIn(merged.accepted) - unlistedIn(merged.replaced);
      const isDeeper = new Set<Placed>(merged.deeper);
      for (const each of group.members) {
        if (isDeeper.has(each)) deeper.push({ ...each, depth: each.depth + 1 });
        else placed.push(each);
      }
    }
    pending = deeper;
  }
  return {
    expected: [...rows.values()].map(({ attackerUuid, place, version }) => [attackerUuid, place, version]),
    rows: [...rows.values()]
      .filter(({ isChanged }) => isChanged)
      .map(({ attackerUuid, place, row }) => [attackerUuid, place, ...rowValues(row)]),
    placed: placed.map(({ recorded }) => recorded),
    added,
    addedUnlisted,
  };
}

function byPlace(pending: readonly Pending[]): PlaceGroups<Pending> {
  const groups: PlaceGroups<Pending> = new Map();
  for (const observation of pending) {
    const { attackerUuid } = observation.recorded.observation;
    addToPlace(groups, { attackerUuid, place: placeOf(observation, observation.depth) }, observation);
  }
  return groups;
}
