/** What a suite of measurements is given: a runtime of its own, how much to do, and where to note what it saw. */
import type { Measure, MeasureName } from "../../bench/measures.ts";
import type { ConsumerName } from "../../bench/protocol.ts";
import type { Pair } from "../../bench/statistics.ts";
import { BenchRuntime } from "./runtime.ts";

/** Figures besides the measures, by name. */
export type Raw = Record<string, unknown>;

/** Measurements that share what they need. */
export interface Suite {
  readonly name: string;
  readonly measures: readonly MeasureName[];
  /** How many steps it will report. */
  steps(bench: Bench): number;
  run(bench: Bench): Promise<Measure[]>;
}

export class Bench {
  readonly isQuick: boolean;
  /** What was asked for. */
  readonly wanted: ReadonlySet<MeasureName>;
  readonly raw: Raw = {};
  readonly #onStep: (what: string) => void;
  #runtime: BenchRuntime | null = null;

  constructor(isQuick: boolean, wanted: ReadonlySet<MeasureName>, onStep: (what: string) => void) {
    this.isQuick = isQuick;
    this.wanted = wanted;
    this.#onStep = onStep;
  }

  /** How often to do something. */
  times(full: number, quick: number): number {
    return this.isQuick ? quick : full;
  }

  /** One step is done. */
  step(what: string): void {
    this.#onStep(what);
  }

  /** The suite's runtime, started when first asked for. */
  async runtime(): Promise<BenchRuntime> {
    if (this.#runtime) return this.#runtime;
    const runtime = new BenchRuntime();
    this.#runtime = runtime;
    await runtime.start();
    return runtime;
  }

  /** Ends the runtime; the next suite gets one that holds nothing. */
  async end(): Promise<void> {
    const runtime = this.#runtime;
    this.#runtime = null;
    await runtime?.stop();
  }

  /**
   * Times two things one right after the other, a number of times, each first in every other round, after rounds that
   * do not count.
   * @param round - makes what is to be timed ready, and says how to time each, in milliseconds
   */
  async pairs(
    label: string,
    { rounds, warmUp }: { rounds: number; warmUp: number },
    round: (i: number) => Promise<{ a: () => Promise<number>; b: () => Promise<number> }>,
  ): Promise<Pair[]> {
    const pairs: Pair[] = [];
    for (let i = 0; i < warmUp + rounds; i++) {
      const { a, b } = await round(i);
      const pair = i % 2 === 0 ? { a: await a(), b: await b() } : swap({ a: await b(), b: await a() });
      if (i >= warmUp) pairs.push(pair);
      this.step(label);
    }
    return pairs;
  }

  /** How to time prepared messages with a consumer. */
  timing(runtime: BenchRuntime, name: string, consumer: ConsumerName): () => Promise<number> {
    return () => runtime.time({ command: "run", name, consumer });
  }
}

function swap({ a, b }: Pair): Pair {
  return { a: b, b: a };
}
