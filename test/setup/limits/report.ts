/** Prints the highest use of each limit at the end of a run, with the test that caused it. Runs in Node. */
import Table from "cli-table3";
import type { Plugin } from "vite";
import type { Reporter, TestModule } from "vitest/node";
import { type LimitName, LIMITS, type Refusal, type Use } from "./platform.ts";

interface ProjectUse {
  readonly uses: Partial<Record<LimitName, Use>>;
  readonly refusals: Refusal[];
}

/** Vitest's reporter. */
class LimitsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const projects = new Map<string, ProjectUse>();
    for (const module of modules) {
      const { limits } = module.meta();
      if (!limits) continue;
      const name = module.project.name;
      const project = projects.get(name) ?? { uses: {}, refusals: [] };
      projects.set(name, project);
      project.refusals.push(...limits.refusals);
      for (const limit of Object.keys(limits.uses) as LimitName[]) {
        const use = limits.uses[limit];
        if (use && use.used > (project.uses[limit]?.used ?? -1)) project.uses[limit] = use;
      }
    }
    for (const [name, project] of projects) print(name, project);
  }
}

function print(project: string, { uses, refusals }: ProjectUse): void {
  const table = new Table({
    head: ["limit", "highest use", "allowed", "by", "test"],
    colWidths: [26, 14, 14, 50, 60],
    wordWrap: true,
    style: { head: [], border: [], compact: true },
  });
  for (const limit of Object.keys(LIMITS) as LimitName[]) {
    const use = uses[limit];
    const { unit } = LIMITS[limit];
    if (!use) continue;
    table.push([`${limit} (${unit})`, format(use.used), format(use.allowed), use.by, use.test]);
  }
  process.stdout.write(`\nHighest use of the platform's limits, project ${project}\n${table.toString()}\n`);
  const byTest = new Map<string, Refusal>();
  for (const refusal of refusals) byTest.set(`${refusal.limit} ${refusal.test}`, refusal);
  if (byTest.size === 0) return;
  process.stdout.write(`Refused, as the platform would (${refusals.length} calls):\n`);
  for (const { limit, used, by, test } of byTest.values()) {
    process.stdout.write(`  ${limit} ${format(used)} by ${by}, in "${test}"\n`);
  }
}

function format(value: number): string {
  return value.toLocaleString("en");
}

let isAdded = false;

/** Adds the reporter to a run, whatever reporters the command line names. */
export function limitsReport(): Plugin & {
  configureVitest(context: { vitest: { config: { reporters: unknown[] } } }): void;
} {
  return {
    name: "limits-report",
    configureVitest({ vitest }) {
      if (isAdded) return;
      isAdded = true;
      vitest.config.reporters.push(new LimitsReporter());
    },
  };
}
