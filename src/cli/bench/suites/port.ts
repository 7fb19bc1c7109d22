/** Compares the engine with the plain port, which loads the whole series for every observation. */
import { type Measure, type MeasureName, measureOf } from "../../../bench/measures.ts";
import { median, ratiosOf, spreadOf } from "../../../bench/statistics.ts";
import type { Workload } from "../../../bench/workload.ts";
import type { Bench } from "../bench.ts";
import { caseSuite } from "../case-suite.ts";
import { millis, spreadText } from "../figures.ts";

const CASES = [
  { name: "port_100", history: 100, full: 12, quick: 3 },
  { name: "port_1000", history: 1_000, full: 9, quick: 2 },
  { name: "port_10000", history: 10_000, full: 5, quick: 1 },
] as const satisfies { name: MeasureName; history: number; full: number; quick: number }[];

const ATTACKERS = 10;
const EACH = 10;
const WARM_UP = 1;

export const portSuite = caseSuite({
  name: "against the plain port",
  cases: CASES,
  steps: (bench, { full, quick }) => 2 * (WARM_UP + bench.times(full, quick)),
  measure,
});

async function measure(
  bench: Bench,
  { name, history, full, quick }: (typeof CASES)[number],
): Promise<Measure> {
  const runtime = await bench.runtime();
  const workload: Workload = {
    group: name,
    firstAttacker: 0,
    attackers: ATTACKERS,
    mix: "categorical",
    from: 0,
    perAttacker: history,
    order: "by_attacker",
    perMessage: 1,
    pointers: "by_day",
  };
  await runtime.fill("ours", workload);
  await runtime.fill("port", workload);
  const rounds = bench.times(full, quick);
  let from = history;
  const against = (port: "port" | "batched_port") =>
    bench.pairs(`${name}, ${port}`, { rounds, warmUp: WARM_UP }, async () => {
      await runtime.prepare(name, { ...workload, from, perAttacker: EACH, order: "in_turn" });
      from += EACH;
      return { a: bench.timing(runtime, name, port), b: bench.timing(runtime, name, "ours") };
    });
  const pairs = await against("port");
  const batched = await against("batched_port");
  const ratios = spreadOf(ratiosOf(pairs));
  const tuned = spreadOf(ratiosOf(batched));
  const [portMs, oursMs] = [median(pairs.map(({ a }) => a)), median(pairs.map(({ b }) => b))];
  bench.raw[name] = { ratios, portMs, oursMs, againstBatchedPort: tuned };
  return measureOf(
    name,
    ratios.median,
    `${spreadText(ratios)}; a batch takes ${millis(oursMs)}, the port's ${millis(portMs)}; with one D1 call for all that a message reads, ${tuned.median.toFixed(1)}`,
  );
}
