/** What the kinds of jobs share. */
import type { Shard } from "../shard.ts";
import type { Job } from "../storage/index.ts";
import type { QueryBudget } from "./query-budget.ts";

/** What came of a step; `job` is the job as it is stored now. */
export type StepResult =
  | { readonly outcome: "done"; readonly job: Job }
  /** It goes on as soon as others had their turn. */
  | { readonly outcome: "more"; readonly job: Job; readonly state: unknown }
  /** It goes on at a time (epoch seconds), or never (null): then it is kept for its result. */
  | { readonly outcome: "later"; readonly job: Job; readonly state: unknown; readonly dueTs: number | null }
  /** Somebody else has changed the job meanwhile: nothing is saved. */
  | { readonly outcome: "lost" };

/** One step of a job: bounded by the budget, safe to repeat. Throws what keeps it from going on. */
export type JobStep = (env: Env, shard: Shard, job: Job, budget: QueryBudget) => Promise<StepResult>;
