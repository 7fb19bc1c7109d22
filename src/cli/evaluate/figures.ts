/** Figures of an evaluation: what was measured for each contender, the bar, and the verdict. */
import type { Estimate } from "./statistics.ts";

/** What a figure counts. */
export type Unit = "share" | "index" | "observations" | "µs" | "ms" | "times";

/** What a figure must keep: at most or at least a value, in the figure's unit. */
export type Bar = { readonly most: number } | { readonly least: number };

/** One figure for each contender; null where it does not apply. */
export interface Figure {
  /** Unique. */
  readonly name: string;
  readonly what: string;
  readonly unit: Unit;
  readonly never: Estimate | null;
  readonly states: Estimate | null;
  readonly evidence: Estimate | null;
  /** What evidence must keep, or null if the figure is only reported. */
  readonly bar: Bar | null;
}

/** A part's figures by kind, without bars. */
export interface DetailTable {
  readonly title: string;
  readonly unit: Unit;
  readonly columns: readonly string[];
  /** As many cells as columns. */
  readonly rows: readonly { readonly name: string; readonly cells: readonly (Estimate | null)[] }[];
}

/** The figures of one question. */
export interface Part {
  readonly title: string;
  /** How they were measured, in one sentence. */
  readonly how: string;
  readonly figures: readonly Figure[];
  readonly details: DetailTable | null;
  /** Why there are no figures, or null. */
  readonly skipped: string | null;
}

/** `met`: the value keeps the bar. `by chance`: it does not, but its interval holds the bar. `missed`: it does not either. */
export type Verdict = "met" | "by chance" | "missed" | "reported";

/**
 * The verdict on evidence. A figure leaves its interval, and fails the evaluation, if the bar is better than the whole interval.
 * @example verdictOf({ …figure, evidence: shareOf(3, 200), bar: { most: 0.01 } }) // "by chance"
 */
export function verdictOf({ evidence, bar }: Pick<Figure, "evidence" | "bar">): Verdict {
  if (evidence === null || bar === null) return "reported";
  if (missBy(evidence.value, bar) <= 0) return "met";
  const best = "most" in bar ? evidence.low : evidence.high;
  return missBy(best, bar) <= 0 ? "by chance" : "missed";
}

/** By how much a value misses the bar; not positive if it keeps it. */
export function missBy(value: number, bar: Bar): number {
  return "most" in bar ? value - bar.most : bar.least - value;
}

/** The figures that leave their interval. */
export function missed(parts: readonly Part[]): Figure[] {
  return parts.flatMap(({ figures }) => figures).filter((figure) => verdictOf(figure) === "missed");
}
