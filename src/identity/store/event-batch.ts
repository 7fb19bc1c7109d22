/**
 * Events that wait as one JSON list of envelopes. The list of a suspicion is stored as the difference to the suspicion before it, where
 * that one is known: a growing suspicion would otherwise store its whole list once per primitive.
 */
import {
  applyDifference,
  differenceOf,
  type ListDifference,
  type OutboundEvent,
  utf8Length,
} from "../../core/index.ts";

/** An event that waits. */
export interface PendingEvent {
  readonly seq: number;
  /** When it was first due, epoch seconds. */
  readonly dueTs: number;
  /** JSON of the envelope, as it is sent. */
  readonly event: string;
  /** UTF-8 bytes of `event`. */
  readonly bytes: number;
  /** Its list, if it is a suspicion; null for any other event. */
  readonly suspected: readonly string[] | null;
}

/** Maximum size of a batch, so that a page of a drain is made of whole batches: events, and bytes as they are sent. */
const BATCH = { events: 100, bytes: 200_000 } as const;

interface StoredEvent {
  readonly seq: number;
  readonly ts: number;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly difference?: ListDifference;
}

/** An event as it waits. */
export function toPending(event: OutboundEvent): PendingEvent {
  const suspected = event.type === "profile.multi_actor_suspected" ? event.payload.primitives : null;
  return pendingOf(event.seq, event.ts, JSON.stringify(event), suspected);
}

/** Events in batches of at most the maximum size; a larger event has a batch of its own. */
export function inBatches(events: readonly PendingEvent[]): PendingEvent[][] {
  const batches: PendingEvent[][] = [];
  let batch: PendingEvent[] = [];
  let bytes = 0;
  for (const pending of events) {
    if (batch.length > 0 && (batch.length >= BATCH.events || bytes + pending.bytes > BATCH.bytes)) {
      batches.push(batch);
      [batch, bytes] = [[], 0];
    }
    batch.push(pending);
    bytes += pending.bytes;
  }
  return batch.length > 0 ? [...batches, batch] : batches;
}

/** The list of the last suspicion among events, else the list before them. */
export function lastSuspected(
  events: readonly PendingEvent[],
  before: readonly string[] | null,
): readonly string[] | null {
  return events.findLast(({ suspected }) => suspected !== null)?.suspected ?? before;
}

/**
 * The JSON of a batch.
 * @param suspectedBefore - the list that the first suspicion may be stored as the difference to; null if it must be stored whole
 */
export function writeBatch(
  events: readonly PendingEvent[],
  suspectedBefore: readonly string[] | null,
): string {
  let before = suspectedBefore;
  const texts = events.map(({ event, suspected }) => {
    if (suspected === null) return event;
    const shorter = before === null ? event : withDifference(event, before, suspected);
    before = suspected;
    return shorter.length < event.length ? shorter : event;
  });
  return `[${texts.join(",")}]`;
}

/**
 * The events of a batch.
 * @param stored - what `writeBatch` wrote, read from JSON
 * @param suspectedBefore - the list of the last suspicion before the batch; null if there is none
 */
export function readBatch(
  stored: readonly unknown[],
  suspectedBefore: readonly string[] | null,
): PendingEvent[] {
  let before = suspectedBefore;
  return stored.map((event) => {
    const pending = complete(event, before);
    before = pending.suspected ?? before;
    return pending;
  });
}

/**
 * A stored event as it is sent.
 * @param stored - read from JSON
 * @param before - the list of the suspicion that its list may be the difference to; null if there is none
 */
export function complete(stored: unknown, before: readonly string[] | null): PendingEvent {
  if (!isStoredEvent(stored))
    throw new Error(`an event that waits must be an envelope, got ${typeof stored}`);
  const { difference, ...envelope } = stored;
  const { seq, ts, type, payload } = envelope;
  if (type !== "profile.multi_actor_suspected") return pendingOf(seq, ts, JSON.stringify(envelope), null);
  if (difference === undefined) {
    const { primitives } = payload;
    const suspected = Array.isArray(primitives) ? primitives.map(String) : [];
    return pendingOf(seq, ts, JSON.stringify(envelope), suspected);
  }
  if (before === null) throw new Error(`the suspicion ${seq} must follow another one, there is none`);
  const suspected = applyDifference(before, difference);
  // The contract's order of the fields.
  const { identity_uuid, ...rest } = payload;
  const event = JSON.stringify({ ...envelope, payload: { identity_uuid, primitives: suspected, ...rest } });
  return pendingOf(seq, ts, event, suspected);
}

function pendingOf(
  seq: number,
  dueTs: number,
  event: string,
  suspected: readonly string[] | null,
): PendingEvent {
  return { seq, dueTs, event, bytes: utf8Length(event), suspected };
}

function withDifference(event: string, before: readonly string[], suspected: readonly string[]): string {
  const envelope: StoredEvent = JSON.parse(event);
  const { primitives: _, ...payload } = envelope.payload;
  return JSON.stringify({ ...envelope, payload, difference: differenceOf(before, suspected) });
}

function isStoredEvent(value: unknown): value is StoredEvent {
  return (
    typeof value === "object" && value !== null && "seq" in value && "type" in value && "payload" in value
  );
}
