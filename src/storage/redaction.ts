/**
 * Taking an attacker out of events that were made of its observations: the explanation and the value go, the transition
 * itself stays. The same function serves D1's history and an object's outbox.
 */

/** Types of events whose payload lists attackers. */
const LISTING: ReadonlySet<unknown> = new Set(["formed", "merged", "unmerged"]);

/**
 * An event without an attacker. Fields keep their order.
 * @param event - an envelope, read from JSON
 * @returns the same object if nothing is to be taken out
 */
export function redactEvent(event: unknown, attackerUuid: string): unknown {
  if (!isRecord(event) || !JSON.stringify(event).includes(attackerUuid)) return event;
  const { type, payload } = event;
  if (!isRecord(payload)) return event;
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

type Fields = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
