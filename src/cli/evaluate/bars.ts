/** Every bar of the evaluation, with its unit and reason. The figures are named as in `parts/`. */
import { NOTED_AT, STANDARD_EVIDENCE } from "../../evidence/constants.ts";
import type { Bar } from "./figures.ts";

/** The thresholds that are evaluated: from which a series is noted, and a change published. */
export const LEVELS = ["noted", "changed"] as const;
export type Level = (typeof LEVELS)[number];
export const THRESHOLDS: Readonly<Record<Level, number>> = {
  noted: NOTED_AT,
  changed: STANDARD_EVIDENCE.threshold,
};

/** @example thresholdText("changed") // "threshold 3,200" */
export function thresholdText(level: Level): string {
  return `threshold ${THRESHOLDS[level].toLocaleString("en-GB")}`;
}

/** What evidence must keep. */
export const BARS = {
  /** Share of unchanged series that alarm at 100. Ville's inequality allows 1 %. */
  stationary_noted: { most: 0.01 },
  /** Share of unchanged identities of 32 primitives that alarm at 3,200. Ville's inequality allows 1 %. */
  identities_changed: { most: 0.01 },
  /** Shares of changes after 30 observations that are seen, mean of twelve kinds: a hunter hears of most within ten sessions. */
  seen_10_noted: { least: 0.7 },
  seen_20_noted: { least: 0.85 },
  seen_10_changed: { least: 0.5 },
  seen_20_changed: { least: 0.77 },
  /** Share of identities with one operator that are called several. */
  one_operator: { most: 0.01 },
  /** Shares of identities with two operators that are called two, at 40 and at 64 sessions. */
  two_operators_40: { least: 0.68 },
  two_operators_64: { least: 0.74 },
  /** Adjusted Rand index of the assignment of sessions. */
  two_operators_rand: { least: 0.65 },
  /** Share of identities with three operators that are called three. */
  three_operators: { least: 0.95 },
  /** Microseconds per observation, steady state. A session must not wait for evidence. */
  step_us: { most: 5 },
  /** Milliseconds per estimate of 64 sessions of 10 traits. */
  operators_ms: { most: 20 },
} as const satisfies Record<string, Bar>;
