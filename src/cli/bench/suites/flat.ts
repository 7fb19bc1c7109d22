/** Whether an observation costs the same after a history of 10,000 as after one of 10: time, and rows. */
import { type Measure, type MeasureName, measureOf } from "../../../bench/measures.ts";
import type { Counted } from "../../../bench/protocol.ts";
import { median, ratiosOf, type Spread, spreadOf } from "../../../bench/statistics.ts";
import type { Workload } from "../../../bench/workload.ts";
import type { Bench, Suite } from "../bench.ts";
import { figure, millis, spreadText } from "../figures.ts";
import type { BenchRuntime } from "../runtime.ts";

const CASES = [
  { name: "flat_categorical", mix: "categorical" },
  { name: "flat_numeric", mix: "numeric" },
  { name: "flat_hash", mix: "hash" },
] as const satisfies { name: MeasureName; mix: Workload["mix"] }[];

const SHORT = 10;
const LONG = 10_000;
/** Identities of a batch, and observations of each in it. */
const ATTACKERS = 10;
const EACH = 10;
/** Batches that are timed together. */
const BATCHES = 3;
const WARM_UP = 3;

export const flatSuite: Suite = {
  name: "long histories",
  measures: CASES.map(({ name }) => name),
  steps: (bench) => casesOf(bench).length * (2 * (WARM_UP + roundsOf(bench) + 1) + 1),
  async run(bench) {
    const measures: Measure[] = [];
    for (const { name, mix } of casesOf(bench)) measures.push(await measure(bench, name, mix));
    return measures;
  },
};

function casesOf(bench: Bench) {
  return CASES.filter(({ name }) => bench.wanted.has(name));
}

function roundsOf(bench: Bench): number {
  return bench.times(21, 3);
}

async function measure(bench: Bench, name: MeasureName, mix: Workload["mix"]): Promise<Measure> {
  const runtime = await bench.runtime();
  const byDay = await timed(bench, name, mix, "by_day");
  const byChance = await timed(bench, name, mix, "by_chance");
  const rows = [await rowsAfter(runtime, name, mix, SHORT), await rowsAfter(runtime, name, mix, LONG)];
  bench.step(`${name}: rows counted`);
  const areRowsEqual = JSON.stringify(rows[0]) === JSON.stringify(rows[1]);
  bench.raw[name] = { byDay, byChance, rowsShort: rows[0], rowsLong: rows[1] };
  const { ratios, longMs, shortMs } = byDay;
  return measureOf(
    name,
    ratios.median,
    `${spreadText(ratios)}; ${millis(longMs)} against ${millis(shortMs)} an observation; rows ${areRowsEqual ? "equal" : "differ"}; with evidence pointers made by chance ${figure(byChance.ratios.median)}`,
    areRowsEqual,
  );
}

/** Times long histories against short ones; milliseconds are an observation's. */
async function timed(
  bench: Bench,
  name: MeasureName,
  mix: Workload["mix"],
  pointers: Workload["pointers"],
): Promise<{ ratios: Spread; longMs: number; shortMs: number }> {
  const runtime = await bench.runtime();
  const label = `${name}, ${pointers}`;
  const base = { firstAttacker: 0, mix, from: 0, order: "by_attacker", perMessage: 1, pointers } as const;
  const long = { ...base, group: `${label}-long`, attackers: ATTACKERS };
  await runtime.fill("ours", { ...long, perAttacker: LONG });
  bench.step(`${label}: filled`);
  const pairs = await bench.pairs(label, { rounds: roundsOf(bench), warmUp: WARM_UP }, async (i) => {
    // Fresh ones each time, or their histories would not stay short.
    const short = { ...base, group: `${label}-${i}`, attackers: ATTACKERS * BATCHES };
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

/** Rows that a batch of one identity reads and writes after a history. */
async function rowsAfter(
  runtime: BenchRuntime,
  name: string,
  mix: Workload["mix"],
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
    pointers: "by_day",
  } as const;
  await runtime.fill("metered", { ...workload, perAttacker: history });
  // Once more, so that the object is in memory.
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
