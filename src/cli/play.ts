/**
 * Sends simulated sessions to a Worker: registers the attackers first, then sends the sessions in the order of their ends.
 * `src/simulate` makes the sessions; the client waits for the result.
 */
import type { SimulatedAttacker, SimulatedSession } from "../simulate/index.ts";
import type { AttributionClient, Refusal } from "./client.ts";

/** What was sent, and what the Worker accepted and refused. */
interface PlayResult {
  readonly sessions: number;
  readonly accepted: number;
  readonly refused: readonly Refusal[];
}

/** Attackers registered at the same time. */
const REGISTRATIONS_AT_ONCE = 8;

/**
 * Registers attackers with their addresses. Safe to repeat.
 * @throws ClientError
 */
export async function registerAttackers(
  client: AttributionClient,
  attackers: readonly SimulatedAttacker[],
): Promise<void> {
  for (let from = 0; from < attackers.length; from += REGISTRATIONS_AT_ONCE) {
    const together = attackers.slice(from, from + REGISTRATIONS_AT_ONCE);
    // oxlint-disable-next-line no-await-in-loop -- a limited number at a time
    await Promise.all(
      together.map(({ attackerUuid, address }) => client.registerAttacker(attackerUuid, { ip: address })),
    );
  }
}

/**
 * Sends sessions. A request holds as many complete sessions as `eventsPerRequest` allows, at least one.
 * @param eventsPerRequest - 1 to 5,000; with 1 each session has its own request
 * @param onSent - called after each request with the number of sessions sent so far
 * @throws ClientError
 */
export async function sendSessions(
  client: AttributionClient,
  sessions: Iterable<SimulatedSession>,
  eventsPerRequest: number,
  onSent?: (sessions: number) => void,
): Promise<PlayResult> {
  const total = { sessions: 0, accepted: 0 };
  const refused: Refusal[] = [];
  for (const group of grouped(sessions, eventsPerRequest)) {
    // oxlint-disable-next-line no-await-in-loop -- sessions are sent in the order of their ends
    const sent = await client.sendEvents(group.flatMap(({ events }) => events));
    total.sessions += group.length;
    total.accepted += sent.accepted;
    refused.push(...sent.rejected);
    onSent?.(total.sessions);
  }
  return { ...total, refused };
}

function* grouped(sessions: Iterable<SimulatedSession>, limit: number): Generator<SimulatedSession[]> {
  let group: SimulatedSession[] = [];
  let size = 0;
  for (const session of sessions) {
    if (group.length > 0 && size + session.events.length > limit) {
      yield group;
      [group, size] = [[], 0];
    }
    group.push(session);
    size += session.events.length;
  }
  if (group.length > 0) yield group;
}
