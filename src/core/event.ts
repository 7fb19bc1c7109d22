/**
 * Builds outbound envelopes (contract §5) with an `id` that depends on identity and `seq`. They have wire names, because
 * receivers read them. `identity.ts` decides when an event is published.
 */
import type { Attribution } from "./attribution.ts";
import { type Explanation, withDigestedPointers } from "./explanation.ts";
import { type JsonValue, utf8Length } from "./json.ts";
import type { State } from "./observation.ts";
import { fitList } from "./fitted-list.ts";
import type { Policy } from "./policy.ts";
import type { HookEvent } from "./series-hook.ts";
import { eventId } from "./uuid.ts";

/** Topic and type of each event. */
export const EVENT_KINDS = {
  state_changed: { topic: "attribution.profile.state_changed", type: "profile.state_changed" },
  multi_actor_suspected: {
    topic: "attribution.profile.multi_actor_suspected",
    type: "profile.multi_actor_suspected",
  },
  formed: { topic: "identity.formed", type: "formed" },
  merged: { topic: "identity.merged", type: "merged" },
  unmerged: { topic: "identity.unmerged", type: "unmerged" },
  evidence_changed: { topic: "attribution.evidence.changed", type: "evidence.changed" },
  evidence_withdrawn: { topic: "attribution.evidence.withdrawn", type: "evidence.withdrawn" },
  evidence_operators: { topic: "attribution.evidence.operators", type: "evidence.operators" },
} as const;

export type EventKind = keyof typeof EVENT_KINDS;

/** Payload of each event, exactly the contract's fields. */
export interface EventPayloads {
  state_changed: {
    readonly identity_uuid: string;
    readonly primitive: string;
    readonly old_state: State | null;
    readonly new_state: State;
    readonly current_value: JsonValue;
    readonly confidence: number;
    readonly observation_count: number;
    readonly ts: number;
  };
  multi_actor_suspected: {
    readonly identity_uuid: string;
    readonly primitives: readonly string[];
    readonly evidence_summary: string;
    readonly confidence: number;
    readonly ts: number;
  };
  formed: {
    readonly identity_uuid: string;
    readonly observation_uuids: readonly string[];
    readonly confidence: null;
    readonly first_seen_at: number;
  };
  merged: {
    readonly winner_uuid: string;
    readonly loser_uuid: string;
    readonly observation_uuids: readonly string[];
    readonly confidence_after: null;
  };
  unmerged: {
    readonly identity_uuid: string;
    readonly from_uuid: string;
    readonly observation_uuids: readonly string[];
  };
  evidence_changed: {
    readonly identity_uuid: string;
    readonly primitive: string;
    /** UUIDv5 of identity, primitive and the keys of the regime's first observation and of the one at which E reached the threshold. */
    readonly id: string;
    /** Of the observation at which E reached the threshold. */
    readonly ts: number;
    /** Of the likeliest start of the change. */
    readonly since_ts: number;
    readonly e: number;
    /** Summaries of the values before and after the likeliest start; null after an erasure. */
    readonly before: JsonValue;
    readonly after: JsonValue;
    readonly effect: number | null;
  };
  evidence_withdrawn: {
    readonly identity_uuid: string;
    readonly primitive: string;
    /** Of the change that no longer stands. */
    readonly id: string;
  };
  evidence_operators: {
    readonly identity_uuid: string;
    readonly estimate: number;
    /** The estimate that was published before; 1 at first. */
    readonly old_estimate: number;
    /** Sessions that were looked at, and the operator of the last one. */
    readonly sessions: number;
    readonly active: number;
    /** Gain in log-likelihood of the accepted number of operators, and what was needed; null under the fewest sessions. */
    readonly gain: number | null;
    readonly needed: number | null;
    /** Sorted. */
    readonly primitives: readonly string[];
    readonly ts: number;
  };
}

/** The fields of every envelope. */
interface Envelope<K extends EventKind> {
  readonly v: 1;
  readonly id: string;
  /** Starts at 1 and grows by one per event of its identity. */
  readonly seq: number;
  readonly topic: (typeof EVENT_KINDS)[K]["topic"];
  readonly type: (typeof EVENT_KINDS)[K]["type"];
  /** When the event was first due for publishing, epoch seconds. */
  readonly ts: number;
  readonly payload: EventPayloads[K];
  /** Present if the list in the payload was cut. The API has the whole list. */
  readonly truncated?: true;
}

/** The id of the policy that decided. */
interface Decided {
  readonly policy: string;
}

export type StateChangedEvent = Envelope<"state_changed"> & Decided & { readonly explanation: Explanation };
export type MultiActorSuspectedEvent = Envelope<"multi_actor_suspected"> & Decided;
export type FormedEvent = Envelope<"formed">;
export type MergedEvent = Envelope<"merged">;
export type UnmergedEvent = Envelope<"unmerged">;
/** An event of the capability that follows series. */
export type FollowedEvent = {
  [K in Extract<EventKind, `evidence_${string}`>]: Envelope<K> &
    Decided & { readonly explanation?: { readonly [key: string]: JsonValue } };
}[Extract<EventKind, `evidence_${string}`>];
export type OutboundEvent =
  | StateChangedEvent
  | MultiActorSuspectedEvent
  | FormedEvent
  | MergedEvent
  | UnmergedEvent
  | FollowedEvent;

/** The heartbeat of the Worker. It belongs to no identity, so it has no `seq`. */
export interface HealthEvent {
  readonly v: 1;
  readonly id: string;
  readonly topic: "system.attribution.health";
  readonly type: "health";
  readonly ts: number;
  readonly payload: { readonly worker: string; readonly ts: number } & Readonly<Record<string, JsonValue>>;
}

/** Identity, number and time (epoch seconds) of an event. */
export interface EventPlace {
  readonly identityUuid: string;
  readonly seq: number;
  readonly nowTs: number;
}

/** Maximum bytes of JSON of a `state_changed` event: the queue bills one operation per 64 KB. */
export const EVENT_LIMIT_BYTES = 64_000;

/** The state of one primitive changed. */
export function stateChangedEvent(
  place: EventPlace,
  primitive: string,
  oldState: State | null,
  attribution: Attribution,
  explanation: Explanation,
  policyId: string,
): StateChangedEvent {
  const event = {
    ...envelope("state_changed", place, {
      identity_uuid: place.identityUuid,
      primitive,
      old_state: oldState,
      new_state: attribution.state,
      current_value: JSON.parse(attribution.currentValue),
      confidence: attribution.confidence,
      observation_count: attribution.observationCount,
      ts: attribution.lastObservationTs,
    }),
    policy: policyId,
    explanation,
  };
  if (utf8Length(JSON.stringify(event)) < EVENT_LIMIT_BYTES) return event;
  return { ...event, explanation: withDigestedPointers(explanation) };
}

/**
 * Several primitives of one identity alternate between two values.
 * @param primitives - sorted
 * @param lastObservationTs - the greatest among them
 */
export function multiActorSuspectedEvent(
  place: EventPlace,
  primitives: readonly string[],
  policy: Policy,
  lastObservationTs: number,
): MultiActorSuspectedEvent {
  const { list, isTruncated } = fitList(primitives);
  const event = envelope("multi_actor_suspected", place, {
    identity_uuid: place.identityUuid,
    primitives: list,
    evidence_summary: `${primitives.length} primitives flagged multi_actor`,
    confidence: policy.thresholds.multiActorConfidenceCap,
    ts: lastObservationTs,
  });
  return { ...event, ...truncated(isTruncated), policy: policy.id };
}

/** An identity has its first observation. */
export function formedEvent(
  place: EventPlace,
  attackerUuids: readonly string[],
  firstSeenTs: number,
): FormedEvent {
  const { list, isTruncated } = fitList(attackerUuids);
  const event = envelope("formed", place, {
    identity_uuid: place.identityUuid,
    observation_uuids: list,
    confidence: null,
    first_seen_at: firstSeenTs,
  });
  return { ...event, ...truncated(isTruncated) };
}

/** Another identity became part of this one. */
export function mergedEvent(
  place: EventPlace,
  loserUuid: string,
  attackerUuids: readonly string[],
): MergedEvent {
  const { list, isTruncated } = fitList(attackerUuids.toSorted());
  const event = envelope("merged", place, {
    winner_uuid: place.identityUuid,
    loser_uuid: loserUuid,
    observation_uuids: list,
    confidence_after: null,
  });
  return { ...event, ...truncated(isTruncated) };
}

/** This identity was separated from the one that it was merged into. */
export function unmergedEvent(
  place: EventPlace,
  fromUuid: string,
  attackerUuids: readonly string[],
): UnmergedEvent {
  const { list, isTruncated } = fitList(attackerUuids.toSorted());
  const event = envelope("unmerged", place, {
    identity_uuid: place.identityUuid,
    from_uuid: fromUuid,
    observation_uuids: list,
  });
  return { ...event, ...truncated(isTruncated) };
}

/** An event that a hook has added. */
export function followedEvent(place: EventPlace, event: HookEvent, policyId: string): FollowedEvent {
  const explanation = event.explanation === undefined ? {} : { explanation: event.explanation };
  const decided = { policy: policyId, ...explanation };
  switch (event.kind) {
    case "evidence_changed":
      return { ...envelope(event.kind, place, event.payload), ...decided };
    case "evidence_withdrawn":
      return { ...envelope(event.kind, place, event.payload), ...decided };
    case "evidence_operators":
      return { ...envelope(event.kind, place, event.payload), ...decided };
    default:
      return event satisfies never;
  }
}

/**
 * The heartbeat event.
 * @param nowTs - epoch seconds; all events of one minute have the same id
 */
export function healthEvent(
  worker: string,
  nowTs: number,
  counters: Readonly<Record<string, JsonValue>>,
): HealthEvent {
  return {
    v: 1,
    id: eventId(worker, Math.floor(nowTs / 60)),
    topic: "system.attribution.health",
    type: "health",
    ts: nowTs,
    payload: { ...counters, worker, ts: nowTs },
  };
}

function truncated(isTruncated: boolean): { truncated?: true } {
  return isTruncated ? { truncated: true } : {};
}

function envelope<K extends EventKind>(kind: K, place: EventPlace, payload: EventPayloads[K]): Envelope<K> {
  const { topic, type } = EVENT_KINDS[kind];
  return {
    v: 1,
    id: eventId(place.identityUuid, place.seq),
    seq: place.seq,
    topic,
    type,
    ts: place.nowTs,
    payload,
  };
}
