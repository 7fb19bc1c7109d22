/** What a stream is made of, whatever it shows. */
import type { StreamedEvent } from "../storage/index.ts";

/** Events read at a time: a few hundred KB, rarely more. */
export const PAGE_EVENTS = 100;

/** How long a client waits before it reconnects, in milliseconds. */
const RECONNECT_MS = 2_000;

/** A Server-Sent Event. */
export interface StreamMessage {
  readonly event: string;
  /** JSON. */
  readonly data: string;
  /** Where the client is once it has this; none for what cannot be resumed after. */
  readonly id?: string;
  /** How long a client is to wait before it reconnects, in milliseconds. */
  readonly retry?: number;
}

/** Some of what is to be sent. */
export interface SourceStep {
  readonly messages: readonly StreamMessage[];
  /** Whether that is all there is by now. */
  readonly isComplete: boolean;
}

/** Something to stream: knows where it stands, reads what comes next, and names the objects that say when to. */
export interface StreamSource {
  /** For the log. */
  readonly kind: "identity" | "attacker" | "everything";
  /** What is sent first. */
  readonly first: StreamMessage;
  /** Names of the objects to watch; may change with each step. */
  readonly watched: readonly string[];
  /** Asks one of those objects for a WebSocket. */
  readonly connect: (name: string) => Promise<Response>;
  /**
   * Reads on from where the stream stands; nothing moves if it throws.
   * @returns null if what was streamed is not there any more
   */
  readonly next: () => Promise<SourceStep | null>;
}

/**
 * The place at which a stream starts.
 * @param resumeAfter - the cursor a client says it has, or null. One that was never given out is no place: the client
 *   starts anew
 */
export function startOf(
  resumeAfter: number | null,
  newestCursor: number,
): { cursor: number; isResumed: boolean } {
  const isResumed = resumeAfter !== null && resumeAfter <= newestCursor;
  return { cursor: isResumed ? resumeAfter : newestCursor, isResumed };
}

/**
 * The first event. It carries the place only on a new stream: a client that resumes has its place already, and what it
 * missed comes after this.
 */
export function firstSnapshot(
  data: unknown,
  start: { readonly cursor: number | string; readonly isResumed: boolean },
): StreamMessage {
  const message = { event: "snapshot", data: JSON.stringify(data), retry: RECONNECT_MS };
  return start.isResumed ? message : { ...message, id: String(start.cursor) };
}

/**
 * A published event as it is streamed: its name is its topic, less the word `profile`.
 * @example eventName("attribution.profile.state_changed") // "attribution.state_changed"
 */
export function eventName(topic: string): string {
  return topic.replace(/^attribution\.profile\./, "attribution.");
}

/** A published event, with its place. */
export function toMessage({ cursor, topic, event }: StreamedEvent): StreamMessage {
  return { event: eventName(topic), data: event, id: String(cursor) };
}
