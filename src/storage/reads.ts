/** What the API reads from D1: identities, histories, totals. Wakes no object. */
import { and, asc, count, eq, gt, inArray, isNotNull, isNull, min, sum } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { State } from "../core/index.ts";
import {
  attackers,
  attributions,
  counters,
  deadLetters,
  events,
  identities,
  observations,
  outboxBacklog,
} from "./schema.ts";

/** A published event, as it was sent. */
export interface HistoryEvent {
  readonly seq: number;
  /** JSON of the envelope. */
  readonly event: string;
}

/** Whether an identity exists. */
export async function hasIdentity(db: D1Database, uuid: string): Promise<boolean> {
  const row = await drizzle(db)
    .select({ uuid: identities.uuid })
    .from(identities)
    .where(eq(identities.uuid, uuid))
    .get();
  return row !== undefined;
}

/** The events of an identity with a `seq` above `afterSeq`, in `seq` order. */
export function readHistory(
  db: D1Database,
  identityUuid: string,
  afterSeq: number,
  limit: number,
): Promise<HistoryEvent[]> {
  return drizzle(db)
    .select({ seq: events.seq, event: events.event })
    .from(events)
    .where(and(eq(events.identityUuid, identityUuid), gt(events.seq, afterSeq)))
    .orderBy(asc(events.seq))
    .limit(limit);
}

/** Totals over everything. */
export interface Totals {
  readonly observations: number;
  readonly unlistedValues: number;
  readonly ignored: number;
  readonly attackers: number;
  readonly identities: number;
  /** Observations that wait for their attacker to be registered. */
  readonly deferred: number;
  /** Primitives of all identities, by state. */
  readonly states: Readonly<Record<State, number>>;
  /** By code. */
  readonly deadLetters: Readonly<Record<string, number>>;
  readonly events: number;
  readonly outbox: { readonly pending: number; readonly oldestTs: number | null };
}

/** Counts everything, at one point in time. */
export async function readTotals(database: D1Database): Promise<Totals> {
  const db = drizzle(database);
  const waiting = db.select({ uuid: attackers.uuid }).from(attackers).where(isNull(attackers.identityUuid));
  const [counted, registered, formed, deferred, states, letters, history, backlog] = await db.batch([
    db.select().from(counters),
    db.select({ n: count() }).from(attackers).where(isNotNull(attackers.identityUuid)),
    db.select({ n: count() }).from(identities),
    db.select({ n: count() }).from(observations).where(inArray(observations.attackerUuid, waiting)),
    db.select({ state: attributions.state, n: count() }).from(attributions).groupBy(attributions.state),
    db.select({ code: deadLetters.code, n: count() }).from(deadLetters).groupBy(deadLetters.code),
    db.select({ n: count() }).from(events),
    db
      .select({ pending: sum(outboxBacklog.pending), oldestTs: min(outboxBacklog.oldestTs) })
      .from(outboxBacklog),
  ]);
  const total = (name: string) => counted.find((counter) => counter.name === name)?.value ?? 0;
  const inState = (state: State) => states.find((row) => row.state === state)?.n ?? 0;
  return {
    observations: total("observations"),
    unlistedValues: total("unlisted_values"),
    ignored: total("ignored"),
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
    deadLetters: Object.fromEntries(letters.map(({ code, n }) => [code, n])),
    events: history[0]?.n ?? 0,
    outbox: { pending: Number(backlog[0]?.pending ?? 0), oldestTs: backlog[0]?.oldestTs ?? null },
  };
}
