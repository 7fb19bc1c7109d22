/** The stream of everything that is published, held open while somebody is signed in. */
import { effect, signal, untracked } from "@preact/signals";
import { readSession, session } from "./api.ts";
import { type AttributionEvent, eventSchema } from "./schemas.ts";
import { isLookedAt } from "./visible.ts";

/** Whether new events arrive by themselves. */
export const connection = signal<"connecting" | "live" | "lost">("connecting");
/** The newest events that came while the page was open, newest first. */
export const arrived = signal<readonly AttributionEvent[]>([]);

const KEPT = 50;
/** How long events are gathered before the page is told, ms: a thousand a second must not mean as many renderings. */
const GATHER_MS = 300;
/** How long to wait where the browser does not reconnect by itself, ms. */
const RECONNECT_MS = 4_000;
const NAMES = [
  "attribution.state_changed",
  "attribution.multi_actor_suspected",
  "identity.formed",
  "identity.merged",
  "identity.unmerged",
];

type Listener = (events: readonly AttributionEvent[]) => void;
const listeners = new Set<Listener>();
let gathered: AttributionEvent[] = [];
let stop: (() => void) | null = null;
/** Of the last event that came. */
let lastId: string | null = null;

/** Hears of every event from now on. @returns to hear no more */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Holds the stream open while somebody who may read is signed in and looks. */
export function followSession(): () => void {
  return effect(() => {
    const mayRead = session.value?.scopes.includes("read") === true;
    const isWanted = mayRead && isLookedAt.value;
    untracked(() => {
      if (isWanted && stop === null) stop = open();
      if (!isWanted && stop !== null) {
        stop();
        stop = null;
      }
      if (!mayRead) {
        lastId = null;
        arrived.value = [];
      }
    });
  });
}

/** Opens the stream behind the last event that came, to miss none in between. */
function open(): () => void {
  connection.value = "connecting";
  let timer: ReturnType<typeof setTimeout> | undefined;
  let next: (() => void) | null = null;
  let isClosed = false;
  const source = new EventSource(`/api/v1/events${lastId === null ? "" : `?last_event_id=${lastId}`}`);
  source.addEventListener("snapshot", (message) => {
    lastId = message.lastEventId || lastId;
    connection.value = "live";
  });
  for (const name of NAMES) {
    source.addEventListener(name, (message) => {
      lastId = message.lastEventId || lastId;
      take(message.data);
    });
  }
  source.addEventListener("error", () => {
    connection.value = "lost";
    if (source.readyState !== EventSource.CLOSED) return;
    timer = setTimeout(() => {
      void stillSignedIn().then((isSignedIn) => {
        if (isSignedIn && !isClosed) next = open();
        return isSignedIn;
      });
    }, RECONNECT_MS);
  });
  return () => {
    isClosed = true;
    clearTimeout(timer);
    source.close();
    next?.();
  };
}

/** Looks whether the session still holds; who is not signed in any more is told so by this. */
async function stillSignedIn(): Promise<boolean> {
  await readSession().catch(() => null);
  return Boolean(session.value);
}

function take(data: unknown): void {
  const read = eventSchema.safeParse(typeof data === "string" ? JSON.parse(data) : null);
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
