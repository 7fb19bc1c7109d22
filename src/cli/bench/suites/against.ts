/**
 * Speed against another commit: the bench's Workers of both commits run the same messages, each in its own runtime, directly after one
 * another. The value is the other's time divided by ours.
 */
import { type Measure, type MeasureName, measureOf, missing } from "../../../bench/measures.ts";
import { median, type Pair, ratiosOf, spreadOf } from "../../../bench/statistics.ts";
import { SESSION_PRIMITIVES, type Workload } from "../../../bench/workload.ts";
import type { Bench, Suite } from "../bench.ts";
import { caseSuite } from "../case-suite.ts";
import { millis, spreadText } from "../figures.ts";
import { logs, NO_LOGS, replayRequests } from "../real-sessions.ts";
import type { BenchRuntime } from "../runtime.ts";

/** A workload that both commits run. */
interface Case {
  readonly name: MeasureName;
  readonly attackers: number;
  readonly mix: Workload["mix"];
  readonly pointers: Workload["pointers"];
  readonly perMessage: number;
  /** Observations of each attacker before timing begins. */
  readonly before: number;
  /** Batches that are timed together. */
  readonly batches: number;
}

const BATCH = 100;
const WARM_UP = 3;
const NO_COMMIT = "skipped: needs --against and a commit";

const SESSION = { mix: "session", pointers: "by_day", before: 4 * SESSION_PRIMITIVES } as const;
const LONG = { attackers: 10, perMessage: 1, before: 10_000, batches: 3 } as const;

const CASES: readonly Case[] = [
  { name: "sessions_100", ...SESSION, attackers: 100, perMessage: SESSION_PRIMITIVES, batches: 1 },
  { name: "sessions_10", ...SESSION, attackers: 10, perMessage: SESSION_PRIMITIVES, batches: 1 },
  { name: "speed_floor_1", ...SESSION, attackers: 1, perMessage: 1, batches: 5 },
  { name: "speed_floor_10", ...SESSION, attackers: 10, perMessage: 1, batches: 5 },
  { name: "speed_floor_100", ...SESSION, attackers: 100, perMessage: 1, batches: 2 },
  { name: "speed_flat_categorical", ...LONG, mix: "categorical", pointers: "by_day" },
  { name: "speed_flat_numeric", ...LONG, mix: "numeric", pointers: "by_day" },
  { name: "speed_flat_hash", ...LONG, mix: "hash", pointers: "by_day" },
  { name: "speed_flat_categorical_by_chance", ...LONG, mix: "categorical", pointers: "by_chance" },
  { name: "speed_flat_numeric_by_chance", ...LONG, mix: "numeric", pointers: "by_chance" },
  { name: "speed_flat_hash_by_chance", ...LONG, mix: "hash", pointers: "by_chance" },
];

export const againstSuite: Suite = caseSuite({
  name: "against another commit",
  cases: CASES,
  steps: (bench) => (bench.otherRoot === null ? 0 : WARM_UP + roundsOf(bench)),
  measure,
});

function roundsOf(bench: Bench): number {
  return bench.times(21, 3);
}

async function measure(
  bench: Bench,
  { name, attackers, mix, pointers, perMessage, before, batches }: Case,
): Promise<Measure> {
  if (bench.otherRoot === null) return missing(name, NO_COMMIT, null);
  const [ours, other] = [await bench.runtime(), await bench.other()];
  const workload: Workload = {
    group: name,
    firstAttacker: 0,
    attackers,
    mix,
    from: 0,
    perAttacker: before,
    order: perMessage === 1 ? "in_turn" : "by_attacker",
    perMessage,
    pointers,
  };
  for (const runtime of [ours, other]) await runtime.fill("ours", workload);
  const perRound = (BATCH * batches * perMessage) / attackers;
  const pairs = await bench.pairs(name, { rounds: roundsOf(bench), warmUp: WARM_UP }, async (i) => {
    const next = { ...workload, from: before + i * perRound, perAttacker: perRound };
    for (const runtime of [ours, other]) await runtime.prepare(name, next);
    return { a: bench.timing(other, name, "ours"), b: bench.timing(ours, name, "ours") };
  });
  const [otherMs, oursMs] = [pairs.map(({ a }) => a / batches), pairs.map(({ b }) => b / batches)];
  const ratios = spreadOf(ratiosOf(pairs));
  bench.raw[name] = { ratios, otherMsPerBatch: spreadOf(otherMs), oursMsPerBatch: spreadOf(oursMs) };
  return measureOf(
    name,
    ratios.median,
    `${spreadText(ratios)}; a batch takes ${millis(median(oursMs))}, the other commit's ${millis(median(otherMs))}`,
  );
}

/** Requests of a replay that do not count: the first ones compile the code. */
const REPLAY_WARM_UP = 3;
const QUICK_REQUESTS = 8;

export const replaySpeedSuite: Suite = {
  name: "a replay against another commit",
  measures: ["replay_speed"],
  steps: () => 1,
  async run(bench) {
    if (bench.otherRoot === null) return [missing("replay_speed", NO_COMMIT, null)];
    const files = logs();
    const measured =
      files.length === 0 ? missing("replay_speed", NO_LOGS, null) : await timeReplay(bench, files);
    bench.step("replay");
    return [measured];
  },
};

/** Sends each request to both. A request is done when everything that follows from it is published. Both have their meters on. */
async function timeReplay(bench: Bench, files: readonly string[]): Promise<Measure> {
  const [ours, other] = [await bench.runtime(), await bench.other()];
  const pairs: Pair[] = [];
  for await (const { command } of replayRequests(files)) {
    if (bench.isQuick && pairs.length >= QUICK_REQUESTS) break;
    const time = async (runtime: BenchRuntime) =>
      (await runtime.time(command)) + (await runtime.time({ command: "take_counts" }));
    const isEven = pairs.length % 2 === 0;
    const first = await time(isEven ? other : ours);
    const second = await time(isEven ? ours : other);
    pairs.push(isEven ? { a: first, b: second } : { a: second, b: first });
  }
  const counted = pairs.slice(REPLAY_WARM_UP);
  const ratios = spreadOf(ratiosOf(counted));
  const otherSecs = counted.reduce((sum, { a }) => sum + a, 0) / 1_000;
  const oursSecs = counted.reduce((sum, { b }) => sum + b, 0) / 1_000;
  bench.raw["replay_speed"] = { ratios, otherSecs, oursSecs };
  return measureOf(
    "replay_speed",
    ratios.median,
    `${spreadText(ratios)} requests; all together ${oursSecs.toFixed(1)} s, the other commit's ${otherSecs.toFixed(1)} s`,
  );
}
