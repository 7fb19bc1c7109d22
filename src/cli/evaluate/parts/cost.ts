/**
 * Cost: time of the processor per observation of the detector and per estimate of operators. It is the time that this process
 * used, so other processes hardly matter, and it is also given as a ratio to a fixed loop, measured directly before it.
 */
import { type Pair, ratiosOf } from "../../../bench/statistics.ts";
import { OPERATORS } from "../../../evidence/constants.ts";
import { BARS, THRESHOLDS } from "../bars.ts";
import { type Context, RANDOM } from "../context.ts";
import { randomOf } from "../draws.ts";
import type { Figure, Part } from "../figures.ts";
import { TWO_OPERATORS } from "../operator-cases.ts";
import { STATIONARY_KINDS } from "../series-kinds.ts";
import { medianOf } from "../statistics.ts";

/** Observations before the measurement, so that the reservoir is full and the code compiled, and those of one measurement. */
const WARM = 2_000;
const MEASURED = 5_000;
/** Estimates of one measurement. */
const ESTIMATES = 3;
/** Rounds of the fixed loop that a ratio is given to, and of one measurement. */
const LOOP_ROUNDS = 1_000;
const LOOP_REPEATS = 2_000;

/** Steps of progress. */
export function costSteps({ costRounds }: Context["sizes"]): number {
  return 2 * costRounds;
}

/** Measures it. @param isDecided - whether the bars hold; a quick run only reports, because how fast a machine is must not decide a test */
export function costPart(context: Context, isDecided: boolean): Part {
  const step = measure(context, "observations", stepper(context), MEASURED);
  const estimate = measure(context, "operators", estimator(context), ESTIMATES);
  return {
    title: "Cost",
    how: `Median of ${context.sizes.costRounds} rounds, time of the processor; the fixed loop has ${LOOP_ROUNDS} rounds of integer arithmetic on an array of 64`,
    figures: [
      {
        ...figure(
          "step_us",
          "detector: per observation, mean of the kinds",
          "µs",
          step.map(({ a }) => a),
        ),
        bar: isDecided ? BARS.step_us : null,
      },
      figure("step_vs_loop", "the same, in fixed loops", "times", ratiosOf(step)),
      {
        ...figure(
          "operators_ms",
          `operators: per estimate of ${OPERATORS.sessions} sessions of 10 traits`,
          "ms",
          estimate.map(({ a }) => a / 1_000),
        ),
        bar: isDecided ? BARS.operators_ms : null,
      },
      figure("operators_vs_loop", "the same, in fixed loops", "times", ratiosOf(estimate)),
    ],
    details: null,
    skipped: null,
  };
}

function figure(name: string, what: string, unit: Figure["unit"], values: readonly number[]): Figure {
  return { name, what, unit, never: null, states: null, evidence: medianOf(values), bar: null };
}

/** A function that takes as many observations, spread over one series of each kind. */
function stepper({ seed, evidence }: Context): (count: number) => void {
  const threshold = THRESHOLDS.changed;
  const series = STATIONARY_KINDS.map(({ kind, draw }, index) => {
    const random = randomOf(seed, [RANDOM.cost, index]);
    const values = Array.from({ length: WARM }, (_, i) => draw(random, i + 1));
    return { values, detector: evidence.changeDetector(kind, { threshold, secret: `evaluation ${seed}` }) };
  });
  let taken = 0;
  const take = (count: number) => {
    for (const end = taken + count; taken < end; taken++) {
      const each = series[taken % series.length];
      const number = Math.floor(taken / series.length);
      each?.detector.step(each.values[number % WARM] ?? 0, `cost ${number}`);
    }
  };
  take(WARM * series.length);
  return take;
}

/** A function that makes as many estimates. */
function estimator({ seed, evidence }: Context): (count: number) => void {
  const ten = TWO_OPERATORS.find(({ name }) => name.startsWith("ten"));
  if (ten === undefined) throw new Error("the cases of two operators must have one of ten traits");
  const { sessions, kinds } = ten.series(OPERATORS.sessions, seed % 0x7fffffff);
  const estimate = (count: number) => {
    for (let i = 0; i < count; i++) evidence.operators(sessions, kinds);
  };
  estimate(ESTIMATES);
  return estimate;
}

/** Microseconds per unit of work, and per fixed loop directly before it. */
function measure(context: Context, what: string, work: (count: number) => void, count: number): Pair[] {
  return Array.from({ length: context.sizes.costRounds }, () => {
    const loop = microsOf(() => fixedLoop(LOOP_REPEATS)) / LOOP_REPEATS;
    const micros = microsOf(() => work(count)) / count;
    context.onStep(what);
    return { a: micros, b: loop };
  });
}

/** Time of the processor that this process used meanwhile, its collector of garbage included. */
function microsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

let sink = 1;

function fixedLoop(repeats: number): void {
  const array = new Uint32Array(64);
  for (let i = 0; i < repeats * LOOP_ROUNDS; i++) {
    sink = Math.imul(sink ^ (sink >>> 15), 0x2c1b3c6d) + (array[i & 63] ?? 0);
    array[sink & 63] = sink;
  }
}
