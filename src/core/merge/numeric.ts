/** Merges numbers (contract §3, numeric) by exponentially weighted means and their variation. */
import type { Member } from "../observation.ts";
import type { Thresholds } from "../thresholds.ts";
import type { Merger, Verdict, WindowTail } from "./merger.ts";
import { advanceWindow, summarizeWindow, windowsOf } from "./window-tail.ts";

/** Variation of a window whose mean is 0 but whose values are not: above any threshold, and finite in JSON. */
const UNBOUNDED_CV = 1e9;

export const numeric: Merger<WindowTail> = {
  summarize: (series, thresholds) => summarizeWindow("numeric", series, thresholds),
  advance: advanceWindow,
  judge,
};

function judge(tail: WindowTail, thresholds: Thresholds): Verdict {
  const { recent, older } = windowsOf(tail, thresholds);
  const values = recent.map(numberOf);
  const last = values.at(-1);
  if (tail.informative < thresholds.minimumObservations || last === undefined) {
    return {
      state: "unknown",
      currentValue: last === undefined ? '"unknown"' : JSON.stringify(last),
      confidence: 0,
      rule: "too_few_observations",
      statistic: tail.informative,
      threshold: thresholds.minimumObservations,
    };
  }
  const mean = ewma(values, thresholds.numericEwmaAlpha);
  const cv = variation(values, mean);
  const currentValue = JSON.stringify(mean);
  const variationCompared = { statistic: cv, threshold: thresholds.numericConflictCv };
  if (cv > thresholds.numericConflictCv) {
    return {
      state: "conflicted",
      currentValue,
      confidence: 0.5,
      rule: "variation_above_conflict",
      ...variationCompared,
    };
  }
  const confidence = Math.max(0, 1 - Math.min(cv, 1));
  if (older.length === 0) {
    return {
      state: "stable",
      currentValue,
      confidence,
      rule: "variation_within_conflict",
      ...variationCompared,
    };
  }
  const meanBefore = ewma(older.map(numberOf), thresholds.numericEwmaAlpha);
  const shift = finite(Math.abs(mean - meanBefore) / (meanBefore === 0 ? 1 : Math.abs(meanBefore)));
  const isDrifting = shift >= thresholds.numericDriftShift;
  return {
    state: isDrifting ? "drifting" : "stable",
    currentValue,
    confidence,
    rule: isDrifting ? "mean_shifted" : "mean_held",
    statistic: shift,
    threshold: thresholds.numericDriftShift,
  };
}

/** The number, or 1 or 0 for a boolean. */
function numberOf(member: Member): number {
  if (member.value === "true") return 1;
  if (member.value === "false") return 0;
  return Number(member.value);
}

/**
 * Exponentially weighted mean of a window, oldest value first: s starts at the first value, then s ← α·v + (1−α)·s.
 * @param alpha - weight of each newer value, above 0 to 1
 * @throws RangeError if the window is empty
 * @example ewma([10, 20], 0.3) // 13
 */
export function ewma(values: readonly number[], alpha: number): number {
  const [first, ...rest] = values;
  if (first === undefined) throw new RangeError("ewma needs at least one value, got none");
  let mean = first;
  for (const value of rest) mean = alpha * value + (1 - alpha) * mean;
  return mean;
}

/** Coefficient of variation around the EWMA: root of the mean squared deviation, over the mean's magnitude. */
function variation(values: readonly number[], mean: number): number {
  let sum = 0;
  for (const value of values) sum += (value - mean) ** 2;
  const deviation = Math.sqrt(sum / values.length);
  if (mean !== 0) return finite(deviation / Math.abs(mean));
  return values.every((value) => value === mean) ? 0 : UNBOUNDED_CV;
}

/** Replaces an infinite quotient by the largest number, because JSON has no infinity. */
function finite(quotient: number): number {
  return Math.min(quotient, Number.MAX_VALUE);
}
