/** Follows a series when every stored observation of an identity is passed again. */
import type { RecomputeReason } from "../../core/index.ts";
import { startAnew } from "./arrivals.ts";
import { stateOf } from "./cache.ts";
import { frozen } from "./entry.ts";
import { ExpiredRun } from "./expired-run.ts";
import type { SeriesState } from "./kept-series.ts";
import { hasStamp } from "./rules.ts";
import { Entries, type SeriesInDecision, type SeriesRun } from "./run.ts";
import { WholeRun } from "./whole-run.ts";

/** @param reason - decides where the series starts, and which changes stay without being computed again */
export function followAgain(series: SeriesInDecision, reason: RecomputeReason): SeriesRun {
  const { kept, kind, rules } = series;
  const state = reason.kind === "rebuilt" ? readableState(kept) : stateOf(kept);
  const isOfRules = state !== null && hasStamp(state.stamp, rules.stamps[kind]);
  if (reason.kind === "expired" && isOfRules) return new ExpiredRun(series, state, reason.beforeTs);
  const entries = new Entries(series.entries());
  const frozenOnes =
    state === null || isOfRules ? entries.list.filter(({ isFrozen }) => isFrozen) : entries.list.map(frozen);
  if (reason.kind === "rebuilt" || state === null) {
    // What an erased attacker had a share in cannot be recomputed, so it does not stay.
    const stay = reason.kind === "erased" ? [] : frozenOnes;
    return new WholeRun(series, entries, { start: null, frozen: stay, stays: "if_older", readFromTs: null });
  }
  return new WholeRun(series, entries, {
    start: isOfRules ? state.start : startAnew(state),
    frozen: reason.kind === "erased" ? [] : frozenOnes,
    stays: "always",
    readFromTs: null,
    isMovable: true,
  });
}

/** A rebuild also repairs damaged bytes. */
function readableState(kept: Uint8Array | null): SeriesState | null {
  try {
    return stateOf(kept);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
