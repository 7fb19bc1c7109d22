/** Compares what was published with what is stored: no event is lost, none has two ids, and the last one of each primitive tells its state. */
import { type OutboundEvent } from "../../src/core/index.ts";
import { eventId } from "../../src/core/uuid.ts";
import type { StoredRecord } from "./stored-record.ts";

interface State {
  readonly primitive: string;
  readonly state: string;
  readonly last_change_ts: number;
}

/** So many primitives must alternate for several actors to be suspected. */
const SUSPICIOUS = 2;

export function verifyPublished(
  identities: readonly string[],
  published: readonly OutboundEvent[],
  states: ReadonlyMap<string, readonly State[]>,
  record: StoredRecord,
  problems: string[],
): void {
  const hasErasures = record.erasures.size > 0;
  for (const uuid of identities) {
    const own = published.filter(({ payload }) => uuid === identityOf(payload));
    const events = withoutRepeats(uuid, own, hasErasures, problems);
    for (const [i, { seq, id }] of events.entries()) {
      if (seq !== i + 1) problems.push(`${uuid}: event number ${i + 1} has seq ${seq}`);
      if (id !== eventId(uuid, seq)) problems.push(`${uuid}: event ${seq} has the id ${id}`);
    }
    if (events[0] && events[0].type !== "formed") problems.push(`${uuid}: begins with ${events[0].type}`);
    const history = record.events.filter((row) => row.identity_uuid === uuid);
    const said = history.map(({ seq, event }) => `${seq} ${JSON.parse(event).id} ${JSON.parse(event).type}`);
    const sent = events.map(({ seq, id, type }) => `${seq} ${id} ${type}`);
    if (said.join() !== sent.join()) problems.push(`${uuid}: history ${said.join()} but sent ${sent.join()}`);
    verifyStates(uuid, events, states.get(uuid) ?? [], record, problems);
  }
}

/** The identity whose event it is. */
export function identityOf(payload: OutboundEvent["payload"]): string {
  return "winner_uuid" in payload ? payload.winner_uuid : payload.identity_uuid;
}

/** Drops repeats, which must be equal to the first; the first ones come in the order of `seq`. */
function withoutRepeats(
  uuid: string,
  events: readonly OutboundEvent[],
  mayBeRedacted: boolean,
  problems: string[],
): OutboundEvent[] {
  const byId = new Map<string, OutboundEvent>();
  for (const event of events) {
    const before = byId.get(event.id);
    if (before && !mayBeRedacted && JSON.stringify(before) !== JSON.stringify(event)) {
      problems.push(`${uuid}: two events with one id: ${JSON.stringify([before, event])}`);
    }
    if (!before) byId.set(event.id, event);
  }
  return [...byId.values()];
}

function verifyStates(
  uuid: string,
  events: readonly OutboundEvent[],
  states: readonly State[],
  record: StoredRecord,
  problems: string[],
): void {
  const last = new Map<string, { state: string; ts: number }>();
  let suspected: readonly string[] | null = null;
  for (const event of events) {
    if (event.type === "profile.multi_actor_suspected") suspected = event.payload.primitives;
    if (event.type !== "profile.state_changed") continue;
    const { primitive, old_state, new_state, ts } = event.payload;
    const before = last.get(primitive)?.state ?? null;
    // A primitive that lost its observations in between starts again from null.
    if (old_state !== before && old_state !== null) {
      problems.push(`${uuid}: event ${event.seq} says ${primitive} was ${old_state}, it was ${before}`);
    }
    if (old_state === new_state) problems.push(`${uuid}: event ${event.seq} changes nothing`);
    last.set(primitive, { state: new_state, ts });
  }
  const identity = record.identities.get(uuid);
  if (!identity) return;
  for (const { primitive, state, last_change_ts } of states) {
    const said = last.get(primitive);
    if (said?.state !== state)
      problems.push(`${uuid}: ${primitive} is ${state}, last published ${said?.state}`);
    if (said && said.ts !== last_change_ts) {
      problems.push(`${uuid}: ${primitive} changed at ${last_change_ts}, published ${said.ts}`);
    }
  }
  const alternating = states.flatMap(({ primitive, state }) => (state === "multi_actor" ? [primitive] : []));
  const isSuspicious = alternating.length >= SUSPICIOUS;
  if (isSuspicious && suspected?.join() !== alternating.join()) {
    problems.push(`${uuid}: ${alternating.join()} alternate, last suspected ${suspected?.join()}`);
  }
  const listed = identity.suspected === null ? null : JSON.parse(identity.suspected).join();
  if (listed !== (isSuspicious ? alternating.join() : null)) {
    problems.push(`${uuid}: ${alternating.join()} alternate, the list says ${listed}`);
  }
  const lastSeq = events.at(-1)?.seq ?? 0;
  if (identity.last_seq !== lastSeq && !(identity.last_seq === 0 && record.erasures.size > 0)) {
    problems.push(`${uuid}: last seq ${lastSeq}, the list says ${identity.last_seq}`);
  }
}
