/**
 * Throughput against the floor: batches of 100 messages in the steady state, with one observation each over 1, 10 and 100 identities, and
 * with a session each over 100.
 */
import { type Measure, type MeasureName, measureOf } from "../../../bench/measures.ts";
import { median, ratiosOf, spreadOf } from "../../../bench/statistics.ts";
import { SESSION_PRIMITIVES, type Workload } from "../../../bench/workload.ts";
import type { Bench } from "../bench.ts";
import { caseSuite } from "../case-suite.ts";
import { millis, spreadText } from "../figures.ts";

const CASES = [
  { name: "floor_1", attackers: 1, perMessage: 1, batches: 5 },
  { name: "floor_10", attackers: 10, perMessage: 1, batches: 5 },
  { name: "floor_100", attackers: 100, perMessage: 1, batches: 2 },
  { name: "floor_session", attackers: 100, perMessage: SESSION_PRIMITIVES, batches: 1 },
] as const satisfies { name: MeasureName; attackers: number; perMessage: number; batches: number }[];

const BATCH = 100;
/** Sessions that each identity already has when timing begins. */
const SESSIONS_BEFORE = 4;
const WARM_UP = 4;

export const floorSuite = caseSuite({
  name: "against the floor",
  cases: CASES,
  steps: (bench) => WARM_UP + roundsOf(bench),
  measure,
});

function roundsOf(bench: Bench): number {
  return bench.times(40, 6);
}

async function measure(
  bench: Bench,
  { name, attackers, perMessage, batches }: (typeof CASES)[number],
): Promise<Measure> {
  const runtime = await bench.runtime();
  const before = SESSIONS_BEFORE * SESSION_PRIMITIVES;
  const workload: Workload = {
    group: name,
    firstAttacker: 0,
    attackers,
    mix: "session",
    from: 0,
    perAttacker: before,
    order: perMessage === 1 ? "in_turn" : "by_attacker",
    perMessage,
    pointers: "by_day",
  };
  await runtime.fill("ours", workload);
  await runtime.fill("floor", workload);
  const perRound = (BATCH * batches * perMessage) / attackers;
  const pairs = await bench.pairs(name, { rounds: roundsOf(bench), warmUp: WARM_UP }, async (i) => {
    await runtime.prepare(name, { ...workload, from: before + i * perRound, perAttacker: perRound });
    return { a: bench.timing(runtime, name, "floor"), b: bench.timing(runtime, name, "ours") };
  });
  const ratios = spreadOf(ratiosOf(pairs));
  const [floor, ours] = [pairs.map(({ a }) => a / batches), pairs.map(({ b }) => b / batches)];
  bench.raw[name] = { ratios, floorMsPerBatch: spreadOf(floor), oursMsPerBatch: spreadOf(ours) };
  return measureOf(
    name,
    ratios.median,
    `${spreadText(ratios)}; a batch takes ${millis(median(ours))}, the floor's ${millis(median(floor))}`,
  );
}
