/** Summaries of a regime's members before and after its likeliest change, and how far they lie apart. */
import { numericSummary, sharesOf, sharesSummary, type Summary } from "../statistics.ts";
import { valueOfKept } from "./digest.ts";

/** Observations of the regime before the change, and from it on. */
export interface SplitCounts {
  readonly before: number;
  readonly after: number;
}

/** Both sides of a change. Plain data. */
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
    before: sharesSummary(first, counts.before, valueOfKept),
    after: sharesSummary(second, counts.after, valueOfKept),
    effect: before.length === 0 || after.length === 0 ? null : totalVariation(first, second),
  };
}

function shiftOf(before: number | null, after: number | null): number | null {
  if (before === null || after === null) return null;
  const shift = (after - before) / (before === 0 ? 1 : Math.abs(before));
  return Math.max(-Number.MAX_VALUE, Math.min(shift, Number.MAX_VALUE));
}

/** Half the sum of the differences of all shares: 0 if they are equal, 1 if no value occurs in both. */
function totalVariation(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const [text, share] of a) sum += Math.abs(share - (b.get(text) ?? 0));
  for (const [text, share] of b) if (!a.has(text)) sum += share;
  return Math.min(sum / 2, 1);
}
