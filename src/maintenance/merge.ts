/** Tells both objects of a merge or unmerge that D1 has recorded. Safe to repeat. */
import { z } from "zod";
import type { Shard } from "../shard.ts";
import { type Job, type MergeOrUndoing, readMoved } from "../storage/index.ts";
import type { JobStep } from "./job-step.ts";

const stateSchema = z.object({ winnerUuid: z.string(), loserUuid: z.string(), isUndone: z.boolean() });

/** Queries of `tellObjects`. */
export const TELL_QUERIES = 2;

/** The one step of the job. */
export const mergeStep: JobStep = async (env, shard, job, budget) => {
  const merge = toMerge(job);
  if (!budget.has(TELL_QUERIES))
    return { outcome: "more", job, state: stateSchema.parse(JSON.parse(job.state)) };
  budget.take(TELL_QUERIES);
  await tellObjects(env, shard, merge);
  return { outcome: "done", job };
};

/** Tells both objects of a merge or unmerge. Two queries. */
export async function tellObjects(env: Env, shard: Shard, merge: MergeOrUndoing): Promise<boolean> {
  const { id, winnerUuid, loserUuid, isUndone } = merge;
  const step = { mergeId: id, isUndone };
  const moved = await readMoved(shard.db, id, isUndone ? loserUuid : winnerUuid);
  const [links, attackerUuids] = [[...moved.links], [...moved.attackerUuids]];
  const winner = env.IDENTITIES.getByName(winnerUuid);
  const loser = env.IDENTITIES.getByName(loserUuid);
  if (!isUndone) {
    await loser.mergeAway(winnerUuid, links, id);
    const notice = { kind: "merged" as const, loserUuid, attackerUuids };
    return winner.exchange({ key: `merge:${id}`, load: links, drop: [], notice }, step);
  }
  const isDropped = await winner.exchange(
    { key: `unmerge:${id}:winner`, load: [], drop: links, notice: null },
    step,
  );
  const notice = { kind: "unmerged" as const, fromUuid: winnerUuid, attackerUuids };
  const isRestored = await loser.exchange({ key: `unmerge:${id}`, load: links, drop: [], notice }, step);
  return isDropped && isRestored;
}

/** The merge that a job is about. */
export function toMerge(job: Job): MergeOrUndoing {
  return { id: Number(job.subject), ...stateSchema.parse(JSON.parse(job.state)) };
}
