/**
 * Bags of words. The five states say nothing about them: the state is always `unknown`, with confidence 0. Only evidence reads the words
 * of the sessions.
 */
import type { Merger, Verdict, WindowTail } from "./merger.ts";
import { advanceWindow, lastValue, summarizeWindow } from "./window-tail.ts";

export const bag: Merger<WindowTail> = {
  summarize: (series, thresholds) => summarizeWindow("bag", series, thresholds),
  advance: advanceWindow,
  judge,
};

function judge(tail: WindowTail): Verdict {
  return {
    state: "unknown",
    currentValue: lastValue(tail),
    confidence: 0,
    rule: "bag_has_no_state",
    statistic: 0,
    threshold: 0,
  };
}
