/** Random histories of identities whose series are followed. */
import { expect, it } from "vitest";
import { playHistory } from "./hook-history.ts";

const RUNS = Number(process.env["EVIDENCE_RUNS"] ?? 300);
const FIRST_SEED = Number(process.env["FAULT_SEED"] ?? 1);

it("what stands is what the stored series gives from nothing, and what was published and not withdrawn", () => {
  const seen = { changed: 0, withdrawn: 0, frozen: 0 };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) expect(playHistory(seed, seen)).toEqual([]);
  expect(seen.changed).toBeGreaterThan(5);
  expect(seen.withdrawn).toBeGreaterThan(100);
  expect(seen.frozen).toBeGreaterThan(100);
});
