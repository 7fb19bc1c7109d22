/**
 * Compares the cost of an observation after a history of 10,000 with its cost after a history of 10: time and rows. The
 * cases without a bar use random evidence pointers, like Cowrie's session ids.
 */
import { type Measure, type MeasureName, measureOf } from "../../../bench/measures.ts";
import type { Counted } from "../../../bench/protocol.ts";
import { median, ratiosOf, type Spread, spreadOf } from "../../../bench/statistics.ts";
import type { Workload } from "../../../bench/workload.ts";
import type { Bench } from "../bench.ts";
import { caseSuite } from "../case-suite.ts";
import { millis, spreadText } from "../figures.ts";
import type { BenchRuntime } from "../runtime.ts";

const CASES = [
  { name: "flat_categorical", mix: "categorical", pointers: "by_day" },
  { name: "flat_numeric", mix: "numeric", pointers: "by_day" },
  { name: "flat_hash", mix: "hash", pointers: "by_day" },
  { name: "flat_categorical_by_chance", mix: "categorical", pointers: "by_chance" },
  { name: "flat_numeric_by_chance", mix: "numeric", pointers: "by_chance" },
  { name: "flat_hash_by_chance", mix: "hash", pointers: "by_chance" },
] as const satisfies ({ name: MeasureName } & Pick<Workload, "mix" | "pointers">)[];

type Case = (typeof CASES)[number];

/** Observations of each attacker before timing begins. */
const SHORT = 10;
const LONG = 10_000;
/** Identities in a batch, and observations of each identity in it. */
const ATTACKERS = 10;
const EACH = 10;
/** Batches that are timed together. */
const BATCHES = 3;
const WARM_UP = 3;

export const flatSuite = caseSuite({
  name: "long histories",
  cases: CASES,
  // Two steps besides the rounds: the long histories are stored, the rows are counted.
  steps: (bench) => WARM_UP + roundsOf(bench) + 2,
  measure,
});

function roundsOf(bench: Bench): number {
  return bench.times(21, 3);
}

async function measure(bench: Bench, given: Case): Promise<Measure> {
  const { name } = given;
  const runtime = await bench.runtime();
  const { ratios, longMs, shortMs } = await timed(bench, given);
  const rows = [await rowsAfter(runtime, given, SHORT), await rowsAfter(runtime, given, LONG)];
  bench.step(`${name}: rows counted`);
  const areRowsEqual = JSON.stringify(rows[0]) === JSON.stringify(rows[1]);
  bench.raw[name] = { ratios, longMs, shortMs, rowsShort: rows[0], rowsLong: rows[1] };
  return measureOf(
    name,
    ratios.median,
    `${spreadText(ratios)}; ${millis(longMs)} against ${millis(shortMs)} an observation; rows ${areRowsEqual ? "equal" : "differ"}`,
    areRowsEqual,
  );
}

/** Times batches after long histories and after short ones. The milliseconds are those of one observation. */
async function timed(
  bench: Bench,
  { name, mix, pointers }: Case,
): Promise<{ ratios: Spread; longMs: number; shortMs: number }> {
  const runtime = await bench.runtime();
  const base = { firstAttacker: 0, mix, from: 0, order: "by_attacker", perMessage: 1, pointers } as const;
  const long = { ...base, group: `${name}-long`, attackers: ATTACKERS };
  await runtime.fill("ours", { ...long, perAttacker: LONG });
  bench.step(`${name}: filled`);
  const pairs = await bench.pairs(name, { rounds: roundsOf(bench), warmUp: WARM_UP }, async (i) => {
    // Each round takes new attackers, so that the short histories stay short.
    const short = { ...base, group: `${name}-${i}`, attackers: ATTACKERS * BATCHES };
    await runtime.fill("ours", { ...short, perAttacker: SHORT });
    await runtime.prepare("short", { ...short, from: SHORT, perAttacker: EACH });
    const perAttacker = EACH * BATCHES;
    const from = LONG + i * perAttacker;
    await runtime.prepare("long", { ...long, from, perAttacker, order: "in_turn" });
    return { a: bench.timing(runtime, "long", "ours"), b: bench.timing(runtime, "short", "ours") };
  });
  const observations = ATTACKERS * EACH * BATCHES;
  return {
    ratios: spreadOf(ratiosOf(pairs)),
    longMs: median(pairs.map(({ a }) => a)) / observations,
    shortMs: median(pairs.map(({ b }) => b)) / observations,
  };
}

/** Rows that a batch of one identity reads and writes after a history of a given length. */
async function rowsAfter(
  runtime: BenchRuntime,
  { name, mix, pointers }: Case,
  history: number,
): Promise<Record<string, number>> {
  const workload = {
    group: `${name}-rows-${history}`,
    firstAttacker: 0,
    attackers: 1,
    mix,
    from: 0,
    order: "by_attacker",
    perMessage: 1,
    pointers,
  } as const;
  await runtime.fill("metered", { ...workload, perAttacker: history });
  // One message first, so that the object is in memory when counting begins.
  await runtime.prepare("rows", { ...workload, from: history, perAttacker: 1 });
  await runtime.ask({ command: "run", name: "rows", consumer: "metered" });
  await runtime.prepare("rows", { ...workload, from: history + 1, perAttacker: 100 });
  return rowsOf(await runtime.count("rows"));
}

function rowsOf({ worker, objects }: Counted): Record<string, number> {
  return {
    d1Read: worker.d1Read + objects.d1Read,
    d1Written: worker.d1Written + objects.d1Written,
    objectRead: objects.objectRead,
    objectWritten: objects.objectWritten,
  };
}
