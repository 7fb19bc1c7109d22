/** A dead letter as the queue message that replays it: which queue, which body, whether it fits. */
import { fitEvent, utf8Length } from "../../core/index.ts";
import { type DeadLetterRow, UNPUBLISHABLE } from "../../storage/index.ts";
import type { OutgoingMessage } from "../shared/send.ts";

/** Bytes of one message: a queue takes 128,000, of which about 100 are its own. */
const MESSAGE_LIMIT_BYTES = 127_800;

/** Why a letter cannot be sent. */
export interface Unsendable {
  readonly code: "dead_letter_incomplete" | "message_too_large";
  readonly detail: string;
}

/** A letter's message, or why there is none. */
type ReplayMessage =
  | { readonly ok: true; readonly queue: "observations" | "events"; readonly message: OutgoingMessage }
  | { readonly ok: false; readonly reason: Unsendable };

/**
 * The message that replays a letter. What was refused goes back to the inbound queue, each letter as a message of its
 * own with the letter's id beside its events, by which the consumer removes the letter once they are applied. An event
 * that could not be published goes to the outbound queue, its lists cut as they would be today.
 */
export function replayMessage(letter: DeadLetterRow): ReplayMessage {
  if (letter.bodySha256 !== null) {
    const detail = "Only the beginning of this dead letter was kept, so it cannot be replayed.";
    return { ok: false, reason: { code: "dead_letter_incomplete", detail } };
  }
  const content = parsed(letter.body);
  const isEvent = letter.code === UNPUBLISHABLE;
  const body = isEvent ? fitEvent(content) : { events: eventsOf(content), replay_of: letter.id };
  // Measured as it is sent: escapes make the JSON of a text up to six times as long as the text.
  const bytes = utf8Length(JSON.stringify(body));
  if (bytes > MESSAGE_LIMIT_BYTES) {
    const detail = `As a message this dead letter has ${bytes} bytes; a queue takes ${MESSAGE_LIMIT_BYTES}.`;
    return { ok: false, reason: { code: "message_too_large", detail } };
  }
  return { ok: true, queue: isEvent ? "events" : "observations", message: { body, bytes } };
}

function eventsOf(content: unknown): readonly unknown[] {
  if (typeof content !== "object" || content === null || !("events" in content)) return [content];
  return Array.isArray(content.events) ? content.events : [content];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
