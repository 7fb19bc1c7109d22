/**
 * `npm run evaluate`: measures how often evidence errs and how soon it sees a change, beside "never alarm" and the five states.
 * This file is the command line. What is measured is in `evaluate/`.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { execa } from "execa";
import { runCommand } from "./command.ts";
import { markdownOf, renderEvaluation, summaryOf } from "./evaluate/report.ts";
import { evaluate } from "./evaluate/run.ts";
import { filled } from "./scale/page.ts";
import { PROJECT_ROOT } from "./wrangler.ts";

/** The page that holds the tables. */
const DOCS_FILE = join(PROJECT_ROOT, "docs", "detection.md");

interface EvaluateFlags {
  readonly quick: boolean;
  readonly docs: boolean;
  readonly json?: string;
  readonly seed: number;
}

/** Reads the command line. */
function evaluateCommand(): Command {
  return new Command("evaluate")
    .description(
      "Measures false alarms, changes, operators, commands, real typists and cost, with intervals of 95 % confidence.\nThe exit code is 1 if a figure leaves its interval, that is, if its bar is better than the whole interval.",
    )
    .option("--quick", "fewer cases, for a test; below a minute", false)
    .option("--json <file>", "also write all figures to a file")
    .option("--docs", "write the tables to docs/detection.md", false)
    .option("--seed <s>", "from which everything random is derived, 0 to 4294967295", wholeNumber, 1);
}

/** Runs it. @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const { quick, docs, json, seed } = evaluateCommand().parse(args, { from: "user" }).opts<EvaluateFlags>();
  const evaluation = evaluate({ isQuick: quick, seed, progress: process.stderr });
  console.log(renderEvaluation(evaluation, { isColored: process.stdout.isTTY }));
  console.log(`\n${summaryOf(evaluation)}`);
  if (json !== undefined) await writeFile(json, `${JSON.stringify(evaluation, null, 2)}\n`);
  if (docs) {
    await writeFile(DOCS_FILE, filled(await readFile(DOCS_FILE, "utf8"), markdownOf(evaluation)));
    await execa("oxfmt", [DOCS_FILE], { preferLocal: true, localDir: PROJECT_ROOT });
  }
  return evaluation.missed.length === 0 ? 0 : 1;
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) > 0xffffffff) {
    throw new InvalidArgumentError("It must be a whole number from 0 to 4294967295.");
  }
  return Number(text);
}

if (import.meta.main) await runCommand(main);
