/** What a suite works with: its own runtimes, the number of repetitions, and a place for raw figures. */
import type { Measure, MeasureName } from "../../bench/measures.ts";
import type { ConsumerName } from "../../bench/protocol.ts";
import type { Pair } from "../../bench/statistics.ts";
import { BenchRuntime } from "./runtime.ts";

/** Raw figures besides the measures, by name. */
export type Raw = Record<string, unknown>;

/** Measurements that share one runtime. */
export interface Suite {
  readonly name: string;
  readonly measures: readonly MeasureName[];
  /** Number of steps that the suite will report. */
  steps(bench: Bench): number;
  run(bench: Bench): Promise<Measure[]>;
}

/** What a bench is started with. */
interface BenchOptions {
  readonly isQuick: boolean;
  /** The measures to take. */
  readonly wanted: ReadonlySet<MeasureName>;
  /** Folder of the commit to compare with; null if there is none. */
  readonly otherRoot: string | null;
  readonly onStep: (what: string) => void;
}

export class Bench {
  readonly isQuick: boolean;
  readonly wanted: ReadonlySet<MeasureName>;
  readonly otherRoot: string | null;
  readonly raw: Raw = {};
  /** Measured values for `src/cli/scale/inputs.ts`, by the names there. */
  readonly scaleInputs: Record<string, number> = {};
  readonly #onStep: (what: string) => void;
  #runtime: BenchRuntime | null = null;
  #other: BenchRuntime | null = null;

  constructor({ isQuick, wanted, otherRoot, onStep }: BenchOptions) {
    this.isQuick = isQuick;
    this.wanted = wanted;
    this.otherRoot = otherRoot;
    this.#onStep = onStep;
  }

  /** Chooses the number of repetitions. */
  times(full: number, quick: number): number {
    return this.isQuick ? quick : full;
  }

  /** Reports that one step is done. */
  step(what: string): void {
    this.#onStep(what);
  }

  /** The runtime of the suite. The first call starts it. */
  async runtime(): Promise<BenchRuntime> {
    this.#runtime ??= await started(new BenchRuntime());
    return this.#runtime;
  }

  /**
   * The runtime with the bench's Worker of the commit to compare with. The first call starts it.
   * @throws Error if there is no such commit
   */
  async other(): Promise<BenchRuntime> {
    if (this.otherRoot === null) throw new Error("there must be a commit to compare with");
    this.#other ??= await started(new BenchRuntime(this.otherRoot));
    return this.#other;
  }

  /** Ends the runtimes. The next suite gets empty ones. */
  async end(): Promise<void> {
    const running = [this.#runtime, this.#other];
    [this.#runtime, this.#other] = [null, null];
    for (const runtime of running) await runtime?.stop();
  }

  /**
   * Times two things directly after one another in each round. In every other round the order is reversed. The first
   * `warmUp` rounds do not count.
   * @param round - prepares a round and returns one timing function for each, in milliseconds
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

  /** A function that runs prepared messages through a consumer and returns the time in milliseconds. */
  timing(runtime: BenchRuntime, name: string, consumer: ConsumerName): () => Promise<number> {
    return () => runtime.time({ command: "run", name, consumer });
  }
}

async function started(runtime: BenchRuntime): Promise<BenchRuntime> {
  try {
    await runtime.start();
  } catch (error) {
    await runtime.stop();
    throw error;
  }
  return runtime;
}

function swap({ a, b }: Pair): Pair {
  return { a: b, b: a };
}
