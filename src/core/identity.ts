/**
 * The effect of one observation on an identity: the record of its primitive, the events to publish, and the identity's own
 * data (event counter, suspicion). The caller loads, saves and publishes.
 */
import { type Attribution, compare } from "./attribution.ts";
import {
  type EventPlace,
  formedEvent,
  multiActorSuspectedEvent,
  type OutboundEvent,
  stateChangedEvent,
} from "./event.ts";
import { explain } from "./explanation.ts";
import { advance, type Change, type Series, summarize, type Tail } from "./merge/index.ts";
import type { MergeKind } from "./observation.ts";
import type { Policy } from "./policy.ts";

/** The data of an identity besides its primitives. */
export interface IdentityHead {
  readonly identityUuid: string;
  /** Number of the last event; 0 before the first. */
  readonly seq: number;
  /** Whether `identity.formed` was published. */
  readonly isFormed: boolean;
  /** The primitives that are `multi_actor` now, sorted. */
  readonly multiActor: readonly string[];
  /** The set of primitives of the last published suspicion, sorted; null if there is none or it has ended. */
  readonly suspected: readonly string[] | null;
  /** What a hook keeps for the identity; null at first. */
  readonly kept: string | null;
}

/** The data of one primitive of an identity. */
export interface PrimitiveRecord {
  readonly attribution: Attribution;
  readonly tail: Tail;
  /** The id of the policy that decided its state. */
  readonly policyId: string;
  /** What a hook keeps for the series; null without one. Never changed in place. */
  readonly kept: Uint8Array | null;
}

/** An identity without events. */
export function newIdentityHead(identityUuid: string): IdentityHead {
  return { identityUuid, seq: 0, isFormed: false, multiActor: [], suspected: null, kept: null };
}

/** The context of a step. */
export interface StepContext {
  readonly policy: Policy;
  /** Epoch seconds. */
  readonly nowTs: number;
  /** `last_observation_ts` of any primitive of the identity that has a record. */
  lastObservationTs(primitive: string): number;
}

/** The result of a step. */
export interface StepResult {
  readonly head: IdentityHead;
  readonly record: PrimitiveRecord;
  /** In `seq` order. */
  readonly events: readonly OutboundEvent[];
}

/** Adds `identity.formed`, once, before any other event of the identity. */
export function form(
  head: IdentityHead,
  attackerUuids: readonly string[],
  firstSeenTs: number,
  nowTs: number,
): { head: IdentityHead; events: OutboundEvent[] } {
  if (head.isFormed) return { head, events: [] };
  const seq = head.seq + 1;
  const event = formedEvent(
    { identityUuid: head.identityUuid, seq, nowTs },
    attackerUuids.toSorted(),
    firstSeenTs,
  );
  return { head: { ...head, seq, isFormed: true }, events: [event] };
}

/**
 * Applies one observation that is in its series already.
 * @param record - the record of the primitive, or null at first
 * @param change - the observation, and the one that it replaces
 * @param series - the primitive's series as of this step
 */
export function applyChange(
  head: IdentityHead,
  primitive: string,
  kind: MergeKind,
  record: PrimitiveRecord | null,
  change: Change,
  series: Series,
  context: StepContext,
): StepResult {
  const { thresholds } = context.policy;
  const isCurrent = record !== null && record.tail.kind === kind && record.policyId === context.policy.id;
  const tail = isCurrent
    ? advance(record.tail, change, thresholds, series)
    : summarize(kind, series, thresholds);
  const step = conclude(head, primitive, record, tail, context);
  if (step.events.length === 0) return step;
  const lastObservationTs = (name: string) =>
    name === primitive ? step.record.attribution.lastObservationTs : context.lastObservationTs(name);
  const suspicion = suspect(step.head, { ...context, lastObservationTs });
  return { ...step, head: suspicion.head, events: [...step.events, ...suspicion.events] };
}

/**
 * Recomputes a primitive from its whole series and compares the outcome with the record. Merge, unmerge, rebuild, erasure and
 * another policy do so for every primitive, in ASCII order, and call `suspect` once after the last, so that no suspicion is
 * published for an intermediate set.
 */
export function recompute(
  head: IdentityHead,
  primitive: string,
  kind: MergeKind,
  record: PrimitiveRecord | null,
  series: Series,
  context: StepContext,
): StepResult {
  return conclude(head, primitive, record, summarize(kind, series, context.policy.thresholds), context);
}

/** Adds an event of the identity that does not depend on a state: a merge or an unmerge. */
export function addNotice(
  head: IdentityHead,
  makeEvent: (place: EventPlace) => OutboundEvent,
  nowTs: number,
): { head: IdentityHead; events: OutboundEvent[] } {
  const seq = head.seq + 1;
  return {
    head: { ...head, seq },
    events: [makeEvent({ identityUuid: head.identityUuid, seq, nowTs })],
  };
}

/** Removes the record of a primitive without observations. No event is published. */
export function forgetPrimitive(head: IdentityHead, primitive: string): IdentityHead {
  return { ...head, multiActor: head.multiActor.filter((name) => name !== primitive) };
}

/** The state of a tail, and the transition if the state differs from the one before. */
function conclude(
  head: IdentityHead,
  primitive: string,
  before: PrimitiveRecord | null,
  tail: Tail,
  context: StepContext,
): StepResult {
  const { nowTs, policy } = context;
  const { thresholds } = policy;
  const { attribution, verdict, isTransition } = compare(before?.attribution ?? null, tail, thresholds);
  const record = { attribution, tail, policyId: policy.id, kept: before?.kept ?? null };
  if (!isTransition) return { head, record, events: [] };

  const seq = head.seq + 1;
  const transition = stateChangedEvent(
    { identityUuid: head.identityUuid, seq, nowTs },
    primitive,
    before?.attribution.state ?? null,
    attribution,
    explain(verdict, before?.tail ?? null, tail, thresholds),
    policy.id,
  );
  const multiActor = withPrimitive(head.multiActor, primitive, attribution.state === "multi_actor");
  return { head: { ...head, seq, multiActor }, record, events: [transition] };
}

/** The sorted list with a name added or removed; the same list if nothing changes. */
function withPrimitive(sorted: readonly string[], name: string, isIn: boolean): readonly string[] {
  const known = sorted.indexOf(name);
  if (known >= 0) return isIn ? sorted : sorted.toSpliced(known, 1);
  if (!isIn) return sorted;
  const after = sorted.findIndex((other) => other > name);
  return sorted.toSpliced(after === -1 ? sorted.length : after, 0, name);
}

/**
 * The multi-actor rule: publishes a suspicion each time the set of `multi_actor` primitives changes while it is large enough.
 * When the set is smaller, the last suspicion is forgotten, so the same set is published again later.
 */
export function suspect(
  head: IdentityHead,
  context: StepContext,
): { head: IdentityHead; events: OutboundEvent[] } {
  const { policy, nowTs } = context;
  const { multiActor, suspected } = head;
  if (multiActor.length < policy.thresholds.multiActorPrimitives) {
    return { head: suspected === null ? head : { ...head, suspected: null }, events: [] };
  }
  const isPublished =
    suspected !== null &&
    suspected.length === multiActor.length &&
    suspected.every((name, i) => name === multiActor[i]);
  if (isPublished) return { head, events: [] };
  const seq = head.seq + 1;
  const ts = multiActor.reduce(
    (latest, name) => Math.max(latest, context.lastObservationTs(name)),
    -Infinity,
  );
  const place = { identityUuid: head.identityUuid, seq, nowTs };
  const event = multiActorSuspectedEvent(place, multiActor, policy, ts);
  return { head: { ...head, seq, suspected: multiActor }, events: [event] };
}
