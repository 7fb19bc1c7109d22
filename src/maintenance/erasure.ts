/**
 * The steps of an erasure: the record first, then every object that may hold something of the attacker, then the history
 * of those identities, which may have grown until the objects knew. Each step is bounded, and safe to repeat.
 */
import { z } from "zod";
import { logError } from "../log.ts";
import { firstShard, type Shard } from "../shard.ts";
import {
  ERASE_PAGE_QUERIES,
  eraseAttackerRow,
  eraseFromLetters,
  eraseObservations,
  findJob,
  redactHistory,
  removeEmptyIdentities,
} from "../storage/index.ts";
import type { JobStep } from "./job-step.ts";

const stateSchema = z.object({
  /** Epoch seconds; observations of the attacker with a ts up to it are gone for good. */
  erasedTs: z.number(),
  stage: z.enum(["observations", "letters", "record", "objects", "events", "finish"]),
  /** Identities that may hold something of it. */
  holders: z.array(z.string()),
  /** Whose history is being looked at, and the number of the last event looked at. */
  holderIndex: z.number(),
  afterSeq: z.number(),
});
type ErasureState = z.infer<typeof stateSchema>;

/** What one piece of work of each stage costs in queries at most. */
const STAGE_QUERIES: Readonly<Record<ErasureState["stage"], number>> = {
  observations: 2,
  letters: 1 + ERASE_PAGE_QUERIES,
  record: 5,
  objects: 0,
  events: 2,
  finish: 3,
};

/** Goes on with an erasure until it is done or the budget is used up. */
export const eraseStep: JobStep = async (env, shard, begun, budget) => {
  let job = begun;
  let state = stateSchema.parse(JSON.parse(job.state));
  for (;;) {
    if (!budget.has(STAGE_QUERIES[state.stage])) return { outcome: "more", job, state };
    budget.take(STAGE_QUERIES[state.stage]);
    if (state.stage === "record") {
      // This one saves its successor itself, in its transaction.
      const stored = await eraseAttackerRow(shard.db, job.subject, state.erasedTs);
      if (stored === null) return { outcome: "lost" };
      job = { ...job, state: stored };
      state = stateSchema.parse(JSON.parse(stored));
      continue;
    }
    const next = await advance(env, shard, job.subject, { ...state, stage: state.stage });
    if (next === "done") return { outcome: "done", job };
    if (next === "waits") return { outcome: "more", job, state };
    state = next;
  }
};

/** The state after one piece of work; `waits` if something else has to be done first. */
async function advance(
  env: Env,
  shard: Shard,
  attackerUuid: string,
  state: ErasureState & { readonly stage: Exclude<ErasureState["stage"], "record"> },
): Promise<ErasureState | "done" | "waits"> {
  const { db } = shard;
  switch (state.stage) {
    case "observations": {
      const hasMore = await eraseObservations(db, attackerUuid, state.erasedTs);
      return hasMore ? state : { ...state, stage: "letters" };
    }
    case "letters": {
      const letters = firstShard(env).db;
      // Letters from before they were indexed are found only when that is done.
      if ((await findJob(letters, "index_letters", "")) !== null) return "waits";
      const hasMore = await eraseFromLetters(letters, attackerUuid);
      return hasMore ? state : { ...state, stage: "record" };
    }
    case "objects": {
      await eraseFromObjects(env, attackerUuid, state);
      return { ...state, stage: "events", holderIndex: 0, afterSeq: 0 };
    }
    case "events": {
      const holder = state.holders[state.holderIndex];
      if (holder === undefined) return { ...state, stage: "finish" };
      const afterSeq = await redactHistory(db, attackerUuid, holder, state.afterSeq);
      if (afterSeq !== null) return { ...state, afterSeq };
      return { ...state, holderIndex: state.holderIndex + 1, afterSeq: 0 };
    }
    case "finish": {
      await removeEmptyIdentities(db, state.holders);
      return "done";
    }
  }
}

/** Every object is tried, whatever becomes of the others. @throws what the first one that failed threw */
async function eraseFromObjects(env: Env, attackerUuid: string, state: ErasureState): Promise<void> {
  let failure: { readonly error: unknown } | null = null;
  for (const identityUuid of state.holders) {
    try {
      await env.IDENTITIES.getByName(identityUuid).erase(attackerUuid, state.erasedTs);
    } catch (error) {
      failure ??= { error };
      logError("object_not_erased", error, { identity_uuid: identityUuid });
    }
  }
  if (failure) throw failure.error;
}
