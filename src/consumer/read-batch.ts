/**
 * Reading a batch of queue messages: what each brings, and which attackers each speaks of. Nothing here can fail: a
 * message that breaks a rule becomes a dead letter.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import {
  describeRefusal,
  type ParseContext,
  type ParsedEvent,
  parseMessage,
  utf8Length,
} from "../core/index.ts";
import {
  type DeadLetter,
  isErasedEvent,
  type RecordBatch,
  type RecordedObservation,
} from "../storage/index.ts";

/** A queue message, as far as it is read here. */
export type IncomingMessage = Pick<Message, "id" | "attempts" | "body">;

/** What one message brought. */
export interface MessageContent {
  readonly message: IncomingMessage;
  readonly observations: readonly RecordedObservation[];
  readonly deadLetters: readonly DeadLetter[];
  readonly ignored: number;
  /** Observations older than what is kept. */
  readonly expired: number;
  /** The dead letter that is dealt with once this replay of it is stored and applied, or null. */
  readonly replayOf: string | null;
}

/** What reading needs to know. */
export interface ReadContext extends ParseContext {
  /** Epoch seconds; observations before it are not kept. Null: all are. */
  readonly keptFromTs: number | null;
}

/**
 * Longest body kept of something refused, in characters: at three bytes each under the 2 MB of a row, with room for
 * the rest of it. A queue message is shorter; a structured clone may have a longer JSON.
 */
export const LONGEST_BODY = 500_000;

/** Longest id of a dead letter, in characters: that of a queue message, and a place in it. */
const LONGEST_LETTER_ID = 200;

/** The id of a letter that holds one event; that of a whole message has no place in it. */
const EVENT_LETTER = /:\d+$/;

/** Reads one message. */
export function readMessage(message: IncomingMessage, context: ReadContext): MessageContent {
  const observations: RecordedObservation[] = [];
  const deadLetters: DeadLetter[] = [];
  let ignored = 0;
  let expired = 0;
  const body = decoded(message.body);
  const replayOf = replayedLetter(body);
  const events = parseMessage(body, context);
  for (const [index, event] of events.entries()) {
    switch (event.outcome) {
      case "observation":
        if (context.keptFromTs !== null && event.observation.ts < context.keptFromTs) expired++;
        else observations.push({ observation: event.observation, isUnlisted: event.isUnlisted });
        break;
      case "refused":
        // Replayed after an erasure.
        if (replayOf !== null && isErasedEvent(event.raw)) break;
        deadLetters.push(
          toDeadLetter(message, letterId(message, replayOf, index, events.length), event, context.receivedTs),
        );
        break;
      case "ignored":
        ignored++;
        break;
      default:
        event satisfies never;
    }
  }
  const isRefusedAgain = deadLetters.some(({ id }) => id === replayOf);
  return { message, observations, deadLetters, ignored, expired, replayOf: isRefusedAgain ? null : replayOf };
}

/** An event that is refused again stays the letter it was; those of a whole message become letters of their own. */
function letterId(message: IncomingMessage, replayOf: string | null, index: number, events: number): string {
  if (replayOf !== null && events === 1 && EVENT_LETTER.test(replayOf)) return replayOf;
  return `${replayOf ?? message.id}:${index}`;
}

/** Everything that a batch asks to be stored. */
export function toRecordBatch(contents: readonly MessageContent[]): RecordBatch {
  return {
    observations: contents.flatMap(({ observations }) => observations),
    deadLetters: contents.flatMap(({ deadLetters }) => deadLetters),
    ignored: contents.reduce((sum, { ignored }) => sum + ignored, 0),
    expired: contents.reduce((sum, { expired }) => sum + expired, 0),
  };
}

/** A whole message as a dead letter, for when its retries are used up. */
export function toExhausted(message: IncomingMessage, receivedTs: number): DeadLetter {
  const body = decoded(message.body);
  return {
    id: replayedLetter(body) ?? message.id,
    code: "retries_exhausted",
    field: "body",
    detail: "The message could not be stored and applied within its retries.",
    attempts: message.attempts,
    receivedTs,
    ...keptBody(body),
  };
}

function toDeadLetter(
  message: IncomingMessage,
  id: string,
  event: Extract<ParsedEvent, { outcome: "refused" }>,
  receivedTs: number,
): DeadLetter {
  const { code, field } = event.refusal;
  return {
    id,
    code,
    field,
    detail: describeRefusal(event.refusal),
    attempts: message.attempts,
    receivedTs,
    ...keptBody(event.raw),
  };
}

/** As much of a body as a row holds; where that is not all, the digest of the whole. */
function keptBody(raw: unknown): Pick<DeadLetter, "body" | "bodyBytes" | "bodySha256"> {
  const text = textOf(raw);
  const isWhole = text.length <= LONGEST_BODY;
  return {
    body: isWhole ? text : text.slice(0, LONGEST_BODY),
    bodyBytes: utf8Length(text),
    bodySha256: isWhole ? null : bytesToHex(sha256(new TextEncoder().encode(text))),
  };
}

/** The JSON of what was refused, or its plain text where it has none. */
function textOf(raw: unknown): string {
  if (typeof raw === "string") return raw;
  try {
    return JSON.stringify(raw) ?? String(raw);
  } catch {
    return String(raw);
  }
}

/** A body that was sent as bytes, as the text they hold; any other body as it is. */
function decoded(body: unknown): unknown {
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return new TextDecoder().decode(body);
  return body;
}

/** A replay says which dead letter it is of, beside its events. */
function replayedLetter(body: unknown): string | null {
  if (typeof body !== "object" || body === null || !("replay_of" in body)) return null;
  const { replay_of: id } = body;
  return typeof id === "string" && id !== "" && id.length <= LONGEST_LETTER_ID ? id : null;
}
