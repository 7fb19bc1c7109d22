/** Random histories of identities whose series are followed; `EVIDENCE_RUNS=3000` runs more. */
import { expect, it } from "vitest";
import { playHistory } from "./hook-history.ts";

const RUNS = Number(process.env["EVIDENCE_RUNS"] ?? 80);
const FIRST_SEED = Number(process.env["FAULT_SEED"] ?? 1);
/** Number of histories per test. */
const BLOCK = 40;

const blocks = Array.from({ length: Math.ceil(RUNS / BLOCK) }, (_, i) => FIRST_SEED + i * BLOCK);
it.each(blocks)("[evidence: change] what stands is what the stored series gives, from seed %i on", (from) => {
  const seen = { changed: 0, withdrawn: 0, frozen: 0 };
  const end = Math.min(from + BLOCK, FIRST_SEED + RUNS);
  for (let seed = from; seed < end; seed++) expect(playHistory(seed, seen)).toEqual([]);
  expect(seen.changed).toBeGreaterThan(5);
  expect(seen.withdrawn).toBeGreaterThan(0);
  expect(seen.frozen).toBeGreaterThan(0);
});
