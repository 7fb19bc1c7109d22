/** The runner of a shard's jobs: one step each, the longest waiting first. A failed job is retried later. */
import { capabilityJobs } from "../hooks.ts";
import { logError, reasonOf } from "../log.ts";
import { firstShard, type Shard } from "../shard.ts";
import {
  addJob,
  failJob,
  finishJob,
  type Job,
  type JobKind,
  readDueJobs,
  saveJob,
} from "../storage/index.ts";
import { eraseStep } from "./erasure.ts";
import { indexLettersStep } from "./index-letters.ts";
import type { JobStep, StepResult } from "./job-step.ts";
import { mergeStep } from "./merge.ts";
import { packObservationsStep } from "./pack-observations.ts";
import type { QueryBudget } from "./query-budget.ts";
import { rebuildStep } from "./rebuild.ts";
import { retentionStep } from "./retention.ts";

const STEPS: Readonly<Record<JobKind, JobStep>> = {
  erasure: eraseStep,
  merge: mergeStep,
  index_letters: indexLettersStep,
  pack_observations: packObservationsStep,
  rebuild: rebuildStep,
  retention: retentionStep,
  capability: capabilityStep,
};

/** Every kind of job. */
export const ALL_KINDS: readonly JobKind[] = [
  "index_letters",
  "pack_observations",
  "merge",
  "erasure",
  "rebuild",
  "retention",
  "capability",
];
/** Kinds that finish the work of a request. The sweep continues them before it compares. */
export const REPAIR_KINDS: readonly JobKind[] = ["index_letters", "merge", "erasure"];

/** A step of the capability that the job's subject names. */
async function capabilityStep(...[env, shard, job, budget]: Parameters<JobStep>): Promise<StepResult> {
  const capability = capabilityJobs.find(({ subject }) => subject === job.subject);
  // Of a version that had more capabilities.
  if (!capability) return { outcome: "done", job };
  return capability.step(env, shard, job, budget);
}

/** Starts the jobs of capabilities that are not recorded yet. */
export async function ensureCapabilityJobs(env: Env, nowTs: number): Promise<void> {
  const { db } = firstShard(env);
  for (const { subject, isWanted } of capabilityJobs) {
    if (isWanted(env)) await addJob(db, "capability", subject, {}, nowTs);
  }
}

/** Maximum jobs per run. */
const RUN_JOBS = 10;
/** Maximum queries per step, so that several jobs can run in one invocation. */
const STEP_QUERIES = 22;
/** Queries of the runner itself per step. */
const SAVE_QUERIES = 1;
/** Minimum queries of any step. */
const LEAST_QUERIES = 6;

/** First and maximum delay after a failed step, seconds. It doubles with each further failure. */
const RETRY_FIRST_SECS = 10;
const RETRY_LONGEST_SECS = 3_600;

/** The report of a run. */
export interface JobsReport {
  /** Jobs done, by kind. */
  readonly done: Readonly<Partial<Record<JobKind, number>>>;
  readonly failed: number;
  /** Whether a job can continue at once. */
  readonly hasMore: boolean;
}

/**
 * Runs one step of each due job, within the budget.
 * @param dueTs - runs jobs that are due by then, epoch seconds; Infinity: all unfinished jobs
 */
export async function runJobs(
  env: Env,
  shard: Shard,
  kinds: readonly JobKind[],
  dueTs: number,
  budget: QueryBudget,
): Promise<JobsReport> {
  const done: Partial<Record<JobKind, number>> = {};
  let failed = 0;
  budget.take(1);
  const jobs = await readDueJobs(shard.db, kinds, Math.min(dueTs, Number.MAX_VALUE), RUN_JOBS);
  let hasMore = jobs.length === RUN_JOBS;
  for (const job of jobs) {
    if (!budget.has(LEAST_QUERIES + SAVE_QUERIES)) {
      hasMore = true;
      break;
    }
    const outcome = await runJob(env, shard, job, budget);
    if (outcome === "done") done[job.kind] = (done[job.kind] ?? 0) + 1;
    else if (outcome === "failed") failed++;
    else if (outcome !== "later") hasMore = true;
  }
  return { done, failed, hasMore };
}

/** Runs one step of a job and saves its result. */
export async function runJob(
  env: Env,
  shard: Shard,
  job: Job,
  budget: QueryBudget,
): Promise<StepResult["outcome"] | "failed"> {
  const { db } = shard;
  budget.take(SAVE_QUERIES);
  try {
    const result = await STEPS[job.kind](env, shard, job, budget.part(STEP_QUERIES));
    switch (result.outcome) {
      case "done":
        await finishJob(db, result.job);
        break;
      case "more":
        await saveJob(db, result.job, result.state, Date.now() / 1_000);
        break;
      case "later":
        await saveJob(db, result.job, result.state, result.dueTs);
        break;
      case "lost":
    }
    return result.outcome;
  } catch (error) {
    logError("job_failed", error, { kind: job.kind, subject: job.subject, failures: job.failures + 1 });
    const waitSecs = Math.min(RETRY_FIRST_SECS * 2 ** job.failures, RETRY_LONGEST_SECS);
    await failJob(db, job, reasonOf(error), Date.now() / 1_000 + waitSecs);
    return "failed";
  }
}
