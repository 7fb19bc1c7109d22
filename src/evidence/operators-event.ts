/** The event about the number of operators: when an estimate is made for it, and what it says. */
import type { HookEvent } from "../core/index.ts";
import { OPERATORS } from "./constants.ts";
import { publishedOperators } from "./hook.ts";
import { estimateOperators } from "./operators/index.ts";
import { readSessions } from "./sessions-read.ts";

/** An estimate is made when the largest number of observations of a trait has passed a multiple of `every`, and is at least `fewest`. */
export const ESTIMATE_RULE = { every: OPERATORS.every, fewest: OPERATORS.fewest } as const;

/** Maximum queries of an estimate: those of `readSessions`. */
export const ESTIMATE_QUERIES = 16;

/**
 * Estimates the operators of an identity from its last sessions in D1.
 * @param kindOf - the kind of a primitive; null: no values of it are compared
 * @returns what is kept, and the event; null if the estimate is the published one, or there are no sessions
 */
export async function estimateOf(
  db: D1Database,
  identityUuid: string,
  keptOfIdentity: string | null,
  isTrait: (primitive: string) => boolean,
  kindOf: (primitive: string) => "numeric" | "categorical" | "hash" | null,
): Promise<{ keptOfIdentity: string; events: HookEvent[] } | null> {
  const isCompared = (primitive: string) => isTrait(primitive) && kindOf(primitive) !== null;
  const { sessions } = await readSessions(db, { identityUuid }, { isTrait: isCompared, asOfTs: null });
  const last = sessions.at(-1);
  if (!last) return null;
  const primitives = [...new Set(sessions.flatMap(({ values }) => Object.keys(values)))].toSorted();
  const kinds = Object.fromEntries(
    primitives.map((primitive) => [primitive, kindOf(primitive) ?? "categorical"] as const),
  );
  const { estimate, gain, needed, active } = estimateOperators(
    sessions.map(({ values }) => values),
    kinds,
  );
  const before = publishedOperators(keptOfIdentity);
  if (estimate === before) return null;
  const event: HookEvent = {
    kind: "evidence_operators",
    payload: {
      identity_uuid: identityUuid,
      estimate,
      old_estimate: before,
      sessions: sessions.length,
      active: active ?? 0,
      gain,
      needed,
      primitives,
      ts: last.endTs,
    },
  };
  return { keptOfIdentity: JSON.stringify({ operators: estimate }), events: [event] };
}
