/** The stream of everything that is published, held open while somebody is signed in. */
import { effect, signal, untracked } from "@preact/signals";
import { session } from "./api.ts";
import { type OpenStream, openStream, PUBLISHED } from "./event-stream.ts";
import { type AttributionEvent, eventSchema } from "./schemas.ts";
import { isLookedAt } from "./visible.ts";

/** State of the connection. */
export const connection = signal<"connecting" | "live" | "lost">("connecting");
/** The newest events that came while the page was open, newest first. */
export const arrived = signal<readonly AttributionEvent[]>([]);

const KEPT = 50;
/** How long events are gathered before listeners get them, ms: limits the renderings when many events come. */
const GATHER_MS = 300;

type Listener = (events: readonly AttributionEvent[]) => void;
const listeners = new Set<Listener>();
let gathered: AttributionEvent[] = [];
let stream: OpenStream | null = null;
/** Where the stream was when it was closed. */
let resumeFrom: string | null = null;

/** Calls a listener with every event from now on. @returns a function that removes the listener */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Holds the stream open while a session with the scope read exists and the page is visible. */
export function followSession(): () => void {
  return effect(() => {
    const mayRead = session.value?.scopes.includes("read") === true;
    const isWanted = mayRead && isLookedAt.value;
    untracked(() => {
      if (isWanted && stream === null) {
        const onConnection = (state: "connecting" | "live" | "lost") => {
          connection.value = state;
        };
        const onEvent = (_: string, data: unknown) => take(data);
        stream = openStream("/api/v1/events", PUBLISHED, { onEvent, onConnection }, resumeFrom);
      }
      if (!isWanted && stream !== null) {
        resumeFrom = stream.close();
        stream = null;
      }
      if (!mayRead) {
        resumeFrom = null;
        arrived.value = [];
      }
    });
  });
}

function take(data: unknown): void {
  const read = eventSchema.safeParse(data);
  if (!read.success) return;
  if (gathered.length === 0) setTimeout(hand, GATHER_MS);
  gathered.push(read.data);
}

function hand(): void {
  const events = gathered;
  gathered = [];
  arrived.value = [...events.toReversed(), ...arrived.value].slice(0, KEPT);
  for (const listener of listeners) listener(events);
}
