/** The state of one (identity, primitive), and the rule by which it changes (contract §4). */
import { judge, type Tail, type Verdict } from "./merge/index.ts";
import type { State } from "./observation.ts";
import type { Thresholds } from "./thresholds.ts";

/** The state of one (identity, primitive), as it is stored and returned. Times are epoch seconds. */
export interface Attribution {
  /** Canonical JSON. */
  readonly currentValue: string;
  readonly state: State;
  /** 0–1. */
  readonly confidence: number;
  readonly observationCount: number;
  /** Time of the last change of the state. */
  readonly lastChangeTs: number;
  readonly lastObservationTs: number;
}

/** The outcome of a tail, compared with the attribution before it. */
export interface Comparison {
  readonly attribution: Attribution;
  readonly verdict: Verdict;
  /** Whether to publish a transition: the state differs, or there was none. */
  readonly isTransition: boolean;
}

/** Calculates the outcome of a tail and compares its state with the one before. Only a change of state changes `lastChangeTs`. */
export function compare(before: Attribution | null, tail: Tail, thresholds: Thresholds): Comparison {
  const verdict = judge(tail, thresholds);
  const isTransition = before === null || before.state !== verdict.state;
  const attribution = {
    currentValue: verdict.currentValue,
    state: verdict.state,
    confidence: verdict.confidence,
    observationCount: tail.count,
    lastChangeTs: isTransition ? tail.lastTs : before.lastChangeTs,
    lastObservationTs: tail.lastTs,
  };
  return { attribution, verdict, isTransition };
}
