/** Times a read against a bare object call, and a message until the resulting event is sent. */
import { type Measure, measureOf } from "../../../bench/measures.ts";
import { median, quantile, ratiosOf, spreadOf } from "../../../bench/statistics.ts";
import { attackerUuidOf, SESSION_PRIMITIVES } from "../../../bench/workload.ts";
import { stubIdentityUuid } from "../../../core/index.ts";
import type { Bench, Suite } from "../bench.ts";
import { millis, spreadText } from "../figures.ts";
import { startOutsideClock } from "../outside-clock.ts";

const READS = 100;
const READ_WARM_UP = 5;
/** Messages timed per request, and the number of first requests that do not count. */
const SAMPLES = 100;
const LATENCY_WARM_UP = 2;

export const readSuite: Suite = {
  name: "reads",
  measures: ["read_vs_call"],
  steps: (bench) => READ_WARM_UP + bench.times(31, 5),
  run: async (bench) => [await measureReads(bench)],
};

export const latencySuite: Suite = {
  name: "latency",
  measures: ["latency_p99"],
  steps: (bench) => LATENCY_WARM_UP + bench.times(24, 2),
  run: async (bench) => [await measureLatency(bench)],
};

async function measureReads(bench: Bench): Promise<Measure> {
  const runtime = await bench.runtime();
  await runtime.fill("ours", {
    group: "read",
    firstAttacker: 0,
    attackers: 1,
    mix: "session",
    from: 0,
    perAttacker: 4 * SESSION_PRIMITIVES,
    order: "by_attacker",
    perMessage: 1,
    pointers: "by_day",
  });
  const identityUuid = stubIdentityUuid(attackerUuidOf("read", 0));
  const time = (path: string) => () =>
    runtime.time({ command: "read", path: `/api/v1/${path}`, times: READS });
  const pairs = await bench.pairs(
    "reads",
    { rounds: bench.times(31, 5), warmUp: READ_WARM_UP },
    async () => ({
      a: time(`identities/${identityUuid}/attribution`),
      b: time(`bench/${identityUuid}`),
    }),
  );
  const ratios = spreadOf(ratiosOf(pairs));
  const [read, call] = [median(pairs.map(({ a }) => a)) / READS, median(pairs.map(({ b }) => b)) / READS];
  bench.raw["read_vs_call"] = { ratios, readMs: read, callMs: call };
  return measureOf(
    "read_vs_call",
    ratios.median,
    `${spreadText(ratios)}; ${millis(read)} for ${SESSION_PRIMITIVES} primitives, ${millis(call)} for a bare call`,
  );
}

async function measureLatency(bench: Bench): Promise<Measure> {
  const runtime = await bench.runtime();
  const clock = await startOutsideClock();
  try {
    for (let i = 0; i < LATENCY_WARM_UP + bench.times(24, 2); i++) {
      const given = { group: "latency", from: i * SAMPLES, samples: SAMPLES, clock: clock.url };
      await runtime.ask({ command: "latency", ...given });
      bench.step("latency");
    }
  } finally {
    clock.stop();
  }
  const [ours, floor, nothing] = [clock.lasted.ours, clock.lasted.floor, clock.lasted.nothing].map((all) =>
    all.slice(LATENCY_WARM_UP * SAMPLES),
  );
  const expected = bench.times(24, 2) * SAMPLES;
  if (!ours || !floor || !nothing || ours.length !== expected) {
    throw new Error(`each of ${expected} messages must publish, ${ours?.length ?? 0} did`);
  }
  // Every time includes the request to the clock, so its median is subtracted.
  const telling = median(nothing);
  const [p99, floorP99] = [quantile(ours, 0.99) - telling, quantile(floor, 0.99) - telling];
  const [middle, floorMiddle] = [median(ours) - telling, median(floor) - telling];
  bench.raw["latency_p99"] = {
    p99,
    floorP99,
    median: middle,
    floorMedian: floorMiddle,
    telling,
    n: ours.length,
  };
  return measureOf(
    "latency_p99",
    p99 / floorP99,
    `p99 of ${ours.length} messages ${millis(p99)} against ${millis(floorP99)}; medians ${millis(middle)} and ${millis(floorMiddle)}`,
  );
}
