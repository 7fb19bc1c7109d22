/**
 * `npm run bench`: measures the cost of the engine and compares it with the floor and with a plain port. This file is the
 * command line. The measurements are in `bench/`, the code that runs in the Workers runtime is in `src/bench`.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { execa } from "execa";
import { BARS, isMeasureName, type MeasureName } from "../bench/measures.ts";
import type { Suite } from "./bench/bench.ts";
import { markdownOf, renderMeasures, withSummary } from "./bench/report.ts";
import { RESULTS_FILE, type Results, runSuites } from "./bench/run.ts";
import { soak, soakSteps } from "./bench/soak.ts";
import { SUITES, usualMeasures } from "./bench/suites.ts";
import { onInterruption } from "./interruption.ts";
import { PROJECT_ROOT } from "./wrangler.ts";

/** The page that holds the summary. */
const DOCS_FILE = join(PROJECT_ROOT, "docs", "performance.md");
/** Width in characters if the output is no terminal. */
const DEFAULT_COLUMNS = 140;
/** Exit code of a program that was interrupted (128 + SIGINT). */
const INTERRUPTED = 130;

interface BenchFlags {
  readonly quick?: boolean;
  readonly docs?: boolean;
  readonly only?: ReadonlySet<MeasureName>;
  readonly against?: string;
}

/** Reads the command line. */
export function benchCommand(run: {
  readonly bench: (flags: BenchFlags) => Promise<void>;
  readonly soak: (flags: { readonly minutes: number }) => Promise<void>;
}): Command {
  const command = new Command("bench")
    .description(
      "Measures speed, rows and cost in the local Workers runtime, prints a table and writes bench/results.json.\nTakes about ten minutes; leave the machine idle meanwhile.",
    )
    .option(
      "--quick",
      "only a few rounds of each measure, to check that the bench runs; the figures are rough",
    )
    .option("--only <names>", "only these measures, separated by commas", parseNames)
    .option("--against <ref>", "also compare speed with another commit, in the same run")
    .option("--docs", "write the summary to docs/performance.md")
    .action((flags: BenchFlags) => run.bench(flags));
  command
    .command("soak")
    .description("puts a steady load on the real queue and checks whether memory and lag grow")
    .option("--minutes <n>", "duration in minutes", parseMinutes, 10)
    .action((flags: { minutes: number }) => run.soak(flags));
  return command;
}

async function bench(flags: BenchFlags): Promise<void> {
  const against = flags.against ?? null;
  const results = await runSuites(SUITES, {
    ...output(),
    isQuick: flags.quick ?? false,
    wanted: flags.only ?? new Set(usualMeasures(against !== null)),
    against,
  });
  report(results);
  if (flags.docs) await writeDocs(results);
}

async function runSoak({ minutes }: { readonly minutes: number }): Promise<void> {
  const suite: Suite = {
    name: `soak of ${minutes} minutes`,
    measures: ["soak_memory", "soak_lag"],
    steps: () => soakSteps(minutes),
    run: (given) => soak(given, minutes),
  };
  const results = await runSuites([suite], {
    ...output(),
    isQuick: false,
    against: null,
    wanted: new Set(suite.measures),
  });
  report(results);
}

function output() {
  return { progress: process.stderr, complain: (text: string) => console.error(text) };
}

function report({ measures }: Results): void {
  const style = { isColored: process.stdout.isTTY, columns: process.stdout.columns ?? DEFAULT_COLUMNS };
  console.log(`${renderMeasures(measures, style)}\n\nAll raw figures: ${RESULTS_FILE}`);
  const isGood = measures.every(({ pass }) => pass !== false);
  process.exitCode = isGood ? 0 : 1;
}

async function writeDocs({ measures, machine, against, date }: Results): Promise<void> {
  const summary = markdownOf(measures, machine, { date: date.slice(0, 10), against });
  await writeFile(DOCS_FILE, withSummary(await readFile(DOCS_FILE, "utf8"), summary));
  await execa("oxfmt", [DOCS_FILE], { preferLocal: true, localDir: PROJECT_ROOT });
}

function parseNames(text: string): ReadonlySet<MeasureName> {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.filter((name) => !isMeasureName(name));
  if (unknown.length > 0) {
    throw new InvalidArgumentError(
      `There is no ${unknown.join(", ")}; there are ${Object.keys(BARS).join(", ")}.`,
    );
  }
  return new Set(names.filter(isMeasureName));
}

function parseMinutes(text: string): number {
  const minutes = Number(text);
  if (Number.isInteger(minutes) && minutes > 0) return minutes;
  throw new InvalidArgumentError("It must be a whole number from 1.");
}

if (import.meta.main) {
  // The local Workers runtime ends together with this process.
  onInterruption(() => process.exit(INTERRUPTED));
  try {
    await benchCommand({ bench, soak: runSoak }).parseAsync(process.argv);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
