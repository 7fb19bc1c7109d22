/**
 * Totals over everything. Some are kept as counters or in small tables and cost a few rows; the others are counted, and
 * cost a row for everything there is. So where there is much, what was counted holds for a while.
 */
import { count, isNotNull, isNull, max, min, sql, sum } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import type { State } from "../core/index.ts";
import { attributionsOf } from "./profile-states.ts";
import {
  attackers,
  attributions,
  counters,
  deadLetters,
  events,
  identities,
  outboxBacklog,
  sessions,
} from "./schema.ts";
import { WAITING_OLD_ROWS } from "./sessions/old-rows.ts";
import { OF_ATTACKER } from "./sessions/rows.ts";

/** Above so many counted rows, which take D1 some 20 ms, what was counted holds for a while. */
export const COUNTED_AFRESH_ROWS = 100_000;
/** How long it then holds, ms. */
export const COUNTED_HOLDS_MS = 10_000;

/** What costs a few rows, however much there is. */
interface KeptTotals {
  readonly observations: number;
  readonly unlistedValues: number;
  readonly ignored: number;
  /** Dead letters by code. */
  readonly deadLetters: Readonly<Record<string, number>>;
  readonly outbox: { readonly pending: number; readonly oldestTs: number | null };
}

/** What costs a row for everything there is. */
interface CountedTotals {
  readonly attackers: number;
  /** Those that are merged away stand no more, and their states neither. */
  readonly identities: number;
  /** Observations that wait for their attacker to be registered. */
  readonly deferred: number;
  /** Primitives of all identities, by state. */
  readonly states: Readonly<Record<State, number>>;
  readonly events: number;
  /** Identities that have states, by evidence. */
  readonly evidence: EvidenceTotals;
}

interface EvidenceTotals {
  /** Without a proven change that stands. */
  readonly unchanged: number;
  /** With one in the last 24 h. */
  readonly changedWithinDay: number;
  /** With several operators by the last published estimate. */
  readonly severalOperators: number;
}

/** Totals over everything. */
export type Totals = KeptTotals & CountedTotals;

/** Reads and counts everything now. */
export async function readTotals(database: D1Database): Promise<Totals> {
  const db = drizzle(database);
  const [kept, counted] = await Promise.all([readKept(db), countAll(db)]);
  return { ...kept, ...counted };
}

/** Totals, and the newest event that they take account of: its place in the history, 0 before the first. */
export interface TotalsAtCursor {
  readonly totals: Totals;
  readonly newestCursor: number;
}

/** Counts everything now, and says as of which event. */
export async function readTotalsAtCursor(database: D1Database): Promise<TotalsAtCursor> {
  const db = drizzle(database);
  const [kept, { counted, newestCursor }] = await Promise.all([readKept(db), countAt(db)]);
  return { totals: { ...kept, ...counted }, newestCursor };
}

/**
 * The same for whoever asks often: where there is much, what must be counted may be `COUNTED_HOLDS_MS` old.
 * @param nowMs - the time, by any clock that does not go back
 */
export async function readRecentTotals(database: D1Database, nowMs: number): Promise<Totals> {
  const db = drizzle(database);
  const held = lastCounted.get(database);
  const isHeld = held !== undefined && nowMs < held.untilMs;
  const [kept, counted] = await Promise.all([readKept(db), isHeld ? held.counted : countAll(db)]);
  if (!isHeld && rowsOf(counted) > COUNTED_AFRESH_ROWS) {
    lastCounted.set(database, { counted, untilMs: nowMs + COUNTED_HOLDS_MS });
  }
  return { ...kept, ...counted };
}

/**
 * The totals of several databases as one.
 * @param all - at least one
 */
export function addTotals(all: readonly Totals[]): Totals {
  return all.reduce((a, b) => ({
    observations: a.observations + b.observations,
    unlistedValues: a.unlistedValues + b.unlistedValues,
    ignored: a.ignored + b.ignored,
    deadLetters: addByName(a.deadLetters, b.deadLetters),
    outbox: {
      pending: a.outbox.pending + b.outbox.pending,
      oldestTs: earliest(a.outbox.oldestTs, b.outbox.oldestTs),
    },
    attackers: a.attackers + b.attackers,
    identities: a.identities + b.identities,
    deferred: a.deferred + b.deferred,
    states: {
      unknown: a.states.unknown + b.states.unknown,
      stable: a.states.stable + b.states.stable,
      drifting: a.states.drifting + b.states.drifting,
      conflicted: a.states.conflicted + b.states.conflicted,
      multi_actor: a.states.multi_actor + b.states.multi_actor,
    },
    events: a.events + b.events,
    evidence: {
      unchanged: a.evidence.unchanged + b.evidence.unchanged,
      changedWithinDay: a.evidence.changedWithinDay + b.evidence.changedWithinDay,
      severalOperators: a.evidence.severalOperators + b.evidence.severalOperators,
    },
  }));
}

function addByName(a: Readonly<Record<string, number>>, b: typeof a): Record<string, number> {
  const sums = { ...a };
  for (const [name, value] of Object.entries(b)) sums[name] = (sums[name] ?? 0) + value;
  return sums;
}

function earliest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

const lastCounted = new WeakMap<D1Database, { readonly counted: CountedTotals; readonly untilMs: number }>();

function rowsOf({ states, evidence: _, ...totals }: CountedTotals): number {
  const rows = [...Object.values(states), ...Object.values(totals)];
  return rows.reduce((sumOfRows, n) => sumOfRows + n, 0);
}

async function readKept(db: DrizzleD1Database): Promise<KeptTotals> {
  const [kept, letters, backlog] = await db.batch([
    db.select().from(counters),
    db.select({ code: deadLetters.code, n: count() }).from(deadLetters).groupBy(deadLetters.code),
    db
      .select({ pending: sum(outboxBacklog.pending), oldestTs: min(outboxBacklog.oldestTs) })
      .from(outboxBacklog),
  ]);
  const total = (name: string) => kept.find((counter) => counter.name === name)?.value ?? 0;
  return {
    observations: total("observations"),
    unlistedValues: total("unlisted_values"),
    ignored: total("ignored"),
    deadLetters: Object.fromEntries(letters.map(({ code, n }) => [code, n])),
    outbox: { pending: Number(backlog[0]?.pending ?? 0), oldestTs: backlog[0]?.oldestTs ?? null },
  };
}

function countIn(rows: readonly { state: string; n: number }[], state: State): number {
  return rows.find((row) => row.state === state)?.n ?? 0;
}

/** From the partial indexes, which hold only identities with a proven change, and only those with several operators. */
const COUNT_EVIDENCE = `
SELECT (
    SELECT count(*) FROM identities WHERE last_change_ts IS NOT NULL AND merged_into_uuid IS NULL
  ) AS known, (
    SELECT count(*) FROM identities WHERE evidence_changed_ts IS NOT NULL AND merged_into_uuid IS NULL
  ) AS changed, (
    SELECT count(*) FROM identities
    WHERE evidence_changed_ts IS NOT NULL AND evidence_changed_ts >= unixepoch() - 86400 AND merged_into_uuid IS NULL
  ) AS changedWithinDay, (
    SELECT count(*) FROM identities WHERE operators > 1 AND merged_into_uuid IS NULL
  ) AS severalOperators`;

type EvidenceCounts = Omit<EvidenceTotals, "unchanged"> & {
  readonly known: number;
  readonly changed: number;
};

/** What an identity that is merged away keeps for the record is not a state of today. */
const COUNT_KEPT = `
WITH merged AS (SELECT uuid, profile FROM identities WHERE merged_into_uuid IS NOT NULL)
SELECT state, count(*) AS n FROM (${attributionsOf("merged")}) GROUP BY state`;

async function countAll(db: DrizzleD1Database): Promise<CountedTotals> {
  return (await countAt(db)).counted;
}

/** Counts everything, and says as of which event. */
async function countAt(
  db: DrizzleD1Database,
): Promise<{ readonly counted: CountedTotals; readonly newestCursor: number }> {
  const [registered, formed, deferred, states, kept, history, evidence] = await db.batch([
    db.select({ n: count() }).from(attackers).where(isNotNull(attackers.identityUuid)),
    db.select({ n: count() }).from(identities).where(isNull(identities.mergedIntoUuid)),
    db
      .select({ n: sql<number>`coalesce(sum(${sessions.size}), 0) + ${sql.raw(WAITING_OLD_ROWS)}` })
      .from(attackers)
      .innerJoin(sessions, sql.raw(OF_ATTACKER))
      .where(isNull(attackers.identityUuid)),
    db.select({ state: attributions.state, n: count() }).from(attributions).groupBy(attributions.state),
    db.all<{ state: string; n: number }>(sql.raw(COUNT_KEPT)),
    db.select({ n: sum(events.size), newestCursor: max(events.cursor) }).from(events),
    db.all<EvidenceCounts>(sql.raw(COUNT_EVIDENCE)),
  ]);
  const inState = (state: State) => countIn(states, state) - countIn(kept, state);
  const counted = {
    attackers: registered[0]?.n ?? 0,
    identities: formed[0]?.n ?? 0,
    deferred: deferred[0]?.n ?? 0,
    states: {
      unknown: inState("unknown"),
      stable: inState("stable"),
      drifting: inState("drifting"),
      conflicted: inState("conflicted"),
      multi_actor: inState("multi_actor"),
    },
    events: Number(history[0]?.n ?? 0),
    evidence: evidenceOf(evidence[0]),
  };
  return { counted, newestCursor: history[0]?.newestCursor ?? 0 };
}

function evidenceOf(counts: EvidenceCounts | undefined): EvidenceTotals {
  return {
    unchanged: (counts?.known ?? 0) - (counts?.changed ?? 0),
    changedWithinDay: counts?.changedWithinDay ?? 0,
    severalOperators: counts?.severalOperators ?? 0,
  };
}
