/**
 * Reads the body of a queue message (contract §2): a bus event, a bare payload, or a list of either. For any input it
 * returns a list of results; it never throws.
 */
import type { Observation } from "../observation.ts";
import { parsePayload, type ParseContext, versionRefusal } from "./payload.ts";
import type { Refusal } from "./refusal.ts";

/** The result of reading one event of a message. */
export type ParsedEvent =
  | {
      readonly outcome: "observation";
      readonly observation: Observation;
      /** Whether the registry lists values for the primitive and this value is not among them. */
      readonly isUnlisted: boolean;
    }
  /** A bus event of another topic. */
  | { readonly outcome: "ignored" }
  | { readonly outcome: "refused"; readonly refusal: Refusal; readonly raw: unknown };

const TOPIC_PREFIX = "attacker.observation.";
const SHELL_PREFIX = "shell.";

/**
 * Reads a message body.
 * @param body - a JSON value, or a text that holds one
 * @returns one entry per event, in order; at least one
 */
export function parseMessage(body: unknown, context: ParseContext): ParsedEvent[] {
  const decoded = decode(body);
  if (!decoded.ok) return [refused({ code: "malformed_json", field: "body", found: decoded.found }, body)];
  const message = decoded.value;
  if (!isObject(message)) {
    return [refused({ code: "malformed_json", field: "body", found: nameOf(message) }, message)];
  }
  if (message["events"] === undefined) return [parseEvent(message, context)];
  const { events } = message;
  if (!isFullList(events)) {
    return [refused({ code: "invalid_field", field: "events", expected: "a non-empty list" }, message)];
  }
  return events.map((event) => parseEvent(event, context));
}

/** Reads one event: a bus event or a bare payload. */
export function parseEvent(event: unknown, context: ParseContext): ParsedEvent {
  if (!isObject(event))
    return refused({ code: "malformed_json", field: "body", found: nameOf(event) }, event);
  if (event["events"] !== undefined) {
    return refused(
      { code: "invalid_field", field: "events", expected: "left out: a list holds no lists" },
      event,
    );
  }
  const { payload, topic } = event;
  if (!isObject(payload)) return read(event, event, null, context);
  if (topic === undefined || topic === null) return refused({ code: "missing_field", field: "topic" }, event);
  if (typeof topic !== "string") {
    return refused({ code: "invalid_field", field: "topic", expected: "a string" }, event);
  }
  if (!topic.startsWith(TOPIC_PREFIX)) return { outcome: "ignored" };
  const version = versionRefusal(event);
  if (version) return refused(version, event);
  return read(event, payload, primitiveOf(topic), context);
}

function read(
  event: unknown,
  payload: Readonly<Record<string, unknown>>,
  topicPrimitive: string | null,
  context: ParseContext,
): ParsedEvent {
  const parsed = parsePayload(payload, topicPrimitive, context);
  if (!parsed.ok) return refused(parsed.refusal, event);
  return { outcome: "observation", observation: parsed.observation, isUnlisted: parsed.isUnlisted };
}

function primitiveOf(topic: string): string {
  const primitive = topic.slice(TOPIC_PREFIX.length);
  return primitive.startsWith(SHELL_PREFIX) ? primitive.slice(SHELL_PREFIX.length) : primitive;
}

function refused(refusal: Refusal, raw: unknown): ParsedEvent {
  return { outcome: "refused", refusal, raw };
}

function decode(body: unknown): { ok: true; value: unknown } | { ok: false; found: string } {
  if (typeof body !== "string") return { ok: true, value: body };
  try {
    return { ok: true, value: JSON.parse(body) };
  } catch {
    return { ok: false, found: "text that is not JSON" };
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether it is a non-empty list without holes. JSON lists have no holes, but a structured clone can have a billion. */
function isFullList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0 && value.findIndex((_, i) => !(i in value)) === -1;
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
