/** Puts an overview together: the stored sums, what came since, and the totals of every database. */
import { z } from "zod";
import { logError } from "../log.ts";
import type { Shard } from "../shard.ts";
import { readHistory } from "../storage/index.ts";
import { type Activity, addSums, type SuspicionHead, sumEvents, type Turn } from "./event-sums.ts";
import { type OverviewSource, readOverviewSource } from "./store.ts";
import { addOverviewTotals, combineTotals, type OverviewTotals } from "./totals.ts";

/** Entries of the lists of an overview. */
const LISTED = 8;
/** Primitives of a suspicion that are named. */
const NAMED_PRIMITIVES = 20;
/** Age from which stored sums that lack events are stale, seconds: more than the minute between two runs of the cron. */
const STALE_SECS = 90;

/** A suspicion as it was published. */
export interface Suspicion {
  readonly uuid: string;
  /** Sorted; the first of them. */
  readonly primitives: readonly string[];
  readonly primitiveCount: number;
  /** Epoch seconds. */
  readonly ts: number;
}

/** The newest events, summed up, and the totals. */
export interface Overview {
  /** How many events the sums are over. */
  readonly eventCount: number;
  /** By hour. */
  readonly turns: readonly Turn[];
  /** Those with the most transitions, most first. */
  readonly active: readonly Activity[];
  /** The last of each identity, newest first. */
  readonly suspicions: readonly Suspicion[];
  readonly totals: OverviewTotals;
  /** Whether the stored sums lack something that an update would bring: while no cron runs, whoever reads starts it. */
  readonly isStale: boolean;
}

/**
 * Reads the overview of all shards. Costs at most about 600 D1 rows a shard, however much there is.
 * @param nowTs - epoch seconds
 */
export async function readOverview(shards: readonly Shard[], nowTs: number): Promise<Overview> {
  const parts = await Promise.all(
    shards.map(async ({ db }) => {
      const source = await readOverviewSource(db);
      const newer = sumEvents(source.newer);
      const sums = addSums([...source.blocks.map((block) => block.sums), newer]);
      const suspicions = await Promise.all(sums.suspicions.map((head) => readSuspicion(db, head)));
      const totals = combineTotals(source.observations, source.small, source.mark?.totals ?? null, newer);
      return { sums, suspicions, totals, isStale: isStale(source, nowTs) };
    }),
  );
  const sums = addSums(parts.map((part) => part.sums));
  return {
    eventCount: sums.eventCount,
    turns: sums.turns.toSorted(
      (a, b) =>
        a.hourTs - b.hourTs || compare(a.oldState ?? "", b.oldState ?? "") || compare(a.newState, b.newState),
    ),
    active: sums.active
      .toSorted((a, b) => b.transitions - a.transitions || b.lastTs - a.lastTs)
      .slice(0, LISTED),
    suspicions: newestFirst(parts.map((part) => part.suspicions.flatMap((each) => each ?? []))),
    totals: addOverviewTotals(parts.map((part) => part.totals)),
    isStale: parts.some((part) => part.isStale),
  };
}

function isStale({ mark, newer }: OverviewSource, nowTs: number): boolean {
  return mark === null || (newer.length > 0 && nowTs - mark.updatedTs > STALE_SECS);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** @param lists - of each shard, in the order of its history; where there is one, that order holds */
function newestFirst(lists: readonly (readonly Suspicion[])[]): Suspicion[] {
  const [only, ...others] = lists;
  const newest =
    only && others.length === 0 ? only.toReversed() : lists.flat().toSorted((a, b) => b.ts - a.ts);
  return newest.slice(0, LISTED);
}

const suspectedEvent = z.object({ payload: z.object({ primitives: z.array(z.string()) }) });

/** The event of a suspicion as it was published; null if it is not in the history any more. */
async function readSuspicion(db: D1Database, { uuid, seq, ts }: SuspicionHead): Promise<Suspicion | null> {
  const [found] = await readHistory(db, uuid, seq - 1, 1);
  if (found?.seq !== seq) return null;
  const event = suspectedEvent.safeParse(JSON.parse(found.event));
  if (!event.success) {
    logError("suspicion_unreadable", event.error, { identity_uuid: uuid, seq });
    return null;
  }
  const { primitives } = event.data.payload;
  return { uuid, primitives: primitives.slice(0, NAMED_PRIMITIVES), primitiveCount: primitives.length, ts };
}
