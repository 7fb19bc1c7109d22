/** Packing events into as few queue messages as they fit into, in order. Leaves sending them to send.ts. */
import { type Observation, utf8Length } from "../core/index.ts";
import { toWireObservation } from "./observation-wire.ts";

/** Bytes of one message: a queue takes 128 KB, about 100 of which are its own. */
export const MESSAGE_LIMIT_BYTES = 125_000;
/** `{"events":[]}` */
const FRAME_BYTES = 13;

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
    const payload = toWireObservation(observation);
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
