/** Doing at once what a request has recorded as a job; what does not fit or fails is gone on with by the job itself. */
import { logError } from "../log.ts";
import type { Shard } from "../shard.ts";
import { findJob, finishJob } from "../storage/index.ts";
import { runJob } from "./jobs.ts";
import { tellObjects, toMerge } from "./merge.ts";
import { INVOCATION_QUERIES, QueryBudget } from "./query-budget.ts";
import { wakeMaintenance } from "./wake.ts";

/** What a request may spend on an erasure in queries: it asks some itself. */
const REQUEST_QUERIES = INVOCATION_QUERIES - 5;
/** Below this a step would not come far. */
const LEAST_QUERIES = 10;

/**
 * Carries out an erasure that was begun.
 * @returns whether it is done; if not, it goes on by itself
 */
export async function carryOutErasure(env: Env, shard: Shard, attackerUuid: string): Promise<boolean> {
  const budget = new QueryBudget(REQUEST_QUERIES);
  try {
    while (budget.has(LEAST_QUERIES)) {
      budget.take(1);
      const job = await findJob(shard.db, "erasure", attackerUuid);
      if (!job) return true;
      const outcome = await runJob(env, shard, job, budget);
      if (outcome === "done") return true;
      if (outcome === "failed") break;
    }
  } catch (error) {
    logError("erasure_not_complete", error);
  }
  await wakeMaintenance(env);
  return false;
}

/**
 * Tells both objects of a merge that was recorded, or of its undoing. Four queries.
 * @returns whether the exchange of observations is done too; if not, the objects go on with it by themselves
 */
export async function carryOutMerge(env: Env, shard: Shard, mergeId: number): Promise<boolean> {
  try {
    const job = await findJob(shard.db, "merge", String(mergeId));
    if (!job) return false;
    const isDone = await tellObjects(env, shard, toMerge(job));
    await finishJob(shard.db, job);
    return isDone;
  } catch (error) {
    logError("merge_not_told", error, { merge_id: mergeId });
    await wakeMaintenance(env);
    return false;
  }
}
