/** Prints the highest use of each limit at the end of a run, with the test that caused it. Runs in Node. */
import Table from "cli-table3";
import type { Reporter, TestModule, Vite } from "vitest/node";
import { writeDocs } from "./docs.ts";
import { type LimitName, LIMITS, type TestUse, type Use } from "./platform.ts";

/** A test and what it used. */
export interface TestedUse extends TestUse {
  readonly test: string;
  readonly hasPassed: boolean;
}

/** The project whose tests are the long work at production size. */
const LONG_WORK = "limits";

/** Vitest's reporter. */
class LimitsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const projects = new Map<string, TestedUse[]>();
    for (const module of modules) {
      const tested: TestedUse[] = [];
      for (const test of module.children.allTests()) {
        const { limits } = test.meta();
        // Tests of the bindings themselves provoke refusals.
        if (limits && !test.fullName.startsWith("[limits]"))
          tested.push({ ...limits, test: test.fullName, hasPassed: test.ok() });
      }
      const { name } = module.project;
      if (tested.length > 0) projects.set(name, [...(projects.get(name) ?? []), ...tested]);
    }
    for (const [project, tested] of projects) print(project, tested);
    const longWork = projects.get(LONG_WORK);
    if (longWork && process.env["LIMITS_DOCS"]) writeDocs(longWork);
  }
}

function print(project: string, tested: readonly TestedUse[]): void {
  const table = new Table({
    head: ["limit", "highest use", "allowed", "by", "test"],
    colWidths: [24, 13, 13, 48, 60],
    wordWrap: true,
    style: { head: [], border: [], compact: true },
  });
  for (const limit of Object.keys(LIMITS) as LimitName[]) {
    const highest = highestOf(tested, limit);
    if (!highest) continue;
    const { use, test } = highest;
    table.push([`${limit} (${LIMITS[limit].unit})`, format(use.used), format(use.allowed), use.by, test]);
  }
  process.stdout.write(`\nHighest use of the platform's limits, project ${project}\n${table.toString()}\n`);
  for (const { test, notes } of tested) {
    for (const note of notes) process.stdout.write(`  ${test}: ${note}\n`);
  }
  const refused = tested.filter(({ refusals }) => refusals.length > 0);
  if (refused.length === 0) return;
  process.stdout.write("Refused, as the platform would:\n");
  for (const { test, refusals } of refused) {
    for (const { limit, used, by } of refusals.slice(0, 1)) {
      process.stdout.write(`  "${test}": ${limit} ${format(used)} by ${by}\n`);
    }
  }
}

function highestOf(tested: readonly TestedUse[], limit: LimitName): { use: Use; test: string } | null {
  let highest: { use: Use; test: string } | null = null;
  for (const { uses, test } of tested) {
    const use = uses[limit];
    if (use && use.used > (highest?.use.used ?? -1)) highest = { use, test };
  }
  return highest;
}

/** A count with its thousands apart. */
export function format(value: number): string {
  return value.toLocaleString("en");
}

let isAdded = false;

/** Adds the reporter to a run, whatever reporters the command line names. */
export function limitsReport(): Vite.Plugin {
  return {
    name: "limits-report",
    configureVitest({ vitest }) {
      if (isAdded) return;
      isAdded = true;
      vitest.config.reporters.push(new LimitsReporter());
    },
  };
}
