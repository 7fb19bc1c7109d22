/**
 * Retention: removes observations and events that are older than what is kept. One job per shard, which walks over all
 * identities and begins anew an hour after it came to the end. A step is bounded; steps follow one another until nothing
 * is left, so that much that became old at once is removed at the pace at which it can be.
 */
import { z } from "zod";
import { readConfig } from "../config.ts";
import { logError, logInfo } from "../log.ts";
import { shardsOf } from "../shard.ts";
import { addJob, deleteHistory, readIdentitiesAfter } from "../storage/index.ts";
import type { JobStep } from "./job-step.ts";

/** Seconds between the end of a walk and the next one. */
const PAUSE_SECS = 3_600;
/** Identities read at a time. */
const PAGE_IDENTITIES = 50;
/** Observations that one call to an object removes: enough that calls are few, and that each takes well under a second. */
const PAGE_OBSERVATIONS = 5_000;
/** Calls to objects in one step: some seconds of work, so that other jobs have their turn. */
const STEP_CALLS = 20;
/** Events removed at a time: D1 wants large deletions in pieces. */
const PAGE_EVENTS = 5_000;

const stateSchema = z.object({
  /** The last identity that has nothing more to remove; empty at the start. */
  afterUuid: z.string(),
  /** What this walk has removed so far, and how many identities failed in it. */
  observations: z.number(),
  events: z.number(),
  failed: z.number(),
});

const START: z.infer<typeof stateSchema> = { afterUuid: "", observations: 0, events: 0, failed: 0 };

/** Records the job of every shard, where there is none. */
export async function ensureRetention(env: Env, nowTs: number): Promise<void> {
  await Promise.all(shardsOf(env).map(({ db }) => addJob(db, "retention", "", START, nowTs)));
}

/** One step: a page of identities, each until it has nothing more to remove, and old events. */
export const retentionStep: JobStep = async (env, { db }, job, budget) => {
  const { retentionDays } = readConfig(env);
  // It was switched off.
  if (retentionDays === null) return { outcome: "done", job };
  const nowTs = Date.now() / 1_000;
  const beforeTs = nowTs - retentionDays * 86_400;
  const state = stateSchema.parse(JSON.parse(job.state));
  let { afterUuid, observations, failed } = state;
  if (!budget.has(1)) return { outcome: "more", job, state };
  budget.take(1);
  const page = await readIdentitiesAfter(db, afterUuid, PAGE_IDENTITIES);
  let calls = 0;
  for (const uuid of page) {
    try {
      let hasMore = true;
      for (; hasMore && calls < STEP_CALLS; calls++) {
        const expired = await env.IDENTITIES.getByName(uuid).expire(beforeTs, PAGE_OBSERVATIONS);
        observations += expired.removed;
        ({ hasMore } = expired);
      }
      if (hasMore) break;
    } catch (error) {
      calls++;
      failed++;
      logError("expiry_failed", error, { identity_uuid: uuid });
    }
    afterUuid = uuid;
  }
  const old = await deleteEvents(db, beforeTs, budget);
  const next = { afterUuid, observations, events: state.events + old.removed, failed };
  const isAtEnd = page.length < PAGE_IDENTITIES && afterUuid === (page.at(-1) ?? afterUuid);
  if (!isAtEnd || old.hasMore) return { outcome: "more", job, state: next };
  logInfo("retention", { observations, events: next.events, failed });
  return { outcome: "later", job, state: START, dueTs: nowTs + PAUSE_SECS };
};

/** Removes old events until none is left or the budget is used up. */
async function deleteEvents(
  db: D1Database,
  beforeTs: number,
  budget: { has(queries: number): boolean; take(queries: number): void },
): Promise<{ removed: number; hasMore: boolean }> {
  let removed = 0;
  while (budget.has(1)) {
    budget.take(1);
    const deleted = await deleteHistory(db, beforeTs, PAGE_EVENTS);
    removed += deleted;
    if (deleted < PAGE_EVENTS) return { removed, hasMore: false };
  }
  return { removed, hasMore: true };
}
