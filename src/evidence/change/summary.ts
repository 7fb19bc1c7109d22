/** Summaries of a regime's members before and after its likeliest change, and how far they lie apart. */
import type { JsonValue } from "../../core/index.ts";
import { CHANGE } from "../constants.ts";
import { valueOfKept } from "./digest.ts";

/** Numbers: median and quartiles of the members, by linear interpolation; null if no member is left on this side. */
export interface NumericSummary {
  /** Observations of the regime on this side, of which the members are a sample. */
  readonly count: number;
  readonly median: number | null;
  readonly quartiles: readonly [number, number] | null;
}

/** Other values: the share of each among the members, largest first (tie: the one that joined first), at most `CHANGE.listedValues`. */
export interface SharesSummary {
  readonly count: number;
  /** A value of which only a digest is kept is `{ digest: "<32 hex>" }`. */
  readonly shares: readonly { readonly value: JsonValue; readonly share: number }[];
}

/** In wire form. */
export type Summary = NumericSummary | SharesSummary;

/** Observations of the regime before the change, and from it on. */
export interface SplitCounts {
  readonly before: number;
  readonly after: number;
}

export interface Split {
  readonly before: Summary;
  readonly after: Summary;
  /**
   * Numbers: shift of the median over |median before|, or over 1 if that is 0. Others: total variation, 0–1. Null if no member is left on
   * one side, which happens only if the change is very early or very late in a long regime.
   */
  readonly effect: number | null;
}

/** @param before - in any order, as is `after` */
export function splitNumbers(before: Float64Array, after: Float64Array, counts: SplitCounts): Split {
  const first = numericSummary(before, counts.before);
  const second = numericSummary(after, counts.after);
  return { before: first, after: second, effect: shiftOf(first.median, second.median) };
}

/** @param before - kept texts in order of joining, as is `after` */
export function splitTexts(before: readonly string[], after: readonly string[], counts: SplitCounts): Split {
  const first = sharesOf(before);
  const second = sharesOf(after);
  return {
    before: { count: counts.before, shares: listed(first) },
    after: { count: counts.after, shares: listed(second) },
    effect: before.length === 0 || after.length === 0 ? null : totalVariation(first, second),
  };
}

function numericSummary(values: Float64Array, count: number): NumericSummary {
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

function shiftOf(before: number | null, after: number | null): number | null {
  if (before === null || after === null) return null;
  const shift = (after - before) / (before === 0 ? 1 : Math.abs(before));
  return Math.max(-Number.MAX_VALUE, Math.min(shift, Number.MAX_VALUE));
}

/** The share of each text, in order of first appearance. */
function sharesOf(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  for (const [text, count] of counts) counts.set(text, count / texts.length);
  return counts;
}

function listed(shares: ReadonlyMap<string, number>): { value: JsonValue; share: number }[] {
  return [...shares]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, CHANGE.listedValues)
    .map(([text, share]) => ({ value: valueOfKept(text), share }));
}

/** Half the sum of the differences of all shares: 0 if they are equal, 1 if no value occurs in both. */
function totalVariation(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const [text, share] of a) sum += Math.abs(share - (b.get(text) ?? 0));
  for (const [text, share] of b) if (!a.has(text)) sum += share;
  return Math.min(sum / 2, 1);
}
