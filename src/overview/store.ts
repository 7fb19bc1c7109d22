/**
 * The overview's own tables, and its few looks at those of the engine, behind questions. Each question has a bound in D1
 * rows read that does not depend on how much there is.
 */
import { z } from "zod";
import { STATES } from "../core/index.ts";
import { type EventHead, headsOf, OF_ATTACKER, selectHeads } from "../storage/index.ts";
import type { EventSums } from "./event-sums.ts";
import { type SmallCounts, type StoredTotals, storedTotals } from "./totals.ts";

/** Events of a row of `event_sums`: few enough that a row, which is written once a minute while events come, is small. */
export const BLOCK_EVENTS = 500;
/** Events that an overview looks back over, and up to one block more. */
export const OVERVIEW_EVENTS = 5_000;
/** Rows of `event_sums` that can be there: those that hold `OVERVIEW_EVENTS`, the one being filled, one to be deleted. */
const MOST_BLOCKS = OVERVIEW_EVENTS / BLOCK_EVENTS + 2;
/** Events read at a load that are newer than the stored sums; while there are none, the newest events. */
export const NEWER_EVENTS = 200;
/** A table of up to so many rows is counted afresh at every load. */
const SMALL_TABLE_ROWS = 25;

/** Sums over one range of the history, as stored. */
export interface EventBlock {
  readonly firstCursor: number;
  readonly lastCursor: number;
  readonly sums: EventSums;
}

/** How far the stored sums follow the history. */
export interface OverviewMark {
  /** Cursor of the last event that is summed up; 0 for none. */
  readonly lastCursor: number;
  /** When the mark was last written, epoch seconds. */
  readonly updatedTs: number;
  /** When the totals were last counted, epoch seconds; 0 for never. */
  readonly countedTs: number;
  /** As of `lastCursor`; null before they were counted. */
  readonly totals: StoredTotals | null;
}

/** What an overview of one database is made of, all of it as of one point in time. */
export interface OverviewSource {
  /** Null before the first update. */
  readonly mark: OverviewMark | null;
  /** In the order of the history. */
  readonly blocks: readonly EventBlock[];
  /** The events after the blocks, in order; at most `NEWER_EVENTS`. */
  readonly newer: readonly EventHead[];
  readonly observations: number;
  readonly small: SmallCounts;
}

const state = z.enum(STATES);
const sumsSchema = z
  .object({
    turns: z.array(z.tuple([z.number(), state.nullable(), state, z.number()])),
    active: z.array(z.tuple([z.string(), z.number(), z.number()])),
    suspicions: z.array(z.tuple([z.string(), z.number(), z.number()])),
  })
  .transform(({ turns, active, suspicions }) => ({
    turns: turns.map(([hourTs, oldState, newState, count]) => ({ hourTs, oldState, newState, count })),
    active: active.map(([uuid, transitions, lastTs]) => ({ uuid, transitions, lastTs })),
    suspicions: suspicions.map(([uuid, seq, ts]) => ({ uuid, seq, ts })),
  }));

const markRow = z
  .object({
    lastCursor: z.number(),
    updatedTs: z.number(),
    countedTs: z.number(),
    totals: z.string().nullable(),
  })
  .transform(({ totals, ...mark }) => ({
    ...mark,
    totals: totals === null ? null : storedTotals.parse(JSON.parse(totals)),
  }));

const blockRow = z
  .object({ firstCursor: z.number(), lastCursor: z.number(), eventCount: z.number(), sums: z.string() })
  .transform(({ firstCursor, lastCursor, eventCount, sums }) => ({
    firstCursor,
    lastCursor,
    sums: { eventCount, ...sumsSchema.parse(JSON.parse(sums)) },
  }));

const smallRow = z.object({
  attackers: z.number(),
  identities: z.number(),
  living: z.number(),
  unchanged: z.number(),
  changedWithinDay: z.number(),
  severalOperators: z.number(),
  eventRows: z.number(),
  events: z.number(),
  attributions: z.number(),
  states: z.string(),
  waiting: z.number(),
  deferredRows: z.number(),
  deferred: z.number(),
  letters: z.number(),
  stuck: z.number(),
  pending: z.number(),
});

const READ_MARK = `
SELECT last_cursor AS lastCursor, updated_ts AS updatedTs, counted_ts AS countedTs, totals FROM overview`;

const READ_BLOCKS = `
SELECT first_cursor AS firstCursor, last_cursor AS lastCursor, event_count AS eventCount, sums
FROM event_sums ORDER BY first_cursor DESC LIMIT ${MOST_BLOCKS}`;

const READ_OBSERVATIONS = "SELECT value FROM counters WHERE name = 'observations'";

const READ_HEADS = selectHeads("?1", "?2");

const READ_NEWER = selectHeads(
  `coalesce((SELECT last_cursor FROM overview), (SELECT max(cursor) FROM events) - ${NEWER_EVENTS}, 0)`,
  String(NEWER_EVENTS),
);

const ROWS = SMALL_TABLE_ROWS + 1;

/** Each table is read up to one row more than a small one has. */
const READ_SMALL = `
WITH
  some_states AS MATERIALIZED (SELECT identity_uuid, state FROM attributions LIMIT ${ROWS}),
  some_identities AS MATERIALIZED (
    SELECT merged_into_uuid, last_change_ts, evidence_changed_ts, operators FROM identities LIMIT ${ROWS}),
  some_waiting AS MATERIALIZED (SELECT number FROM attackers WHERE identity_uuid IS NULL LIMIT ${ROWS}),
  some_deferred AS MATERIALIZED (
    SELECT sessions.size FROM some_waiting AS attackers CROSS JOIN sessions ON ${OF_ATTACKER} LIMIT ${ROWS}),
  some_events AS MATERIALIZED (SELECT size FROM events ORDER BY cursor LIMIT ${ROWS}),
  some_stuck AS MATERIALIZED (SELECT pending FROM outbox_backlog LIMIT ${ROWS})
SELECT
  (SELECT count(*) FROM (SELECT 1 FROM attackers WHERE identity_uuid > '' LIMIT ${ROWS})) AS attackers,
  (SELECT count(*) FROM some_identities) AS identities,
  (SELECT count(*) FROM some_identities WHERE merged_into_uuid IS NULL) AS living,
  (SELECT count(*) FROM some_identities WHERE merged_into_uuid IS NULL
    AND last_change_ts IS NOT NULL AND evidence_changed_ts IS NULL) AS unchanged,
  (SELECT count(*) FROM some_identities WHERE merged_into_uuid IS NULL
    AND evidence_changed_ts >= unixepoch() - 86400) AS changedWithinDay,
  (SELECT count(*) FROM some_identities WHERE merged_into_uuid IS NULL AND operators > 1) AS severalOperators,
  (SELECT count(*) FROM some_events) AS eventRows,
  (SELECT coalesce(sum(size), 0) FROM some_events) AS events,
  (SELECT count(*) FROM some_states) AS attributions,
  (SELECT json_group_object(state, n) FROM (
    SELECT state, count(*) AS n FROM some_states LEFT JOIN identities ON identities.uuid = some_states.identity_uuid
    WHERE merged_into_uuid IS NULL GROUP BY state
  )) AS states,
  (SELECT count(*) FROM some_waiting) AS waiting,
  -- While old rows are not packed, only the totals know them.
  iif(EXISTS (SELECT 1 FROM observation_rows), ${ROWS}, (SELECT count(*) FROM some_deferred)) AS deferredRows,
  (SELECT coalesce(sum(size), 0) FROM some_deferred) AS deferred,
  (SELECT count(*) FROM (SELECT 1 FROM dead_letters LIMIT ${ROWS})) AS letters,
  (SELECT count(*) FROM some_stuck) AS stuck,
  (SELECT coalesce(sum(pending), 0) FROM some_stuck) AS pending`;

/** Reads what an overview is made of. At most about 500 D1 rows. */
export async function readOverviewSource(db: D1Database): Promise<OverviewSource> {
  const [marks, blocks, newer, counters, small] = await db.batch<Record<string, unknown>>([
    db.prepare(READ_MARK),
    db.prepare(READ_BLOCKS),
    db.prepare(READ_NEWER),
    db.prepare(READ_OBSERVATIONS),
    db.prepare(READ_SMALL),
  ]);
  return {
    mark: readMark(marks),
    blocks: readBlocks(blocks),
    newer: headsOf(newer, NEWER_EVENTS),
    observations: readObservations(counters),
    small: toSmallCounts(smallRow.parse(small?.results[0])),
  };
}

function ifSmall<T>(rows: number, value: T): T | null {
  return rows <= SMALL_TABLE_ROWS ? value : null;
}

function toSmallCounts(row: z.infer<typeof smallRow>): SmallCounts {
  const { unchanged, changedWithinDay, severalOperators } = row;
  const none = { unknown: 0, stable: 0, drifting: 0, conflicted: 0, multi_actor: 0 };
  const states = { ...none, ...z.partialRecord(state, z.number()).parse(JSON.parse(row.states)) };
  return {
    attackers: ifSmall(row.attackers, row.attackers),
    identities: ifSmall(row.identities, row.living),
    events: ifSmall(row.eventRows, row.events),
    states: ifSmall(row.attributions, states),
    deferred: ifSmall(Math.max(row.waiting, row.deferredRows), row.deferred),
    deadLetters: ifSmall(row.letters, row.letters),
    outboxPending: ifSmall(row.stuck, row.pending),
    evidence: ifSmall(row.identities, { unchanged, changedWithinDay, severalOperators }),
  };
}

/** What an update starts from. */
export interface OverviewTail {
  readonly mark: OverviewMark | null;
  /** In the order of the history. */
  readonly blocks: readonly EventBlock[];
  /** 0 before the first event. */
  readonly newestCursor: number;
  readonly observations: number;
}

/** Reads how far the stored sums go, and how far the history does. */
export async function readOverviewTail(db: D1Database): Promise<OverviewTail> {
  const [marks, blocks, newest, counters] = await db.batch<Record<string, unknown>>([
    db.prepare(READ_MARK),
    db.prepare(READ_BLOCKS),
    db.prepare("SELECT coalesce(max(cursor), 0) AS cursor FROM events"),
    db.prepare(READ_OBSERVATIONS),
  ]);
  return {
    mark: readMark(marks),
    blocks: readBlocks(blocks),
    newestCursor: z.number().parse(newest?.results[0]?.["cursor"] ?? 0),
    observations: readObservations(counters),
  };
}

type Rows = D1Result<Record<string, unknown>> | undefined;

function readMark(rows: Rows): OverviewMark | null {
  return markRow.optional().parse(rows?.results[0]) ?? null;
}

function readBlocks(rows: Rows): EventBlock[] {
  return z
    .array(blockRow)
    .parse(rows?.results ?? [])
    .toReversed();
}

function readObservations(rows: Rows): number {
  return z.number().parse(rows?.results[0]?.["value"] ?? 0);
}

/** Events after a cursor up to another one, in order. */
export async function readEventHeads(
  db: D1Database,
  afterCursor: number,
  throughCursor: number,
): Promise<EventHead[]> {
  const most = throughCursor - afterCursor;
  if (most <= 0) return [];
  const result = await db.prepare(READ_HEADS).bind(afterCursor, most).all();
  return headsOf(result, most).filter(({ cursor }) => cursor <= throughCursor);
}

/**
 * Stores blocks and how far they go, in one transaction; nothing if the mark was moved meanwhile.
 * @param before - the mark that the update started from, or null
 * @param keepFromCursor - blocks that begin earlier are deleted
 */
export async function saveOverview(
  db: D1Database,
  before: OverviewMark | null,
  mark: OverviewMark,
  blocks: readonly EventBlock[],
  keepFromCursor: number,
): Promise<void> {
  const isUnmoved = "coalesce((SELECT last_cursor FROM overview), -1) = ?1";
  const from = before?.lastCursor ?? -1;
  const rows = blocks.map(({ firstCursor, lastCursor, sums }) => [
    firstCursor,
    lastCursor,
    sums.eventCount,
    JSON.stringify({
      turns: sums.turns.map((turn) => [turn.hourTs, turn.oldState, turn.newState, turn.count]),
      active: sums.active.map(({ uuid, transitions, lastTs }) => [uuid, transitions, lastTs]),
      suspicions: sums.suspicions.map(({ uuid, seq, ts }) => [uuid, seq, ts]),
    }),
  ]);
  await db.batch([
    db
      .prepare(
        `INSERT INTO event_sums (first_cursor, last_cursor, event_count, sums)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?2) WHERE ${isUnmoved}
         ON CONFLICT (first_cursor) DO UPDATE SET
           last_cursor = excluded.last_cursor, event_count = excluded.event_count, sums = excluded.sums`,
      )
      .bind(from, JSON.stringify(rows)),
    db.prepare("DELETE FROM event_sums WHERE first_cursor < ?1").bind(keepFromCursor),
    db
      .prepare(
        `INSERT INTO overview (id, last_cursor, updated_ts, counted_ts, totals)
         SELECT 1, ?2, ?3, ?4, ?5 WHERE ${isUnmoved}
         ON CONFLICT (id) DO UPDATE SET last_cursor = excluded.last_cursor, updated_ts = excluded.updated_ts,
           counted_ts = excluded.counted_ts, totals = excluded.totals`,
      )
      .bind(
        from,
        mark.lastCursor,
        mark.updatedTs,
        mark.countedTs,
        mark.totals === null ? null : JSON.stringify(mark.totals),
      ),
  ]);
}
