/**
 * The stream of everything: every published event, in the order of the history. Each shard has a history of its own, so a
 * position in the stream is one cursor per shard. An identity is in one shard, so its own events keep their order.
 */
import { shardsOf } from "../shard.ts";
import { readEventsAfter, readStreamStart } from "../storage/index.ts";
import { FEED_NAMES } from "./feed.ts";
import { firstSnapshot, PAGE_EVENTS, startOf, type StreamSource, toMessage } from "./source.ts";

/** Separates the cursors of a position. */
const SEPARATOR = "-";
/** The events of a database, and suspicions before them. */
const QUERIES_PER_DATABASE = 2;

/**
 * Starts a stream of everything.
 * @param resumeAfter - the position after which to go on, or null to start with the next event
 */
export async function followEverything(env: Env, resumeAfter: string | null): Promise<StreamSource> {
  const databases = shardsOf(env).map(({ db }) => db);
  const newest = await Promise.all(databases.map((db) => readStreamStart(db)));
  const asked = resumeAfter === null ? [] : resumeAfter.split(SEPARATOR).map(Number);
  const starts = newest.map(({ newestCursor }, i) => startOf(asked[i] ?? null, newestCursor));
  const isResumed = asked.length === starts.length && starts.every((start) => start.isResumed);
  const newestCursors = newest.map(({ newestCursor }) => newestCursor);
  const cursors = isResumed ? starts.map(({ cursor }) => cursor) : [...newestCursors];
  const observations = newest.reduce((sum, start) => sum + start.observations, 0);
  const [only, ...others] = newestCursors;
  const snapshot = { cursor: others.length === 0 ? only : newestCursors.join(SEPARATOR), observations };
  return {
    kind: "everything",
    queriesPerReading: QUERIES_PER_DATABASE * databases.length,
    first: firstSnapshot(snapshot, { cursor: cursors.join(SEPARATOR), isResumed }),
    watched: FEED_NAMES,
    connect: (name) => env.FEED.getByName(name).fetch(watchRequest()),
    async next() {
      const pages = await Promise.all(
        databases.map((db, i) => readEventsAfter(db, cursors[i] ?? 0, PAGE_EVENTS)),
      );
      const messages = pages.flatMap((events, i) =>
        events.map((event) => {
          cursors[i] = event.cursor;
          return { ...toMessage(event), id: cursors.join(SEPARATOR) };
        }),
      );
      return { messages, isComplete: pages.every((events) => events.length < PAGE_EVENTS) };
    },
  };
}

/** The request that asks an object for a WebSocket; the object ignores the address. */
export function watchRequest(): Request {
  return new Request("https://object/watch", { headers: { upgrade: "websocket" } });
}
