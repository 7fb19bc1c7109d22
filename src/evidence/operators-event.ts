/** The event about the number of operators: when an estimate is made for it, and what it says. */
import type { HookEvent, Policy } from "../core/index.ts";
import { type EvidenceConstants, OPERATORS } from "./constants.ts";
import { publishedOperators } from "./hook.ts";
import { readOperators } from "./operators-read.ts";

/** An estimate is made when the largest number of observations of a trait has passed a multiple of `every`, and is at least `fewest`. */
export const ESTIMATE_RULE = { every: OPERATORS.every, fewest: OPERATORS.fewest } as const;

/** Maximum queries of an estimate: those of `readSessions`. */
export const ESTIMATE_QUERIES = 16;

/**
 * Estimates the operators of an identity from its last sessions in D1.
 * @returns what is kept, and the event; null if the estimate is the published one, or there are no sessions
 */
export async function estimateOf(
  db: D1Database,
  identityUuid: string,
  keptOfIdentity: string | null,
  policy: Policy,
  constants: EvidenceConstants,
): Promise<{ keptOfIdentity: string; events: HookEvent[] } | null> {
  const { sessions, model, primitives } = await readOperators(db, { identityUuid }, policy, constants, null);
  const last = sessions.at(-1);
  const before = publishedOperators(keptOfIdentity);
  if (!last || model.estimate === before) return null;
  const event: HookEvent = {
    kind: "evidence_operators",
    payload: {
      identity_uuid: identityUuid,
      estimate: model.estimate,
      old_estimate: before,
      sessions: sessions.length,
      active: model.active ?? 0,
      gain: model.gain,
      needed: model.needed,
      primitives,
      ts: last.endTs,
    },
  };
  return { keptOfIdentity: JSON.stringify({ operators: model.estimate }), events: [event] };
}
