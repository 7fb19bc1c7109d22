/**
 * What one observation does to an identity: its primitive's record, the events that become due, the identity's
 * own memory (event counter, suspicion). Decides and returns; whoever calls loads, saves and publishes.
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

/** What an identity remembers besides its primitives. */
export interface IdentityHead {
  readonly identityUuid: string;
  /** Number of the last event; 0 before the first. */
  readonly seq: number;
  /** Whether `identity.formed` was made. */
  readonly isFormed: boolean;
  /** The primitives that are `multi_actor` now, sorted. */
  readonly multiActor: readonly string[];
  /** The set last published as suspicious, sorted; null while armed. */
  readonly suspected: readonly string[] | null;
}

/** What an identity remembers of one primitive. */
export interface PrimitiveRecord {
  readonly attribution: Attribution;
  readonly tail: Tail;
  /** The id of the policy that decided its state. */
  readonly policyId: string;
}

/** An identity that nothing was ever said about. */
export function newIdentityHead(identityUuid: string): IdentityHead {
  return { identityUuid, seq: 0, isFormed: false, multiActor: [], suspected: null };
}

/** Everything a step needs to know besides the step itself. */
export interface StepContext {
  readonly policy: Policy;
  /** Epoch seconds. */
  readonly nowTs: number;
  /** `last_observation_ts` of any primitive of the identity that has a record. */
  lastObservationTs(primitive: string): number;
}

/** What a step changes. */
export interface StepResult {
  readonly head: IdentityHead;
  readonly record: PrimitiveRecord;
  /** In `seq` order. */
  readonly events: readonly OutboundEvent[];
}

/** The event that an identity exists: once, before any other event of it. */
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
 * @param record - what is known of the primitive, or null at first
 * @param change - the observation, and what stood under its key before
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
 * Reads a primitive's series anew and compares the outcome with what is stored. Merge, unmerge, rebuild, erase and
 * changed thresholds do so for every primitive, in ASCII order, and call `suspect` once, after the last: what the
 * set of `multi_actor` primitives is in between is of no interest to anybody.
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

/** Adds an event of this identity's own numbering that no state decides: a merge or an unmerge. */
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

/** A primitive that has no observations left: it loses its record, and nothing is published. */
export function forgetPrimitive(head: IdentityHead, primitive: string): IdentityHead {
  return { ...head, multiActor: head.multiActor.filter((name) => name !== primitive) };
}

/** The state that a tail leads to, and the transition if it is another one than before. */
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
  const record = { attribution, tail, policyId: policy.id };
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

/** A sorted list with or without a name; the same list where that is what it is already. */
function withPrimitive(sorted: readonly string[], name: string, isIn: boolean): readonly string[] {
  const known = sorted.indexOf(name);
  if (known >= 0) return isIn ? sorted : sorted.toSpliced(known, 1);
  if (!isIn) return sorted;
  const after = sorted.findIndex((other) => other > name);
  return sorted.toSpliced(after === -1 ? sorted.length : after, 0, name);
}

/**
 * The multi-actor rule: published each time the set of `multi_actor` primitives changes while it is large enough;
 * below that it re-arms.
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
