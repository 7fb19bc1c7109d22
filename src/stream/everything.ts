/** The stream of everything: every published event, in the order in which the history has them. */
import { readEventsAfter, readStreamStart } from "../storage/index.ts";
import { FEED_NAMES } from "./feed.ts";
import { firstSnapshot, PAGE_EVENTS, startOf, type StreamSource, toMessage } from "./source.ts";

/**
 * Starts a stream of everything.
 * @param resumeAfter - the cursor after which to go on, or null for what happens from now on
 */
export async function followEverything(
  env: Pick<Env, "DB" | "FEED">,
  resumeAfter: number | null,
): Promise<StreamSource> {
  const { newestCursor, observations } = await readStreamStart(env.DB);
  const start = startOf(resumeAfter, newestCursor);
  let { cursor } = start;
  return {
    kind: "everything",
    first: firstSnapshot({ cursor: newestCursor, observations }, start),
    watched: FEED_NAMES,
    connect: (name) => env.FEED.getByName(name).fetch(watchRequest()),
    async next() {
      const events = await readEventsAfter(env.DB, cursor, PAGE_EVENTS);
      cursor = events.at(-1)?.cursor ?? cursor;
      return { messages: events.map(toMessage), isComplete: events.length < PAGE_EVENTS };
    },
  };
}

/** What an object is asked with; the address is not looked at. */
export function watchRequest(): Request {
  return new Request("https://object/watch", { headers: { upgrade: "websocket" } });
}
