/** Packs observations into as few queue messages as they fit into, in order. */
import { type Observation, utf8Length } from "../../core/index.ts";
import { toWireObservation } from "../observations/format.ts";
import type { OutgoingMessage } from "../shared/send.ts";

/** Bytes of one message: a queue takes 128 KB, about 100 of which are its own. */
export const MESSAGE_LIMIT_BYTES = 125_000;
/** `{"events":[]}` */
const FRAME_BYTES = 13;

/** A message of observations. */
interface PackedMessage extends OutgoingMessage {
  readonly body: { readonly events: readonly Record<string, unknown>[] };
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
      messages.push({ body: { events }, bytes });
      events = [];
      bytes = FRAME_BYTES;
    }
    events.push(payload);
    bytes += length;
  }
  if (events.length > 0) messages.push({ body: { events }, bytes });
  return messages;
}
