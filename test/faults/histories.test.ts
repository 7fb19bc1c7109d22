/**
 * Random histories with faults: deliveries doubled, mixed up, late; D1, the queue and the objects failing before or after
 * they did what was asked, or dying; merges, erasures, pauses and all the rest in between. In the end everything is so
 * as the contract says. A seed makes a history; one that fails is told with its seed and made smaller.
 */
import { describe, expect, inject, it, vi } from "vitest";
import { playSeed } from "./run.ts";

declare module "vitest" {
  interface ProvidedContext {
    readonly faults: { readonly runs: number; readonly seed: number; readonly fuzz: number };
  }
  interface TaskMeta {
    /** What a test did, by name; `npm run simulate:faults` adds it up. */
    counts?: Record<string, number>;
  }
}

const { runs, seed: firstSeed } = inject("faults");
/** Histories of one test. */
const BLOCK = 10;

vi.spyOn(console, "error").mockImplementation(() => {});

describe("[§4] nothing is lost and nothing comes twice, whatever fails", () => {
  const blocks = Array.from({ length: Math.ceil(runs / BLOCK) }, (_, i) => {
    const from = firstSeed + i * BLOCK;
    return { from, to: Math.min(from + BLOCK, firstSeed + runs) - 1 };
  });
  it.for(blocks)("histories $from to $to", async ({ from, to }, { task }) => {
    const counts = { "faults struck": 0, "calls awaited": 0, "events published": 0 };
    task.meta.counts = counts;
    for (let seed = from; seed <= to; seed++) {
      const played = await playSeed(seed);
      counts["faults struck"] += played.faultsStruck;
      counts["calls awaited"] += played.trace.length;
      counts["events published"] += played.published;
    }
    // Ten histories in which nothing failed would say little.
    expect(counts["faults struck"]).toBeGreaterThanOrEqual(to - from + 1 < BLOCK ? 0 : 1);
  });
});
