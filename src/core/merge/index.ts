/** Merging: one merger per kind, in one table. A new kind needs a file, a line in the table, and the shared tests. */
import type { Member, MergeKind } from "../observation.ts";
import type { Thresholds } from "../thresholds.ts";
import { arraySeries } from "./array-series.ts";
import { bag } from "./bag.ts";
import { categorical } from "./categorical.ts";
import { hash } from "./hash.ts";
import type { Change, Merger, Series, Tail, Verdict } from "./merger.ts";
import { numeric } from "./numeric.ts";

export { arraySeries, mapHashWindow } from "./array-series.ts";
export { collectSeries, joinSeries, type SeriesCollector } from "./collected-series.ts";
export {
  type ChangingHashWindow,
  changingHashWindow,
  type HashWindowChange,
  NO_HASH_WINDOW,
  type StoredHashWindow,
} from "./hash-window-change.ts";
export { windowsOf } from "./window-tail.ts";
export {
  type Change,
  HASH_LISTED,
  type HashWindow,
  isSameKey,
  type Rule,
  type Series,
  type Tail,
  type Verdict,
} from "./merger.ts";

/** Each merger takes only tails of its own kind. `tail.kind` selects the merger. */
const mergers: Readonly<Record<MergeKind, Merger>> = { categorical, numeric, hash, bag };

/** The tail of a series, read from the whole of it. @throws RangeError if the series is empty */
export function summarize(kind: MergeKind, series: Series, thresholds: Thresholds): Tail {
  return mergers[kind].summarize(series, thresholds);
}

/** The tail after one more observation of its series. */
export function advance(tail: Tail, change: Change, thresholds: Thresholds, series: Series): Tail {
  return mergers[tail.kind].advance(tail, change, thresholds, series);
}

/** The outcome of a tail: state, value, confidence, and the deciding comparison. */
export function judge(tail: Tail, thresholds: Thresholds): Verdict {
  return mergers[tail.kind].judge(tail, thresholds);
}

/** The outcome of a series, as in the contract. */
export interface Outcome extends Verdict {
  readonly observationCount: number;
  readonly lastObservationTs: number;
}

/**
 * Merges a whole series. Every incremental state must equal its result.
 * @param members - the series in any order, one member per key
 * @throws RangeError if it is empty
 * @example merge("hash", [{ value: '"a"', ts: 1, evidenceRef: "e", attackerUuid: "u" }], STANDARD_THRESHOLDS).state // "stable"
 */
export function merge(kind: MergeKind, members: readonly Member[], thresholds: Thresholds): Outcome {
  const tail = summarize(kind, arraySeries(kind, members), thresholds);
  return { ...judge(tail, thresholds), observationCount: tail.count, lastObservationTs: tail.lastTs };
}
