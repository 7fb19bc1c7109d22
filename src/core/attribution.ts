/** The state of one (identity, primitive), and the rule by which it changes (contract §4). */
import { judge, type Tail, type Verdict } from "./merge/index.ts";
import type { State } from "./observation.ts";
import type { Thresholds } from "./thresholds.ts";

/** What is answered and stored for one (identity, primitive). Times are epoch seconds. */
export interface Attribution {
  /** Canonical JSON. */
  readonly currentValue: string;
  readonly state: State;
  /** 0–1. */
  readonly confidence: number;
  readonly observationCount: number;
  /** When the state last changed: "stable since". */
  readonly lastChangeTs: number;
  readonly lastObservationTs: number;
}

/** A judged tail beside what was stored before it. */
export interface Comparison {
  readonly attribution: Attribution;
  readonly verdict: Verdict;
  /** Whether a transition is due: the state differs, or there was none. */
  readonly isTransition: boolean;
}

/** Judges a tail and compares the state with the one before: only a change moves `lastChangeTs`. */
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
