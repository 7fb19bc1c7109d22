/**
 * Reading a batch of queue messages: what each brings, and which attackers each speaks of. Nothing here can fail: a
 * message that breaks a rule becomes a dead letter.
 */
import { describeRefusal, type ParseContext, type ParsedEvent, parseMessage } from "../core/index.ts";
import type { DeadLetter, RecordBatch, RecordedObservation } from "../storage/index.ts";

/** A queue message, as far as it is read here. */
export type IncomingMessage = Pick<Message, "id" | "attempts" | "body">;

/** What one message brought. */
export interface MessageContent {
  readonly message: IncomingMessage;
  readonly observations: readonly RecordedObservation[];
  readonly deadLetters: readonly DeadLetter[];
  readonly ignored: number;
}

/** Longest body kept of something refused, in characters; a queue message holds less. */
const LONGEST_BODY = 200_000;

/** Reads one message. */
export function readMessage(message: IncomingMessage, context: ParseContext): MessageContent {
  const observations: RecordedObservation[] = [];
  const deadLetters: DeadLetter[] = [];
  let ignored = 0;
  for (const [index, event] of parseMessage(decoded(message.body), context).entries()) {
    switch (event.outcome) {
      case "observation":
        observations.push({ observation: event.observation, isUnlisted: event.isUnlisted });
        break;
      case "refused":
        deadLetters.push(toDeadLetter(message, index, event, context.receivedTs));
        break;
      case "ignored":
        ignored++;
        break;
      default:
        event satisfies never;
    }
  }
  return { message, observations, deadLetters, ignored };
}

/** Everything that a batch asks to be stored. */
export function toRecordBatch(contents: readonly MessageContent[]): RecordBatch {
  return {
    observations: contents.flatMap(({ observations }) => observations),
    deadLetters: contents.flatMap(({ deadLetters }) => deadLetters),
    ignored: contents.reduce((sum, { ignored }) => sum + ignored, 0),
  };
}

function toDeadLetter(
  message: IncomingMessage,
  index: number,
  event: Extract<ParsedEvent, { outcome: "refused" }>,
  receivedTs: number,
): DeadLetter {
  const { code, field } = event.refusal;
  return {
    id: `${message.id}:${index}`,
    code,
    field,
    detail: describeRefusal(event.refusal),
    attempts: message.attempts,
    receivedTs,
    body: textOf(event.raw).slice(0, LONGEST_BODY),
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
