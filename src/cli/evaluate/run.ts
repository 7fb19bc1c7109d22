/** Runs the parts of an evaluation. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { changeDetector, commandScorer, operators } from "../../evidence/index.ts";
import { showBenchProgress } from "../bench/progress.ts";
import type { Context } from "./context.ts";
import type { Evidence } from "./contenders.ts";
import { missed, type Part } from "./figures.ts";
import { CHANGE_STEPS, changesPart } from "./parts/changes.ts";
import { COMMANDS_STEPS, commandsPart } from "./parts/commands.ts";
import { costPart, costSteps } from "./parts/cost.ts";
import { identitiesPart, identitiesSteps } from "./parts/identities.ts";
import { operatorsPart, operatorsSteps } from "./parts/operators.ts";
import { STATIONARY_STEPS, stationaryPart } from "./parts/stationary.ts";
import { TYPISTS_STEPS, typistsPart } from "./parts/typists.ts";
import { PROJECT_ROOT } from "../wrangler.ts";
import { FULL, QUICK, type Sizes } from "./sizes.ts";

/** What to evaluate. */
export interface EvaluationOptions {
  readonly isQuick: boolean;
  /** 0 to 2^32 − 1. */
  readonly seed: number;
  readonly progress: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** What to evaluate instead of the shipped functions. */
  readonly evidence?: Partial<Evidence>;
  /** Parts to run, by name; all by default. */
  readonly only?: readonly PartName[];
}

/** How the intervals are made. */
const CONFIDENCE = "95 %: Wilson for shares, 1.96 standard errors for means, binomial ranks for medians";

/** The result of a run. Plain data; in JSON a median that is infinite (not seen at all) is null. */
export interface Evaluation {
  readonly seed: number;
  readonly isQuick: boolean;
  readonly versions: { readonly project: string; readonly node: string; readonly v8: string };
  readonly confidence: string;
  readonly sizes: Sizes;
  readonly parts: readonly Part[];
  /** Names of the figures that left their interval. */
  readonly missed: readonly string[];
}

const packageSchema = z.object({ version: z.string() });

function projectVersion(): string {
  return packageSchema.parse(JSON.parse(readFileSync(join(PROJECT_ROOT, "package.json"), "utf8"))).version;
}

interface PartRunner {
  steps(sizes: Sizes): number;
  run(context: Context, isQuick: boolean): Part;
}

const PARTS = {
  stationary: { steps: () => STATIONARY_STEPS, run: stationaryPart },
  identities: { steps: identitiesSteps, run: identitiesPart },
  changes: { steps: () => CHANGE_STEPS, run: changesPart },
  operators: { steps: operatorsSteps, run: operatorsPart },
  commands: { steps: () => COMMANDS_STEPS, run: commandsPart },
  typists: { steps: () => TYPISTS_STEPS, run: (context) => typistsPart(context) },
  cost: { steps: costSteps, run: (context, isQuick) => costPart(context, !isQuick) },
} as const satisfies Record<string, PartRunner>;

export type PartName = keyof typeof PARTS;

const NAMES = ["stationary", "identities", "changes", "operators", "commands", "typists", "cost"] as const;

/** Runs them. */
export function evaluate({ isQuick, seed, progress, evidence, only = NAMES }: EvaluationOptions): Evaluation {
  const sizes = isQuick ? QUICK : FULL;
  const chosen = NAMES.filter((name) => only.includes(name)).map((name): [string, PartRunner] => [
    name,
    PARTS[name],
  ]);
  const shown = showBenchProgress(
    chosen.reduce((sum, [, part]) => sum + part.steps(sizes), 0),
    progress,
  );
  const context: Context = {
    seed,
    sizes,
    evidence: { changeDetector, operators, commandScorer, ...evidence },
    onStep: (what) => shown.step(what),
  };
  const parts: Part[] = [];
  for (const [name, part] of chosen) {
    shown.begin(name);
    parts.push(part.run(context, isQuick));
  }
  shown.stop();
  return {
    seed,
    isQuick,
    versions: { project: projectVersion(), node: process.versions.node, v8: process.versions.v8 },
    confidence: CONFIDENCE,
    sizes,
    parts,
    missed: missed(parts).map(({ name }) => name),
  };
}
