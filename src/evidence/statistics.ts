/**
 * Summaries of values, as the API and the events give them: median and quartiles of numbers, shares of other values. Reading values and
 * choosing which ones are summarised is left to the callers.
 */
import { compareUtf8, type JsonValue } from "../core/index.ts";

/** A value, or the first 128 bits of its digest if only that is kept. */
export type SharedValue = JsonValue | { readonly digest: string };

/** The values of a numeric primitive. */
export interface NumberSummary {
  /** Values, ≥ 1. */
  readonly count: number;
  readonly median: number;
  /** Lower and upper quartile. */
  readonly quartiles: readonly [number, number];
}

/** The values of any other primitive. */
export interface ShareSummary {
  readonly count: number;
  /** The commonest values, largest share first; at most `MOST_SHARES`. */
  readonly shares: readonly { readonly value: SharedValue; readonly share: number }[];
}

/** A summary in the form of the API and the events. */
export type Summary = NumberSummary | ShareSummary;

/** Values in a summary. Rarer ones are left out, and the shares add up to less than 1. */
export const MOST_SHARES = 16;

/**
 * The quantile of sorted numbers, interpolated linearly between neighbours.
 * @param sorted - ascending, at least one
 * @param share - 0–1
 * @example quantile([1, 2, 4], 0.75) // 3
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = share * (sorted.length - 1);
  const lower = Math.floor(place);
  const low = sorted[lower] ?? NaN;
  const high = sorted[Math.min(lower + 1, sorted.length - 1)] ?? NaN;
  // Two products: the difference of the largest numbers would be infinite.
  const part = place - lower;
  return part === 0 ? low : low * (1 - part) + high * part;
}

/**
 * Median and quartiles.
 * @param values - finite, in any order
 * @throws RangeError if there is none
 */
export function summarizeNumbers(values: ArrayLike<number>): NumberSummary {
  if (values.length === 0) throw new RangeError("a summary needs at least one number, got none");
  const sorted = Float64Array.from(values).toSorted();
  return {
    count: values.length,
    median: quantile(sorted, 0.5),
    quartiles: [quantile(sorted, 0.25), quantile(sorted, 0.75)],
  };
}

/**
 * Shares of values.
 * @param counts - how often each value occurs, > 0, by its text (canonical JSON, or a digest's name)
 * @param valueOf - the value that a text stands for; by default canonical JSON
 */
export function summarizeCounts(
  counts: ReadonlyMap<string, number>,
  valueOf: (text: string) => SharedValue = parseValue,
): ShareSummary {
  let count = 0;
  for (const times of counts.values()) count += times;
  const shares = [...counts]
    .toSorted(([a, timesA], [b, timesB]) => timesB - timesA || compareUtf8(a, b))
    .slice(0, MOST_SHARES)
    .map(([text, times]) => ({ value: valueOf(text), share: times / count }));
  return { count, shares };
}

function parseValue(text: string): SharedValue {
  const value: JsonValue = JSON.parse(text);
  return value;
}
