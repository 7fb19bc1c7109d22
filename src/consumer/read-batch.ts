/**
 * Reads a batch of queue messages: the observations, refusals and counts of each. Nothing here throws: a message that
 * breaks a rule becomes a dead letter.
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

/** The fields of a queue message that are read. */
export type IncomingMessage = Pick<Message, "id" | "attempts" | "body">;

/** What one message contains. */
export interface MessageContent {
  readonly message: IncomingMessage;
  readonly observations: readonly RecordedObservation[];
  readonly deadLetters: readonly DeadLetter[];
  readonly ignored: number;
  /** Number of observations that are older than the retention. */
  readonly expired: number;
  /** Id of the dead letter that this message replays, or null. It is deleted when the replay is stored and applied. */
  readonly replayOf: string | null;
}

/** What reading depends on. */
export interface ReadContext extends ParseContext {
  /** Epoch seconds; observations before it are not kept. Null: all are kept. */
  readonly keptFromTs: number | null;
}

/**
 * Longest body of a dead letter, in characters: at three bytes each it is below the 2 MB of a row, with room for the other
 * columns. A queue message is shorter, but the JSON of a structured clone may be longer.
 */
export const LONGEST_BODY = 500_000;

/** Longest id of a dead letter, in characters: the id of a queue message and an index. */
const LONGEST_LETTER_ID = 200;

/** Matches the id of a letter that holds one event; the id of a whole message has no index. */
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
        // The event was erased before it was replayed.
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

/** An event that is refused again keeps the id of its letter; events of a whole message become letters of their own. */
function letterId(message: IncomingMessage, replayOf: string | null, index: number, events: number): string {
  if (replayOf !== null && events === 1 && EVENT_LETTER.test(replayOf)) return replayOf;
  return `${replayOf ?? message.id}:${index}`;
}

/** Everything in a batch that is to be stored. */
export function toRecordBatch(contents: readonly MessageContent[]): RecordBatch {
  return {
    observations: contents.flatMap(({ observations }) => observations),
    deadLetters: contents.flatMap(({ deadLetters }) => deadLetters),
    ignored: contents.reduce((sum, { ignored }) => sum + ignored, 0),
    expired: contents.reduce((sum, { expired }) => sum + expired, 0),
  };
}

/** A whole message as a dead letter, after its retries were used up. */
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

/** The body, cut to the length of a row; if it is cut, also the digest of the whole. */
function keptBody(raw: unknown): Pick<DeadLetter, "body" | "bodyBytes" | "bodySha256"> {
  const text = textOf(raw);
  const isWhole = text.length <= LONGEST_BODY;
  return {
    body: isWhole ? text : text.slice(0, LONGEST_BODY),
    bodyBytes: utf8Length(text),
    bodySha256: isWhole ? null : bytesToHex(sha256(new TextEncoder().encode(text))),
  };
}

/** The JSON of what was refused, or its text if it has no JSON. */
function textOf(raw: unknown): string {
  if (typeof raw === "string") return raw;
  try {
    return JSON.stringify(raw) ?? String(raw);
  } catch {
    return String(raw);
  }
}

/** Decodes a body that was sent as bytes; returns any other body as it is. */
function decoded(body: unknown): unknown {
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return new TextDecoder().decode(body);
  return body;
}

/** Id of the dead letter that a message replays; it stands beside the events. */
function replayedLetter(body: unknown): string | null {
  if (typeof body !== "object" || body === null || !("replay_of" in body)) return null;
  const { replay_of: id } = body;
  return typeof id === "string" && id !== "" && id.length <= LONGEST_LETTER_ID ? id : null;
}
