/** Packing events into as few queue messages as they fit into, in order, and sending those. */
import { type Observation, utf8Length } from "../core/index.ts";

/** Bytes of one message: a queue takes 128 KB, about 100 of which are its own. */
export const MESSAGE_LIMIT_BYTES = 125_000;
/** Messages and bytes of one `sendBatch`: a queue takes 100 and 256 KB. */
const SEND_LIMIT_MESSAGES = 100;
const SEND_LIMIT_BYTES = 250_000;
/** `{"events":[]}` */
const FRAME_BYTES = 13;

/** An observation as it travels: the contract's payload. */
export function toWirePayload(observation: Observation): Record<string, unknown> {
  return {
    v: 1,
    id: observation.id,
    attacker_uuid: observation.attackerUuid,
    primitive: observation.primitive,
    value: JSON.parse(observation.value),
    confidence: observation.confidence,
    window: { start_ts: observation.windowStartTs, end_ts: observation.windowEndTs },
    source: observation.source,
    evidence_ref: observation.evidenceRef,
    ts: observation.ts,
    identity_ref: observation.identityRef,
  };
}

/** A message, how many events it holds, and its size. */
export interface PackedMessage {
  readonly events: readonly Record<string, unknown>[];
  readonly bytes: number;
}

/** Observations as messages, in order, each as full as may be. */
export function packMessages(observations: readonly Observation[]): PackedMessage[] {
  const messages: PackedMessage[] = [];
  let events: Record<string, unknown>[] = [];
  let bytes = FRAME_BYTES;
  for (const observation of observations) {
    const payload = toWirePayload(observation);
    const length = utf8Length(JSON.stringify(payload)) + 1;
    if (events.length > 0 && bytes + length > MESSAGE_LIMIT_BYTES) {
      messages.push({ events, bytes });
      events = [];
      bytes = FRAME_BYTES;
    }
    events.push(payload);
    bytes += length;
  }
  if (events.length > 0) messages.push({ events, bytes });
  return messages;
}

/** Messages in groups, each small enough for one `sendBatch`. */
export function groupForSending(messages: readonly PackedMessage[]): PackedMessage[][] {
  const groups: PackedMessage[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const group = groups.at(-1);
    if (group && group.length < SEND_LIMIT_MESSAGES && bytes + message.bytes <= SEND_LIMIT_BYTES) {
      group.push(message);
      bytes += message.bytes;
    } else {
      groups.push([message]);
      bytes = message.bytes;
    }
  }
  return groups;
}

/**
 * Sends messages in order.
 * @returns how many events the queue took, and the error that stopped it, if one did
 */
export async function sendMessages(
  queue: Pick<Queue, "sendBatch">,
  messages: readonly PackedMessage[],
): Promise<{ accepted: number; error: unknown }> {
  let accepted = 0;
  for (const group of groupForSending(messages)) {
    try {
      await queue.sendBatch(group.map(({ events }) => ({ body: { events }, contentType: "json" as const })));
    } catch (error) {
      return { accepted, error };
    }
    accepted += group.reduce((sum, { events }) => sum + events.length, 0);
  }
  return { accepted, error: null };
}
