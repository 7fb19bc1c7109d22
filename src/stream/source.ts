/** The interface of a stream's source, and what all sources share. */
import type { StreamedEvent } from "../storage/index.ts";

/** Events per page: rarely more than a few hundred KB. */
export const PAGE_EVENTS = 100;

/** How long a client waits before it reconnects, in milliseconds. */
const RECONNECT_MS = 2_000;

/** A Server-Sent Event. */
export interface StreamMessage {
  readonly event: string;
  /** JSON. */
  readonly data: string;
  /** The position of the client after this message; absent if the client can't resume after it. */
  readonly id?: string;
  /** How long a client is to wait before it reconnects, in milliseconds. */
  readonly retry?: number;
}

/** A page of messages. */
export interface SourceStep {
  readonly messages: readonly StreamMessage[];
  /** Whether there is nothing more to send now. */
  readonly isComplete: boolean;
}

/** What a stream sends: keeps its position, reads the next messages, and names the objects that tell when to read. */
export interface StreamSource {
  /** For the log. */
  readonly kind: "identity" | "attacker" | "everything";
  /** The first message. */
  readonly first: StreamMessage;
  /** Names of the objects to watch; may change with each call of `next`. */
  readonly watched: readonly string[];
  /** Asks one of those objects for a WebSocket. */
  readonly connect: (name: string) => Promise<Response>;
  /** D1 queries that `next` asks, unless an identity has been merged meanwhile. */
  readonly queriesPerReading: number;
  /**
   * Reads the messages after the position of the stream, and advances it. If it throws, the position stays.
   * @returns null if the identity or attacker does not exist any more
   */
  readonly next: () => Promise<SourceStep | null>;
}

/**
 * The position at which a stream starts.
 * @param resumeAfter - the cursor that the client sent, or null. With a cursor that is beyond the newest event the
 *   stream starts at the newest event
 */
export function startOf(
  resumeAfter: number | null,
  newestCursor: number,
): { cursor: number; isResumed: boolean } {
  const isResumed = resumeAfter !== null && resumeAfter <= newestCursor;
  return { cursor: isResumed ? resumeAfter : newestCursor, isResumed };
}

/**
 * The first event. It carries an id only on a new stream: a client that resumes keeps the id that it has, because the
 * events that it missed follow this one.
 */
export function firstSnapshot(
  data: unknown,
  start: { readonly cursor: number | string; readonly isResumed: boolean },
): StreamMessage {
  const message = { event: "snapshot", data: JSON.stringify(data), retry: RECONNECT_MS };
  return start.isResumed ? message : { ...message, id: String(start.cursor) };
}

/**
 * The name of a published event in a stream: its topic without the word `profile`.
 * @example eventName("attribution.profile.state_changed") // "attribution.state_changed"
 */
export function eventName(topic: string): string {
  return topic.replace(/^attribution\.profile\./, "attribution.");
}

/** A published event, with its cursor as id. */
export function toMessage({ cursor, topic, event }: StreamedEvent): StreamMessage {
  return { event: eventName(topic), data: event, id: String(cursor) };
}
