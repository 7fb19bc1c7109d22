/**
 * Retention: removes observations and events that are older than the retention. One job per shard goes over all identities and
 * starts again an hour after its end. A step is bounded, and steps follow one another until no old row is left.
 */
import { z } from "zod";
import { readConfig } from "../config.ts";
import { logError, logInfo } from "../log.ts";
import { shardsOf } from "../shard.ts";
import { addJob, deleteHistory, hasOldRows, readIdentitiesAfter } from "../storage/index.ts";
import { type JobStep, waitsForPacking } from "./job-step.ts";

/** Seconds between the end of a pass over all identities and the next pass. */
const PAUSE_SECS = 3_600;
/** Identities read at a time. */
const PAGE_IDENTITIES = 50;
/** Maximum observations that one call to an object removes. A call takes well under a second. */
const PAGE_OBSERVATIONS = 5_000;
/** Maximum calls to objects in one step: a few seconds of work, so that other jobs can run. */
const STEP_CALLS = 20;
/** Maximum events per deletion, because D1 limits the duration of a statement. */
const PAGE_EVENTS = 5_000;

const stateSchema = z.object({
  /** The last identity that is done; empty at the start. */
  afterUuid: z.string(),
  /** Removed rows and failed identities of this pass. */
  observations: z.number(),
  events: z.number(),
  failed: z.number(),
});

const START: z.infer<typeof stateSchema> = { afterUuid: "", observations: 0, events: 0, failed: 0 };

/** Records the job of every shard that has none. */
export async function ensureRetention(env: Env, nowTs: number): Promise<void> {
  await Promise.all(shardsOf(env).map(({ db }) => addJob(db, "retention", "", START, nowTs)));
}

/** One step: a page of identities, each until it is done, and old events. */
export const retentionStep: JobStep = async (env, { db }, job, budget) => {
  const { retentionDays } = readConfig(env);
  // Retention was switched off.
  if (retentionDays === null) return { outcome: "done", job };
  const nowTs = Date.now() / 1_000;
  const beforeTs = nowTs - retentionDays * 86_400;
  const state = stateSchema.parse(JSON.parse(job.state));
  let { afterUuid, observations, failed } = state;
  if (!budget.has(2)) return { outcome: "more", job, state };
  budget.take(2);
  if (await hasOldRows(db)) return waitsForPacking(job, state);
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
