/**
 * Caches what the kept bytes of a series hold. A regime is taken out before it steps on, and goes back under the new bytes: if a decision is
 * not saved, the old bytes are read again.
 */
import { Regime } from "../change/index.ts";
import {
  readSeries,
  type SeriesFigures,
  type SeriesState,
  splitSeries,
  writeSeries,
  writeSingle,
} from "./kept-series.ts";
import type { Start } from "./start.ts";
import type { FollowedBy, WalkState } from "./walk.ts";

interface Cached {
  readonly state: SeriesState;
  regime: Regime | null;
}

/** By the bytes, which are never changed in place. */
const cache = new WeakMap<Uint8Array, Cached>();

/** What the bytes hold; null if it is no series that is followed. */
export function stateOf(kept: Uint8Array | null): SeriesState | null {
  if (kept === null) return null;
  const known = cache.get(kept);
  if (known) return known.state;
  const state = readSeries(kept);
  if (state) cache.set(kept, { state, regime: null });
  return state;
}

/** The state from which the series goes on. @param kept - bytes that hold a series */
export function takeState(
  kept: Uint8Array,
  { kind, first, last, now, entries, checkpoints }: SeriesState,
): WalkState {
  const known = cache.get(kept);
  const regime = known?.regime ?? Regime.read(kind, now);
  if (known) known.regime = null;
  return { regime, first, last, entries, checkpoints };
}

/**
 * The bytes of a state.
 * @param walked - its regime must not step on any more, but by `takeState`
 * @param lastChange - of the changes that stand
 */
export function keep(
  walked: WalkState,
  { kind, rules }: Pick<FollowedBy, "kind" | "rules">,
  start: Start | null,
  { changedSinceTs, changedTs }: Omit<SeriesFigures, "e">,
): Uint8Array {
  const { regime, ...places } = walked;
  if (regime.count === 1 && regime.firstTs !== null && start === null && walked.entries === 0) {
    return writeSingle(kind, regime.firstTs);
  }
  const state = {
    ...places,
    kind,
    stamp: rules.stamps[kind],
    e: regime.e,
    changedSinceTs,
    changedTs,
    start,
    now: regime.write(),
  };
  const kept = writeSeries(state);
  // Views of the bytes, so that nothing is held twice.
  const { now, checkpoints } = splitSeries(kept);
  cache.set(kept, { state: { ...state, now, checkpoints, singleTs: null }, regime });
  return kept;
}
