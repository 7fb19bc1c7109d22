/**
 * The job that keeps the overview's sums up to date. It follows the history's cursor, so each event is read once, and it
 * writes one or two rows for each few hundred events, none while nothing comes. Started by the cron of every minute.
 */
import { logError } from "../log.ts";
import type { Shard } from "../shard.ts";
import { type EventHead, readTotalsAtCursor, type Totals } from "../storage/index.ts";
import { addSums, type EventSums, NO_SUMS, sumEvents } from "./event-sums.ts";
import {
  BLOCK_EVENTS,
  type EventBlock,
  OVERVIEW_EVENTS,
  type OverviewMark,
  type OverviewTail,
  readEventHeads,
  readOverviewTail,
  saveOverview,
} from "./store.ts";
import { advanceTotals, type StoredTotals } from "./totals.ts";

/** D1 rows that counting the totals may read a second, on average: the more there is, the rarer it is counted. */
const COUNTED_ROWS_PER_SEC = 500;
/** Least time between two counts, seconds: a little less than the cron's. */
const COUNT_EVERY_SECS = 50;
/** How much rarer totals are counted while neither events nor observations come: only what waits can change then. */
const IDLE_FACTOR = 10;

/** Databases that are being updated by this isolate. */
const updating = new WeakSet<D1Database>();

/**
 * Brings every shard's sums up to its newest event. A shard that fails does not stop the others; one that is being
 * updated already is left alone.
 */
export async function updateOverviews(shards: readonly Shard[], nowTs: number): Promise<void> {
  const updates = await Promise.allSettled(
    shards.map(async ({ db }) => {
      if (updating.has(db)) return;
      updating.add(db);
      try {
        await updateOverview(db, nowTs);
      } finally {
        updating.delete(db);
      }
    }),
  );
  for (const [i, update] of updates.entries()) {
    if (update.status === "fulfilled") continue;
    logError("overview_not_updated", update.reason, { shard: shards[i]?.name ?? null });
  }
}

/**
 * Brings the sums of one database up to its newest event. Reads at most `OVERVIEW_EVENTS` events: of a longer backlog
 * the older ones would be out of the overview at once.
 */
async function updateOverview(db: D1Database, nowTs: number): Promise<void> {
  const tail = await readOverviewTail(db);
  const { mark } = tail;
  const hasGap = tail.newestCursor - (mark?.lastCursor ?? 0) > OVERVIEW_EVENTS;
  const counted = hasGap || isCountDue(tail, nowTs) ? await countTotals(db) : null;
  const newestCursor = counted?.newestCursor ?? tail.newestCursor;
  const afterCursor = Math.max(mark?.lastCursor ?? 0, newestCursor - OVERVIEW_EVENTS);
  const heads = await readEventHeads(db, afterCursor, newestCursor);
  const sums = sumEvents(heads);
  const advanced = mark?.totals && !hasGap ? advanceTotals(mark.totals, sums) : null;
  const totals = counted?.totals ?? advanced;
  if (mark !== null && heads.length === 0 && counted === null) return;
  const standing = hasGap ? [] : tail.blocks;
  const written = continueBlocks(standing.at(-1) ?? null, heads);
  const countedTs = counted === null ? (mark?.countedTs ?? 0) : nowTs;
  const after: OverviewMark = { lastCursor: newestCursor, updatedTs: nowTs, countedTs, totals };
  await saveOverview(db, mark, after, written, firstKept([...standing, ...written]));
}

/** Whether the totals were counted long enough ago that counting keeps within its rate. */
function isCountDue({ mark, newestCursor, observations }: OverviewTail, nowTs: number): boolean {
  if (mark === null || mark.totals === null) return true;
  const { attackers, identities, events, states } = mark.totals;
  const rows = [attackers, identities, events, ...Object.values(states)].reduce((sum, n) => sum + n, 0);
  const everySecs = Math.max(COUNT_EVERY_SECS, rows / COUNTED_ROWS_PER_SEC);
  const isIdle = newestCursor === mark.lastCursor && observations === mark.totals.observations;
  return nowTs - mark.countedTs >= (isIdle ? everySecs * IDLE_FACTOR : everySecs);
}

/** Counts; null if that failed, which the next update tries again: the sums do not wait for it. */
async function countTotals(
  db: D1Database,
): Promise<{ readonly totals: StoredTotals; readonly newestCursor: number } | null> {
  try {
    const { totals, newestCursor } = await readTotalsAtCursor(db);
    return { totals: toStored(totals), newestCursor };
  } catch (error) {
    logError("overview_not_counted", error);
    return null;
  }
}

function toStored(totals: Totals): StoredTotals {
  const { observations, attackers, identities, events, states, deferred, deadLetters, outbox, evidence } =
    totals;
  return {
    observations,
    attackers,
    identities,
    events,
    states,
    deferred,
    deadLetters: Object.values(deadLetters).reduce((sum, n) => sum + n, 0),
    outboxPending: outbox.pending,
    evidence,
  };
}

/** The blocks that change when events are added behind the last one: it, while it is not full, and new ones. */
function continueBlocks(last: EventBlock | null, heads: readonly EventHead[]): EventBlock[] {
  const blocks: EventBlock[] = [];
  let open = last !== null && last.sums.eventCount < BLOCK_EVENTS ? last : null;
  for (let from = 0; from < heads.length;) {
    const sums: EventSums = open?.sums ?? NO_SUMS;
    const added = heads.slice(from, from + BLOCK_EVENTS - sums.eventCount);
    from += added.length;
    const [first, newest] = [added[0], added.at(-1)];
    if (!first || !newest) break;
    blocks.push({
      firstCursor: open?.firstCursor ?? first.cursor,
      lastCursor: newest.cursor,
      sums: addSums([sums, sumEvents(added)]),
    });
    open = null;
  }
  return blocks;
}

/** Where the blocks begin that the newest `OVERVIEW_EVENTS` events are in. @param blocks - in order; repeats count once */
function firstKept(blocks: readonly EventBlock[]): number {
  const newest = new Map(blocks.map((block) => [block.firstCursor, block]));
  let events = 0;
  for (const { firstCursor, sums } of [...newest.values()].toReversed()) {
    events += sums.eventCount;
    if (events >= OVERVIEW_EVENTS) return firstCursor;
  }
  return blocks[0]?.firstCursor ?? 0;
}
