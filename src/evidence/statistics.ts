/**
 * Summaries of values in wire form, as events and the API give them: median and quartiles of numbers, shares of other values. Which values
 * are summarised is left to the callers.
 */
import type { JsonValue } from "../core/index.ts";
import { CHANGE } from "./constants.ts";

/** Numbers: median and quartiles, by linear interpolation; null if there is no value. */
export interface NumericSummary {
  /** What the values stand for: as many, or more if they are a sample. */
  readonly count: number;
  readonly median: number | null;
  readonly quartiles: readonly [number, number] | null;
}

/** Other values: the share of each, largest first (tie: the one that came first), at most `CHANGE.listedValues`. */
export interface SharesSummary {
  readonly count: number;
  /** A value of which only a digest is kept is `{ digest: "<32 hex>" }`. */
  readonly shares: readonly { readonly value: JsonValue; readonly share: number }[];
}

/** In wire form. */
export type Summary = NumericSummary | SharesSummary;

/**
 * Summarises numbers.
 * @param values - finite, in any order
 * @example numericSummary(Float64Array.of(3, 1, 2), 3) // { count: 3, median: 2, quartiles: [1.5, 2.5] }
 */
export function numericSummary(values: Float64Array, count: number): NumericSummary {
  if (values.length === 0) return { count, median: null, quartiles: null };
  const sorted = values.toSorted();
  return {
    count,
    median: quantile(sorted, 1 / 2),
    quartiles: [quantile(sorted, 1 / 4), quantile(sorted, 3 / 4)],
  };
}

/**
 * The quantile of sorted numbers by linear interpolation: of n it lies at place share · (n − 1), from 0.
 * @param share - 0–1
 * @example quantile(Float64Array.of(1, 2), 1 / 4) // 1.25
 */
export function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const part = place - Math.floor(place);
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? Number.NaN;
  // Neither a difference nor a sum of two values is formed: they can be the largest numbers.
  return low === high ? low : low * (1 - part) + high * part;
}

/** The share of each text, in order of first appearance. */
export function sharesOf(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  for (const [text, count] of counts) counts.set(text, count / texts.length);
  return counts;
}

/**
 * The commonest values of some shares.
 * @param shares - by text
 * @param valueOf - the value that a text stands for
 */
export function sharesSummary(
  shares: ReadonlyMap<string, number>,
  count: number,
  valueOf: (text: string) => JsonValue,
): SharesSummary {
  const listed = [...shares].toSorted(([, a], [, b]) => b - a).slice(0, CHANGE.listedValues);
  return { count, shares: listed.map(([text, share]) => ({ value: valueOf(text), share })) };
}
