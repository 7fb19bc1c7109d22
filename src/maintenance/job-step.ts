/** The types that all kinds of jobs share. */
import type { Shard } from "../shard.ts";
import type { Job } from "../storage/index.ts";
import type { QueryBudget } from "./query-budget.ts";

/** The result of a step; `job` is the job as it is stored now. */
export type StepResult =
  | { readonly outcome: "done"; readonly job: Job }
  /** The job continues after the other jobs. */
  | { readonly outcome: "more"; readonly job: Job; readonly state: unknown }
  /** The job continues at a time (epoch seconds), or is finished (null) and kept for its result. */
  | { readonly outcome: "later"; readonly job: Job; readonly state: unknown; readonly dueTs: number | null }
  /** The job has changed in the meantime, so nothing is saved. */
  | { readonly outcome: "lost" };

/** Seconds until a job that waits for packing is tried again. */
const PACKING_SECS = 30;

/** The result of a step that waits until the observations of the version before are packed. */
export function waitsForPacking(job: Job, state: unknown): StepResult {
  return { outcome: "later", job, state, dueTs: Date.now() / 1_000 + PACKING_SECS };
}

/** Long work of a capability: one job, recorded in the first shard, with the capability's own progress. */
export interface CapabilityJob {
  /** The subject of its row. */
  readonly subject: string;
  /** Whether there is anything to do, by the variables. @throws ConfigError if one is wrong */
  readonly isWanted: (env: Env) => boolean;
  /** A step; its state is not used. Called also when the work is not wanted any more. */
  readonly step: JobStep;
}

/** One step of a job: bounded by the budget, safe to repeat. Throws if it cannot continue. */
export type JobStep = (env: Env, shard: Shard, job: Job, budget: QueryBudget) => Promise<StepResult>;
