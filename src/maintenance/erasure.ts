/**
 * The steps of an erasure: the record first, then every object that may have data of the attacker, then the history of these
 * identities, because it may have grown until the objects were told. Each step is bounded and safe to repeat.
 */
import { z } from "zod";
import { logError } from "../log.ts";
import { firstShard } from "../shard.ts";
import {
  CUT_QUERIES,
  cutSessions,
  ERASE_PAGE_QUERIES,
  eraseAttackerRow,
  eraseFromLetters,
  ERASE_SESSIONS_QUERIES,
  eraseSessions,
  findJob,
  PACK_PAGE_QUERIES,
  packPage,
  redactHistory,
  removeEmptyIdentities,
} from "../storage/index.ts";
import type { JobStep } from "./job-step.ts";

const stateSchema = z.object({
  /** Epoch seconds. Observations of the attacker with a ts up to this are erased permanently. */
  erasedTs: z.number(),
  stage: z.enum(["observations", "cuts", "letters", "record", "objects", "events", "finish"]),
  /** Identities that may have data of the attacker. */
  holders: z.array(z.string()),
  /** The identity whose history is redacted, and the number of the last event read. */
  holderIndex: z.number(),
  afterSeq: z.number(),
});
type ErasureState = z.infer<typeof stateSchema>;

/** The context of a stage. */
interface Work {
  readonly env: Env;
  readonly db: D1Database;
  readonly attackerUuid: string;
  readonly state: ErasureState;
}

type Worked =
  | {
      readonly outcome: "on";
      readonly state: ErasureState;
      /** Given if the stage has saved the state itself: as this JSON. */
      readonly stored?: string;
      /** Number of queries, if they were fewer than the maximum of the stage. */
      readonly spent?: number;
    }
  | { readonly outcome: "done" }
  /** Other work must be done first. */
  | { readonly outcome: "waits" }
  /** The job was restarted in the meantime. */
  | { readonly outcome: "lost" };

/** Seconds until a stage that waits for another job is tried again. */
const WAIT_SECS = 10;

interface Stage {
  /** Maximum queries of the stage. */
  readonly queries: number;
  readonly work: (work: Work) => Promise<Worked>;
}

const STAGES: Readonly<Record<ErasureState["stage"], Stage>> = {
  observations: {
    queries: PACK_PAGE_QUERIES + ERASE_SESSIONS_QUERIES,
    work: async ({ db, attackerUuid, state }) => {
      const packed = await packPage(db, [attackerUuid]);
      if (!packed.isDone || packed.state !== null) return { ...on(state), spent: packed.queries };
      const { hasMore, hasCuts } = await eraseSessions(db, attackerUuid, state.erasedTs);
      const stage = hasCuts ? "cuts" : "letters";
      return { ...on(hasMore ? state : { ...state, stage }), spent: packed.queries + ERASE_SESSIONS_QUERIES };
    },
  },
  cuts: {
    queries: CUT_QUERIES,
    work: async ({ db, attackerUuid, state }) => {
      const hasMore = await cutSessions(db, attackerUuid, state.erasedTs);
      return on(hasMore ? state : { ...state, stage: "letters" });
    },
  },
  letters: {
    queries: 1 + ERASE_PAGE_QUERIES,
    work: async ({ env, attackerUuid, state }) => {
      const { db } = firstShard(env);
      // Letters from before the index are found only after they are indexed.
      if ((await findJob(db, "index_letters", "")) !== null) return { outcome: "waits" };
      const hasMore = await eraseFromLetters(db, attackerUuid);
      return on(hasMore ? state : { ...state, stage: "record" });
    },
  },
  record: {
    queries: 5,
    work: async ({ db, attackerUuid, state }) => {
      const stored = await eraseAttackerRow(db, attackerUuid, state.erasedTs);
      if (stored === null) return { outcome: "lost" };
      return { outcome: "on", state: stateSchema.parse(JSON.parse(stored)), stored };
    },
  },
  objects: {
    queries: 0,
    work: async ({ env, attackerUuid, state }) => {
      await eraseFromObjects(env, attackerUuid, state);
      return on({ ...state, stage: "events", holderIndex: 0, afterSeq: 0 });
    },
  },
  events: {
    queries: 2,
    work: async ({ db, attackerUuid, state }) => {
      const holder = state.holders[state.holderIndex];
      if (holder === undefined) return on({ ...state, stage: "finish" });
      const afterSeq = await redactHistory(db, attackerUuid, holder, state.afterSeq);
      if (afterSeq !== null) return on({ ...state, afterSeq });
      const holderIndex = state.holderIndex + 1;
      const stage = holderIndex < state.holders.length ? "events" : "finish";
      return on({ ...state, stage, holderIndex, afterSeq: 0 });
    },
  },
  finish: {
    queries: 4,
    work: async ({ db, state }) => {
      const hasMore = await removeEmptyIdentities(db, state.holders);
      return hasMore ? on(state) : { outcome: "done" };
    },
  },
};

function on(state: ErasureState) {
  return { outcome: "on", state } as const;
}

/** Continues an erasure until it is done or the budget is used up. */
export const eraseStep: JobStep = async (env, { db }, begun, budget) => {
  let job = begun;
  let state = stateSchema.parse(JSON.parse(begun.state));
  for (;;) {
    const { queries, work } = STAGES[state.stage];
    if (!budget.has(queries)) return { outcome: "more", job, state };
    budget.take(queries);
    const worked = await work({ env, db, attackerUuid: begun.subject, state });
    if (worked.outcome === "done") return { outcome: "done", job };
    if (worked.outcome === "lost") return { outcome: "lost" };
    if (worked.outcome === "waits") {
      return { outcome: "later", job, state, dueTs: Date.now() / 1_000 + WAIT_SECS };
    }
    budget.take((worked.spent ?? queries) - queries);
    ({ state } = worked);
    if (worked.stored !== undefined) job = Object.assign({}, begun, { state: worked.stored });
  }
};

/** Calls every object; a failure does not stop the others. @throws the first error */
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
