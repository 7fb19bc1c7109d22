/** The rebuild of all identities: every object recomputes its states from D1. One job per shard. */
import pMap from "p-map";
import { z } from "zod";
import { logError, reasonOf } from "../log.ts";
import { shardsOf } from "../shard.ts";
import { countIdentities, findJob, hasOldRows, readIdentitiesAfter, restartJob } from "../storage/index.ts";
import { type JobStep, waitsForPacking } from "./job-step.ts";

/** Identities rebuilt in one step, and at a time. */
const PAGE_IDENTITIES = 50;
const PARALLEL_CALLS = 8;

/** The progress of the rebuild of all identities. Times are epoch seconds. */
export interface RebuildProgress {
  readonly state: "never" | "running" | "finished";
  readonly done: number;
  readonly total: number;
  readonly failed: number;
  readonly startedTs: number | null;
  readonly finishedTs: number | null;
  /** Reason of the last failure of an identity or of a step, or null. */
  readonly error: string | null;
}

const stateSchema = z.object({
  afterUuid: z.string(),
  done: z.number(),
  total: z.number(),
  failed: z.number(),
  startedTs: z.number(),
  finishedTs: z.number().nullable(),
  error: z.string().nullable(),
});

/** Starts the rebuild, unless one is running. */
export async function startRebuild(env: Env, nowTs: number): Promise<void> {
  await Promise.all(
    shardsOf(env).map(async ({ db }) => {
      const total = await countIdentities(db);
      const state: z.infer<typeof stateSchema> = {
        afterUuid: "",
        done: 0,
        total,
        failed: 0,
        startedTs: nowTs,
        finishedTs: null,
        error: null,
      };
      await restartJob(db, "rebuild", "", state, nowTs);
    }),
  );
}

/** The progress over all shards. */
export async function readRebuildProgress(env: Env): Promise<RebuildProgress> {
  const jobs = await Promise.all(shardsOf(env).map(({ db }) => findJob(db, "rebuild", "")));
  const parts = jobs.flatMap((job) =>
    job ? [{ ...stateSchema.parse(JSON.parse(job.state)), stuckBy: job.error }] : [],
  );
  const sum = (count: (part: (typeof parts)[number]) => number) =>
    parts.reduce((total, part) => total + count(part), 0);
  const isRunning = parts.some(({ finishedTs }) => finishedTs === null);
  const never = parts.length === 0;
  return {
    state: never ? "never" : isRunning ? "running" : "finished",
    done: sum(({ done }) => done),
    total: sum(({ total }) => total),
    failed: sum(({ failed }) => failed),
    startedTs: never ? null : Math.min(...parts.map(({ startedTs }) => startedTs)),
    finishedTs: never || isRunning ? null : Math.max(...parts.map(({ finishedTs }) => finishedTs ?? 0)),
    error: parts.map(({ stuckBy, error }) => stuckBy ?? error).find((error) => error !== null) ?? null,
  };
}

/** Rebuilds a page of identities. One that fails is counted and does not stop the others. */
export const rebuildStep: JobStep = async (env, { db }, job, budget) => {
  const state = stateSchema.parse(JSON.parse(job.state));
  if (!budget.has(2)) return { outcome: "more", job, state };
  budget.take(2);
  if (await hasOldRows(db)) return waitsForPacking(job, state);
  const page = await readIdentitiesAfter(db, state.afterUuid, PAGE_IDENTITIES);
  let { failed, error: reason } = state;
  await pMap(
    page,
    async (uuid) => {
      try {
        await env.IDENTITIES.getByName(uuid).rebuild();
      } catch (error) {
        failed++;
        reason = reasonOf(error);
        logError("rebuild_failed", error, { identity_uuid: uuid });
      }
    },
    { concurrency: PARALLEL_CALLS },
  );
  const next = {
    ...state,
    afterUuid: page.at(-1) ?? state.afterUuid,
    done: state.done + page.length,
    failed,
    error: reason,
  };
  if (page.length === PAGE_IDENTITIES) return { outcome: "more", job, state: next };
  return { outcome: "later", job, state: { ...next, finishedTs: Date.now() / 1_000 }, dueTs: null };
};
