/** Thousands of random histories of the pure parts; `npm run simulate:faults -- --pure 100000` runs more. */
import { expect, it } from "vitest";
import { playPureHistory } from "./pure-history.ts";

const RUNS = Number(process.env["PURE_RUNS"] ?? 2_000);
const FIRST_SEED = Number(process.env["FAULT_SEED"] ?? 1);
/** Number of histories per test. */
const BLOCK = 1_000;

const blocks = Array.from({ length: Math.ceil(RUNS / BLOCK) }, (_, i) => FIRST_SEED + i * BLOCK);
it.each(blocks)("[§3, §4] histories of the pure parts from seed %i on", (from) => {
  const end = Math.min(from + BLOCK, FIRST_SEED + RUNS);
  const problems: string[] = [];
  for (let seed = from; seed < end; seed++) problems.push(...playPureHistory(seed));
  expect(problems).toEqual([]);
});
