/** A stream of Server-Sent Events that is kept open: it reconnects, and resumes behind the last event that came. */
import { readSession, session } from "./api.ts";

/** How long to wait where the browser does not reconnect by itself, ms. */
const RECONNECT_MS = 4_000;

/** Names of everything that is published, in every stream. */
export const PUBLISHED: readonly string[] = [
  "attribution.state_changed",
  "attribution.multi_actor_suspected",
  "attribution.evidence.changed",
  "attribution.evidence.withdrawn",
  "attribution.evidence.operators",
  "identity.formed",
  "identity.merged",
  "identity.unmerged",
];

/** Callbacks of a stream. */
export interface StreamHandlers {
  /** An event came. @param data - parsed JSON, or null */
  readonly onEvent: (name: string, data: unknown) => void;
  readonly onConnection?: (state: "connecting" | "live" | "lost") => void;
  /** The stream began anew though there was a place to resume from: what came in between is not sent. */
  readonly onGap?: () => void;
}

/** A stream that is open. */
export interface OpenStream {
  /** Closes it. @returns the place to resume from, or null */
  readonly close: () => string | null;
}

/**
 * Opens a stream.
 * @param path - of the stream, without a query
 * @param names - of the events to hear of
 * @param resumeFrom - what `close` returned, or null to begin with what happens from now on
 */
export function openStream(
  path: string,
  names: readonly string[],
  handlers: StreamHandlers,
  resumeFrom: string | null,
): OpenStream {
  const { onEvent, onConnection, onGap } = handlers;
  let lastId = resumeFrom;
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;

  const connect = () => {
    onConnection?.("connecting");
    const query = lastId === null ? "" : `?last_event_id=${lastId}`;
    const opened = new EventSource(`${path}${query}`);
    source = opened;
    opened.addEventListener("snapshot", ({ lastEventId }) => {
      // A snapshot carries a place only where the stream begins anew.
      const hasBegun = lastEventId !== "" && lastEventId !== lastId;
      if (hasBegun && lastId !== null) onGap?.();
      if (hasBegun) lastId = lastEventId;
      onConnection?.("live");
    });
    for (const name of names) {
      opened.addEventListener(name, (message) => {
        lastId = message.lastEventId || lastId;
        onEvent(name, typeof message.data === "string" ? JSON.parse(message.data) : null);
      });
    }
    opened.addEventListener("error", () => {
      onConnection?.("lost");
      if (opened.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(() => void reconnect(), RECONNECT_MS);
    });
  };
  const reconnect = async () => {
    // If the session has ended, this shows the sign-in page.
    await readSession().catch(() => null);
    if (session.value && !isClosed) connect();
  };
  connect();
  return {
    close: () => {
      isClosed = true;
      clearTimeout(timer);
      source?.close();
      return lastId;
    },
  };
}
