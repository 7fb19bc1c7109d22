/** Runs the suites of the bench. A suite that fails does not affect the results of the others. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Measure, type MeasureName, missing } from "../../bench/measures.ts";
import { PROJECT_ROOT } from "../wrangler.ts";
import { Bench, type Raw, type Suite } from "./bench.ts";
import { checkOut, type Checkout } from "./checkout.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { showBenchProgress } from "./progress.ts";

/** The file that the results are written to. */
export const RESULTS_FILE = join(PROJECT_ROOT, "bench", "results.json");

/** The results of a run. */
export interface Results {
  readonly date: string;
  readonly isQuick: boolean;
  readonly machine: Machine;
  /** The commit that was compared with, or null. */
  readonly against: string | null;
  readonly measures: readonly Measure[];
  readonly raw: Raw;
  /** Measured values for `src/cli/scale/inputs.ts`, by the names there. */
  readonly scaleInputs: Readonly<Record<string, number>>;
}

/** What to run, and where to report. */
interface RunOptions {
  readonly isQuick: boolean;
  /** The measures to take. */
  readonly wanted: ReadonlySet<MeasureName>;
  /** The commit to compare with, or null. */
  readonly against: string | null;
  readonly progress: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly complain: (text: string) => void;
}

/** Runs the suites that hold a wanted measure. It writes the results so far after each suite. */
export async function runSuites(suites: readonly Suite[], options: RunOptions): Promise<Results> {
  const checkout = options.against === null ? null : checkOut(options.against);
  try {
    return await runAll(suites, options, checkout);
  } finally {
    checkout?.remove();
  }
}

async function runAll(
  suites: readonly Suite[],
  options: RunOptions,
  checkout: Checkout | null,
): Promise<Results> {
  const { isQuick, wanted } = options;
  const chosen = suites.filter(({ measures }) => measures.some((name) => wanted.has(name)));
  const bench = new Bench({
    isQuick,
    wanted,
    otherRoot: checkout?.root ?? null,
    onStep: (what) => progress.step(what),
  });
  const steps = chosen.reduce((sum, suite) => sum + suite.steps(bench), 0);
  const progress = showBenchProgress(steps, options.progress);
  const measures: Measure[] = [];
  const results = {
    date: new Date().toISOString(),
    isQuick,
    machine: describeMachine(),
    against: checkout?.commit ?? null,
    measures,
    raw: bench.raw,
    scaleInputs: bench.scaleInputs,
  };
  const failures: string[] = [];
  for (const suite of chosen) {
    progress.begin(suite.name);
    const asked = suite.measures.filter((name) => wanted.has(name));
    try {
      measures.push(...(await suite.run(bench)).filter(({ name }) => wanted.has(name)));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      failures.push(`${suite.name}: ${error instanceof Error ? error.stack : reason}`);
      measures.push(...asked.map((name) => missing(name, `failed: ${reason.slice(0, 200)}`, false)));
    }
    await bench.end();
    await writeResults(results);
  }
  progress.stop();
  for (const failure of failures) options.complain(failure);
  return results;
}

async function writeResults(results: Results): Promise<void> {
  const { measures, raw, ...rest } = results;
  await mkdir(join(PROJECT_ROOT, "bench"), { recursive: true });
  await writeFile(RESULTS_FILE, `${JSON.stringify({ measures, ...rest, ...raw }, null, 2)}\n`);
}
