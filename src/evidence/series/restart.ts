/** Finds the last state of a series from which it can be stepped through again. */
import type { PlaceInSeries } from "../../core/index.ts";
import { type ChangeKind, Regime } from "../change/index.ts";
import type { Entry } from "./entry.ts";
import { type Checkpoint, readCheckpoint, type SeriesState } from "./kept-series.ts";
import { startAfter, type Start } from "./start.ts";
import type { WalkState } from "./walk.ts";

/** A state, and where it stands. */
export interface Restart {
  readonly state: WalkState;
  /** The observations from here on are stepped through. Null: all. */
  readonly from: Start | null;
}

/**
 * @param entries - of the series, oldest first
 * @param isValid - whether nothing has changed up to a place, itself included; the places for which it is true come first
 */
export function findRestart(
  { kind, start, first, last, now, checkpoints }: SeriesState,
  entries: readonly Entry[],
  isValid: (place: PlaceInSeries) => boolean,
): Restart {
  const stay = entries.filter((entry) => isValid(entry.last)).length;
  const valid = checkpoints
    .map((bytes) => ({ bytes, ...readCheckpoint(bytes) }))
    .filter((checkpoint) => isValid(checkpoint.last));
  const kept = { entries: stay, checkpoints: valid.map(({ bytes }) => bytes) };
  if (last !== null && isValid(last)) {
    return { state: { ...kept, regime: Regime.read(kind, now), first, last }, from: startAfter(last) };
  }
  const newest = valid.findLast((checkpoint) => checkpoint.entries === stay);
  if (newest) {
    const firstOfRegime = entries[stay]?.first ?? first;
    return {
      state: { ...kept, ...atCheckpoint(kind, newest), first: firstOfRegime },
      from: startAfter(newest.last),
    };
  }
  const before = entries[stay - 1];
  const isRegimeKnown = before !== undefined && !before.isFrozen;
  return {
    state: { ...kept, regime: Regime.empty(kind), first: null, last: isRegimeKnown ? before.last : null },
    from: isRegimeKnown ? startAfter(before.last) : start,
  };
}

function atCheckpoint(kind: ChangeKind, { regime, last }: Checkpoint): Pick<WalkState, "regime" | "last"> {
  return { regime: Regime.read(kind, regime), last };
}
