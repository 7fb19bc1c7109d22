/** Retention: lets go of observations and history that are older than what is kept, a bounded amount at a time. */
import { cellsOf } from "../cells.ts";
import { logError, logInfo } from "../log.ts";
import { deleteHistory } from "../storage/index.ts";
import { nextIdentities } from "./next-identities.ts";

/** Identities of one step. */
const PAGE_IDENTITIES = 50;
/** Observations that one identity lets go of in one step. */
const PAGE_OBSERVATIONS = 2_000;
/** Events looked at in one step, per database. */
const PAGE_EVENTS = 5_000;

/** What a step did, and where the next one goes on. */
export interface RetentionStep {
  readonly observations: number;
  readonly events: number;
  /** The last identity looked at; empty when all were, and the next step begins anew. */
  readonly afterUuid: string;
}

/**
 * One step over the identities, in the order of their UUIDs.
 * @param beforeTs - epoch seconds; what is older goes, unless a state needs it
 * @param afterUuid - where the step before ended; empty for the start
 */
export async function expireStep(env: Env, beforeTs: number, afterUuid: string): Promise<RetentionStep> {
  let observations = 0;
  let last = afterUuid;
  const page = await nextIdentities(env, afterUuid, PAGE_IDENTITIES);
  for (const uuid of page) {
    try {
      observations += (await env.IDENTITIES.getByName(uuid).expire(beforeTs, PAGE_OBSERVATIONS)).removed;
    } catch (error) {
      logError("expiry_failed", error, { identity_uuid: uuid });
    }
    last = uuid;
  }
  const deleted = await Promise.all(cellsOf(env).map(({ DB }) => deleteHistory(DB, beforeTs, PAGE_EVENTS)));
  const events = deleted.reduce((sum, count) => sum + count, 0);
  logInfo("retention", { identities: page.length, observations, events });
  return { observations, events, afterUuid: page.length === PAGE_IDENTITIES ? last : "" };
}
