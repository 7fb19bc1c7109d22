/** Merges values that are compared for equality only (contract §3, categorical): also bool, free_string and array. */
import type { Member } from "../observation.ts";
import type { Thresholds } from "../thresholds.ts";
import type { Merger, Verdict, WindowTail } from "./merger.ts";
import { advanceWindow, lastValue, summarizeWindow, windowsOf } from "./window-tail.ts";

/** Minimum number of pairs of neighbours for an alternation. */
const ALTERNATION_MINIMUM = 4;

export const categorical: Merger<WindowTail> = {
  summarize: (series, thresholds) => summarizeWindow("categorical", series, thresholds),
  advance: advanceWindow,
  judge,
};

interface Top {
  readonly value: string;
  readonly count: number;
}

function judge(tail: WindowTail, thresholds: Thresholds): Verdict {
  const { minimumObservations, categoricalMajority } = thresholds;
  const currentValue = lastValue(tail);
  if (tail.informative < minimumObservations || tail.newest.length === 0) {
    return {
      state: "unknown",
      currentValue,
      confidence: 0,
      rule: "too_few_observations",
      statistic: tail.informative,
      threshold: minimumObservations,
    };
  }
  const { recent, older } = windowsOf(tail, thresholds);
  const top = topOf(recent);
  const confidence = top.count / recent.length;
  const needed = Math.min(categoricalMajority, recent.length);
  if (top.count >= needed) {
    const compared = { confidence, statistic: confidence, threshold: needed / recent.length };
    return { currentValue: top.value, ...compared, ...compareWithOlder(top, older, categoricalMajority) };
  }
  const alternation = alternationOf(recent);
  if (alternation.isAlternating) {
    return {
      state: "multi_actor",
      currentValue,
      confidence: Math.min(confidence, thresholds.multiActorConfidenceCap),
      rule: "alternating",
      statistic: alternation.flips,
      threshold: alternation.flipsNeeded,
    };
  }
  return {
    state: "conflicted",
    currentValue,
    confidence,
    rule: "not_clear",
    statistic: confidence,
    threshold: needed / recent.length,
  };
}

function compareWithOlder(
  top: Top,
  older: readonly Member[],
  majority: number,
): Pick<Verdict, "state" | "rule"> {
  if (older.length === 0) return { state: "stable", rule: "clear_without_older" };
  const before = topOf(older);
  if (before.count < Math.min(majority, older.length))
    return { state: "drifting", rule: "clear_after_unclear" };
  if (before.value !== top.value) return { state: "drifting", rule: "clear_but_changed" };
  return { state: "stable", rule: "clear_as_before" };
}

/** The most frequent value of a non-empty window; of equally frequent ones the latest. */
function topOf(members: readonly Member[]): Top {
  const counts = new Map<string, number>();
  for (const { value } of members) counts.set(value, (counts.get(value) ?? 0) + 1);
  let top: Top = { value: "", count: 0 };
  for (const { value } of members.toReversed()) {
    const count = counts.get(value) ?? 0;
    if (count > top.count) top = { value, count };
  }
  return top;
}

/** Whether two values alternate: neighbours differ at least twice as often as they agree. */
function alternationOf(members: readonly Member[]): {
  isAlternating: boolean;
  flips: number;
  flipsNeeded: number;
} {
  let flips = 0;
  for (const [i, member] of members.entries()) {
    if (i > 0 && members[i - 1]?.value !== member.value) flips++;
  }
  const repeats = members.length - 1 - flips;
  const flipsNeeded = 2 * Math.max(repeats, 1);
  const distinct = new Set(members.map(({ value }) => value)).size;
  const isAlternating = members.length >= ALTERNATION_MINIMUM && distinct === 2 && flips >= flipsNeeded;
  return { isAlternating, flips, flipsNeeded };
}
