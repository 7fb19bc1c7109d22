/**
 * Taking an attacker out of events that were made of its observations: the explanation and the value go, the transition
 * itself stays. The same function serves D1's history and an object's outbox.
 */
import { EVENT_KINDS } from "../core/index.ts";

/** Events whose values may derive from any attacker of the identity, named or not. */
const DERIVED: string = EVENT_KINDS.evidence_changed.type;

/** Types of events whose payload lists attackers. */
const LISTING: ReadonlySet<unknown> = new Set(["formed", "merged", "unmerged"]);

/**
 * Texts of which an event has one if something is to be taken out of it.
 * @returns the UUID, and the type of events whose summaries may derive from the attacker's values without naming it
 */
export function textsToRedact(attackerUuid: string): readonly [attackerUuid: string, type: string] {
  return [attackerUuid, DERIVED];
}

/**
 * An event without an attacker. Fields keep their order.
 * @param event - an envelope of an identity that had the attacker, read from JSON
 * @returns the same object if nothing is to be taken out
 */
export function redactEvent(event: unknown, attackerUuid: string): unknown {
  if (!isRecord(event)) return event;
  const { type, payload } = event;
  if (!isRecord(payload)) return event;
  if (type === DERIVED) return withoutSummaries(event, payload);
  if (!JSON.stringify(event).includes(attackerUuid)) return event;
  if (type === "profile.state_changed") return withoutValue(event, payload);
  const listed = payload["observation_uuids"];
  if (!LISTING.has(type) || !Array.isArray(listed) || !listed.includes(attackerUuid)) return event;
  const left = listed.filter((uuid) => uuid !== attackerUuid);
  return { ...event, payload: { ...payload, observation_uuids: left } };
}

/** A transition without what it was made of. A repeat finds nothing more to take out. */
function withoutValue(event: Fields, payload: Fields): Fields {
  if (!("explanation" in event) && payload["current_value"] === null) return event;
  const { explanation: _, ...others } = event;
  return { ...others, payload: { ...payload, current_value: null } };
}

/** A proven change without what its values were. Its id, its times and E stay. */
function withoutSummaries(event: Fields, payload: Fields): Fields {
  const { before, after, effect } = payload;
  const isTakenOut = before === null && after === null && effect === null;
  if (!("explanation" in event) && isTakenOut) return event;
  const { explanation: _, ...others } = event;
  return { ...others, payload: { ...payload, before: null, after: null, effect: null } };
}

type Fields = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
