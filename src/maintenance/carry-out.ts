/** Starts the job of a request at once. The job later continues what does not fit into the request or fails. */
import { logError } from "../log.ts";
import type { Shard } from "../shard.ts";
import { findJob, finishJob } from "../storage/index.ts";
import { runJob } from "./jobs.ts";
import { tellObjects, toMerge } from "./merge.ts";
import { INVOCATION_QUERIES, QueryBudget } from "./query-budget.ts";
import { wakeMaintenance } from "./wake.ts";

/** Maximum queries of an erasure within a request, which makes some itself. */
const REQUEST_QUERIES = INVOCATION_QUERIES - 5;
/** Minimum queries left for another step. */
const LEAST_QUERIES = 10;

/**
 * Continues an erasure that was recorded.
 * @returns whether it is done; otherwise the job continues it
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
 * Tells both objects of a recorded merge or unmerge. Four queries.
 * @returns whether the exchange of observations is done; otherwise the objects continue it
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
