/**
 * Reads of live streams: the history after a cursor. `cursor` orders all events, and D1 has one writer. So a reader that has seen
 * all events up to a cursor has not missed one below it.
 */
import { z } from "zod";
import {
  eventsOf,
  type PageRow,
  type PlacedEvent,
  readPageRows,
  readRange,
  selectPages,
} from "./history/pages.ts";
import { asPublished } from "./suspicions.ts";
import { withChain } from "./winners.ts";

/** The fields of a published event that a stream needs. */
export interface StreamedEvent {
  /** Its cursor in the history of all events. */
  readonly cursor: number;
  readonly topic: string;
  /** JSON of the envelope. */
  readonly event: string;
}

/** An event with its `seq`. */
export interface FollowedEvent extends StreamedEvent {
  readonly identityUuid: string;
  readonly seq: number;
}

/** What a stream of one identity is asked for by. */
export interface FollowedTarget {
  readonly kind: "identity" | "attacker";
  readonly uuid: string;
}

/** The data for a stream of one identity, read in one transaction. */
export interface Followed {
  /** The identity of the target and its winners, the last winner last; empty while an attacker has no identity. */
  readonly identityUuids: readonly string[];
  /** Whether there is such a target. */
  readonly isKnown: boolean;
  /** The greatest cursor so far; 0 before the first event. */
  readonly newestCursor: number;
  /** In `cursor` order. */
  readonly events: readonly FollowedEvent[];
  /** Whether there may be more of them now; fewer than asked for may have more behind, where retention has left a gap. */
  readonly hasMore: boolean;
}

const NEWEST_CURSOR = "SELECT coalesce(max(cursor), 0) FROM events";

const chain = (start: string) => `${withChain(start)} SELECT uuid FROM chain ORDER BY depth`;

const READ_CHAIN: Readonly<Record<FollowedTarget["kind"], string>> = {
  identity: chain("?1"),
  attacker: chain("(SELECT identity_uuid FROM attackers WHERE uuid = ?1)"),
};

const READ_MARK: Readonly<Record<FollowedTarget["kind"], string>> = {
  identity: `SELECT EXISTS (SELECT 1 FROM identities WHERE uuid = ?1) AS isKnown, (${NEWEST_CURSOR}) AS newestCursor`,
  attacker: `SELECT EXISTS (SELECT 1 FROM attackers WHERE uuid = ?1) AS isKnown, (${NEWEST_CURSOR}) AS newestCursor`,
};

const READ_FOLLOWED = selectPages({
  from: "json_each(?1) AS place",
  of: "identity_uuid = place.value ->> 0",
  by: "seq",
  after: "(place.value ->> 1)",
  most: "?2",
});

/** From the newest down to the one asked for: as many steps as there are rows to come. The one found may go on after the cursor. */
const READ_SEQS = `
SELECT value AS uuid, coalesce((
  SELECT seq - max(0, cursor - ?2) FROM events WHERE identity_uuid = value AND +cursor - size < ?2 ORDER BY seq DESC LIMIT 1
), 0) AS seq
FROM json_each(?1)`;

const READ_EVERYTHING = selectPages({ by: "cursor", after: "?1", most: "?2" });

/**
 * The identities of a target, and the next events of some identities.
 * @param seqs - by identity: the number of the last known event
 */
export async function readFollowed(
  db: D1Database,
  target: FollowedTarget,
  seqs: ReadonlyMap<string, number>,
  limit: number,
): Promise<Followed> {
  // Three shapes of rows in one transaction; each statement's are read by its own type.
  const [marks, identities, pages] = await db.batch<Partial<Mark & Named>>([
    db.prepare(READ_MARK[target.kind]).bind(target.uuid),
    db.prepare(READ_CHAIN[target.kind]).bind(target.uuid),
    db.prepare(READ_FOLLOWED).bind(JSON.stringify([...seqs]), limit),
  ]);
  const mark = marks?.results[0];
  const { events, hasMore } = eventsInOrder(readPageRows(pages), seqs, limit);
  return {
    identityUuids: (identities?.results ?? []).flatMap(({ uuid }) => uuid ?? []),
    isKnown: mark?.isKnown === 1,
    newestCursor: mark?.newestCursor ?? 0,
    events: (await asPublished(db, events)).map(withTopic),
    hasMore,
  };
}

/** By identity: the number of its last event up to a cursor, or 0. */
export async function readSeqsAt(
  db: D1Database,
  identityUuids: readonly string[],
  cursor: number,
): Promise<Map<string, number>> {
  const { results } = await db
    .prepare(READ_SEQS)
    .bind(JSON.stringify(identityUuids), cursor)
    .all<{ uuid: string; seq: number }>();
  return new Map(results.map(({ uuid, seq }) => [uuid, seq]));
}

/** All events after a cursor, in order. */
export async function readEventsAfter(
  db: D1Database,
  cursor: number,
  limit: number,
): Promise<StreamedEvent[]> {
  const events = await readRange("cursor", cursor, limit, async (after) =>
    readPageRows(await db.prepare(READ_EVERYTHING).bind(after, limit).all()),
  );
  return (await asPublished(db, events)).map(withTopic);
}

/** The start of a stream of all events. It reads a bounded number of rows, because clients may reconnect often. */
export async function readStreamStart(
  db: D1Database,
): Promise<{ newestCursor: number; observations: number }> {
  const row = await db
    .prepare(
      `SELECT (${NEWEST_CURSOR}) AS newestCursor,
        coalesce((SELECT value FROM counters WHERE name = 'observations'), 0) AS observations`,
    )
    .first<{ newestCursor: number; observations: number }>();
  return row ?? { newestCursor: 0, observations: 0 };
}

interface Mark {
  readonly isKnown: number;
  readonly newestCursor: number;
}

interface Named {
  readonly uuid: string;
}

/**
 * The first events of several identities, in `cursor` order.
 * @param rows - of each identity at least the first that hold as many events, in `cursor` order
 */
function eventsInOrder(
  rows: readonly PageRow[],
  seqs: ReadonlyMap<string, number>,
  limit: number,
): { readonly events: PlacedEvent[]; readonly hasMore: boolean } {
  const last = new Map(rows.map((row) => [row.identityUuid, row]));
  // An identity may have more behind its last row, and nothing that comes after that may be passed on before it.
  const ends = [...last.values()]
    .filter(({ identityUuid, seq }) => seq >= (seqs.get(identityUuid) ?? 0) + limit)
    .map(({ cursor }) => cursor);
  const end = Math.min(...ends);
  const events = eventsOf(rows, Infinity).filter(({ cursor }) => cursor <= end);
  return { events: events.slice(0, limit), hasMore: ends.length > 0 || events.length > limit };
}

const topicSchema = z.object({ topic: z.string() });

function withTopic(event: PlacedEvent): FollowedEvent {
  return { ...event, topic: topicSchema.parse(JSON.parse(event.event)).topic };
}
