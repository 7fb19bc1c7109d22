/**
 * Random histories with faults: deliveries are repeated, reordered, late; D1, the queue and the objects fail before or after
 * they did what was asked, or end; merges, unmerges, rebuilds, retention, erasures and pauses come in between, and overlap.
 * In the end everything is as the contract says. A seed makes a history; one that fails is reported with its seed, and the
 * first of a test is made smaller.
 */
import { describe, expect, inject, it, vi } from "vitest";
import { planOf } from "./generate.ts";
import { type Broken, playHistory, reportOf } from "./run.ts";

declare module "vitest" {
  interface ProvidedContext {
    readonly faults: {
      readonly runs: number;
      readonly seed: number;
      readonly fuzz: number;
      /** Plays that making a broken history smaller can take. */
      readonly shrink: number;
    };
  }
  interface TaskMeta {
    /** What a test did, by name; `npm run simulate:faults` adds it up. */
    counts?: Record<string, number>;
  }
}

const { runs, seed: firstSeed, shrink: shrinkingPlays } = inject("faults");
/** Histories of one test. */
const BLOCK = 10;

vi.spyOn(console, "error").mockImplementation(() => {});

describe("[§4] nothing is lost and nothing comes twice, whatever fails", () => {
  const blocks = Array.from({ length: Math.ceil(runs / BLOCK) }, (_, i) => {
    const from = firstSeed + i * BLOCK;
    return { from, to: Math.min(from + BLOCK, firstSeed + runs) - 1 };
  });
  it.for(blocks)("histories $from to $to", async ({ from, to }, { task }) => {
    const counts = {
      "faults struck": 0,
      "calls awaited": 0,
      "events published": 0,
      "changes proven": 0,
      "changes withdrawn": 0,
      "estimates of operators": 0,
    };
    task.meta.counts = counts;
    const broken: Broken[] = [];
    for (let seed = from; seed <= to; seed++) {
      const plan = planOf(seed);
      const played = await playHistory(plan);
      counts["faults struck"] += played.faultsStruck;
      counts["calls awaited"] += played.trace.length;
      counts["events published"] += played.published;
      counts["changes proven"] += played.evidence.changed;
      counts["changes withdrawn"] += played.evidence.withdrawn;
      counts["estimates of operators"] += played.evidence.operators;
      if (played.problems.length > 0) broken.push({ plan, problems: played.problems });
    }
    if (broken.length > 0) throw new Error(await reportOf(broken, shrinkingPlays));
    // Ten histories in which nothing failed would prove little.
    expect(counts["faults struck"]).toBeGreaterThanOrEqual(to - from + 1 < BLOCK ? 0 : 1);
    expect(counts["changes proven"]).toBeGreaterThanOrEqual(to - from + 1 < BLOCK ? 0 : 1);
  });
});
