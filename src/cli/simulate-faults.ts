/**
 * `npm run simulate:faults`: any number of random histories with faults, and of damaged messages. Runs the tests of
 * `test/faults` and of the pure parts with the numbers asked for, and shows progress and results.
 */
import Table from "cli-table3";
import { Command, InvalidArgumentError } from "commander";
import { type Reporter, startVitest, type TestCase, type TestModule } from "vitest/node";
import { z } from "zod";
import { runCommand } from "./command.ts";
import { type Campaign, campaignsOf, type Flags } from "./simulate-faults/campaigns.ts";
import { showTestProgress } from "./simulate-faults/progress.ts";

/** What a test counted. */
const metaSchema = z.object({
  counts: z.record(z.string(), z.number()).optional(),
});

/** The result of a campaign. */
interface Result {
  readonly campaign: Campaign;
  readonly seconds: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly failures: readonly string[];
  /** Tests that ran; none means that the run itself failed. */
  readonly tests: number;
}

/** Reads the command line. */
function faultsCommand(): Command {
  return new Command("simulate:faults")
    .description(
      "Random histories with faults against the real consumer, D1, objects and alarms; histories of the pure parts; fuzzing.",
    )
    .option(
      "--runs <n>",
      "histories in the Workers runtime (default: 200 if nothing else is asked for)",
      wholeNumber,
    )
    .option("--pure <n>", "histories of the pure parts, in Node", wholeNumber)
    .option("--fuzz <n>", "damaged messages, for the parser and again for the consumer", wholeNumber)
    .option("--shrink <n>", "plays that making a broken history smaller can take", wholeNumber)
    .option("--seed <s>", "the first seed, 0 to 4294967295; each history takes the next one", wholeNumber, 1);
}

/** Runs it. @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const flags = faultsCommand().parse(args, { from: "user" }).opts<Flags>();
  const results: Result[] = [];
  if (flags.shrink !== undefined) process.env["FAULT_SHRINK"] = String(flags.shrink);
  for (const campaign of campaignsOf(flags)) results.push(await run(campaign, flags.seed));
  for (const { failures } of results) for (const failure of failures) console.error(`\n${failure}`);
  console.log(render(results, flags.seed));
  return results.some(({ failures, tests }) => failures.length > 0 || tests === 0) ? 1 : 0;
}

async function run(campaign: Campaign, seed: number): Promise<Result> {
  Object.assign(process.env, { FAULT_SEED: String(seed), [campaign.variable]: String(campaign.runs) });
  const failures: string[] = [];
  const counts = new Map<string, number>();
  const progress = showTestProgress(campaign.name, process.stderr);
  let tests = 0;
  const reporter: Reporter = {
    onTestModuleCollected: (module: TestModule) => progress.expect([...module.children.allTests()].length),
    onTestCaseResult(test: TestCase) {
      tests++;
      const result = test.result();
      for (const { message } of result.errors ?? []) failures.push(`${test.name}\n${message}`);
      for (const [name, n] of Object.entries(metaSchema.parse(test.meta()).counts ?? {})) {
        counts.set(name, (counts.get(name) ?? 0) + n);
      }
      progress.done(failures.length);
    },
    onTestRunEnd(_, errors) {
      for (const { message } of errors) failures.push(message);
    },
  };
  const startMs = Date.now();
  const vitest = await startVitest("test", [...campaign.files], {
    watch: false,
    project: [campaign.project],
    reporters: [reporter],
  });
  await vitest.close();
  progress.stop();
  process.exitCode = 0;
  return { campaign, seconds: (Date.now() - startMs) / 1_000, counts, failures, tests };
}

function render(results: readonly Result[], seed: number): string {
  const table = new Table({
    head: [`from seed ${seed}`, "runs", "failed tests", "seconds", "counted"],
    colAligns: ["left", "right", "right", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  for (const { campaign, failures, seconds, counts } of results) {
    const counted = [...counts].map(([name, n]) => `${n} ${name}`).join(", ");
    table.push([campaign.name, campaign.runs, failures.length, seconds.toFixed(0), counted]);
  }
  return table.toString();
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) > 0xffffffff) {
    throw new InvalidArgumentError("It must be a whole number from 0 to 4294967295.");
  }
  return Number(text);
}

if (import.meta.main) await runCommand(main);
