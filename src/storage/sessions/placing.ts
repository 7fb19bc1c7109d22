/**
 * Places observations into session rows in memory: rows are read level by level, and what has to be written comes out as data. For
 * moving many observations in one transaction; arriving ones are written round by round (see writing.ts).
 */
import { mergeIntoRow, placeOf, type SessionRow } from "../../core/index.ts";
import type { RecordedObservation } from "./codec.ts";
import { type Placed, type RowPlace, rowValues, type RowValues, toPlaced } from "./rows.ts";
import { nameOfPlace } from "./writing.ts";

/** Levels of rows that one session may have. 16 rows a level, so no session needs as many. */
const MOST_LEVELS = 24;

/** A row as it was found, also where there is none. */
export interface FoundRow extends RowPlace {
  /** Null: there is no such row. */
  readonly version: number | null;
  /** Null: there is none, or it is not brought because of the limit of one read. */
  readonly row: SessionRow<Placed> | null;
  /** Whether the row is there, but was not brought. */
  readonly isLeftOut: boolean;
}

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

interface Pending extends Placed {
  readonly depth: number;
}

interface OpenRow extends RowPlace {
  readonly version: number | null;
  row: SessionRow<Placed>;
  isChanged: boolean;
}

/**
 * Finds where observations are to stand.
 * @param observations - an observation whose row is left out by `read` is not placed
 * @param read - reads rows by their places; it brings at least the first
 */
export async function placeInRows(
  observations: readonly RecordedObservation[],
  read: (places: readonly RowPlace[]) => Promise<readonly FoundRow[]>,
): Promise<Placement> {
  const rows = new Map<string, OpenRow>();
  const placed: Placed[] = [];
  let [added, addedUnlisted] = [0, 0];
  let pending: readonly Pending[] = observations.map((each) => ({ ...toPlaced(each), depth: 0 }));
  for (let level = 0; pending.length > 0; level++) {
    if (level === MOST_LEVELS) throw new Error(`a session must have at most ${MOST_LEVELS} levels of rows`);
    const groups = byPlace(pending);
    const unread = [...groups].filter(([name]) => !rows.has(name)).map(([, group]) => group);
    for (const found of unread.length > 0 ? await read(unread) : []) {
      const row = found.row ?? { isFull: false, observations: [] };
      if (!found.isLeftOut) {
        rows.set(nameOfPlace(found.attackerUuid, found.place), { ...found, row, isChanged: false });
      }
    }
    const deeper: Pending[] = [];
    for (const [name, group] of groups) {
      const open = rows.get(name);
      if (!open) continue;
      const merged = mergeIntoRow<Placed>(open.row, group.observations);
      open.row = merged.row;
      open.isChanged ||= merged.isChanged;
      added += merged.accepted.length - merged.replaced.length;
      addedUnlisted += unlistedIn(merged.accepted) - unlistedIn(merged.replaced);
      const isDeeper = new Set<Placed>(merged.deeper);
      for (const each of group.observations) {
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

/** Observations that are looked for in the same row. */
interface Group extends RowPlace {
  readonly observations: Pending[];
}

function byPlace(pending: readonly Pending[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const observation of pending) {
    const { attackerUuid } = observation.recorded.observation;
    const place = placeOf(observation, observation.depth);
    const name = nameOfPlace(attackerUuid, place);
    const group = groups.get(name) ?? { attackerUuid, place, observations: [] };
    groups.set(name, group);
    group.observations.push(observation);
  }
  return groups;
}

function unlistedIn(observations: readonly Placed[]): number {
  return observations.filter(({ recorded }) => recorded.isUnlisted).length;
}
