/**
 * Identities as the API shows them, from D1 alone: the projections that the outbox drains write, and the attackers.
 * Asking for a merged-away identity answers the one it went into. Leaves listing them to identity-list.ts.
 */
import { z } from "zod";
import { type State, STATES } from "../core/index.ts";
import type { HistoryEvent } from "./reads.ts";
import { asPublished } from "./suspicions.ts";

/** An identity at a glance. Times are epoch seconds; null where nothing is known yet. */
export interface IdentitySummary {
  readonly uuid: string;
  readonly attackerCount: number;
  readonly firstSeenTs: number | null;
  /** May lag 300 s behind. */
  readonly lastSeenTs: number | null;
  readonly lastChangeTs: number | null;
  /** Primitives by state, zeros included. */
  readonly states: Readonly<Record<State, number>>;
  /** The primitives suspected of several actors, sorted, or null. */
  readonly suspected: readonly string[] | null;
}

/** One attacker of an identity. */
export interface IdentityAttacker {
  readonly uuid: string;
  readonly ip: string | null;
  readonly firstSeenTs: number | null;
  readonly lastSeenTs: number | null;
}

/** An identity with everything that is said of it. */
export interface IdentityDetail extends IdentitySummary {
  /** The earliest seen first. */
  readonly attackers: readonly IdentityAttacker[];
  /** Every identity whose attackers are here by way of merges, sorted. */
  readonly mergedFrom: readonly string[];
}

/**
 * From an identity to the one that answers for it: itself, or the last of those it was merged into. Takes the uuid as
 * `?1`; `winner` then has one row, or none if there is no such identity.
 */
export const WITH_WINNER = `
WITH RECURSIVE way (uuid, next) AS (
  SELECT uuid, merged_into_uuid FROM identities WHERE uuid = ?1
  UNION
  SELECT identities.uuid, identities.merged_into_uuid FROM way JOIN identities ON identities.uuid = way.next
), winner AS MATERIALIZED (SELECT uuid FROM way WHERE next IS NULL)`;

/** What summaries are made of, for the rows of `page (uuid, last_change_ts, suspected)`. */
export const SUMMARIZE_PAGE = `
SELECT page.uuid, page.last_change_ts AS lastChangeTs, page.suspected, count(attackers.uuid) AS attackerCount,
  min(attackers.first_seen_ts) AS firstSeenTs, max(attackers.last_seen_ts) AS lastSeenTs,
  (SELECT json_group_object(state, n) FROM (
    SELECT state, count(*) AS n FROM attributions WHERE identity_uuid = page.uuid GROUP BY state
  )) AS states
FROM page LEFT JOIN attackers ON attackers.identity_uuid = page.uuid
GROUP BY page.uuid ORDER BY page.last_change_ts DESC, page.uuid DESC`;

/** A summary as `SUMMARIZE_PAGE` gives it. */
export interface SummaryRow {
  readonly uuid: string;
  readonly attackerCount: number;
  readonly firstSeenTs: number | null;
  readonly lastSeenTs: number | null;
  readonly lastChangeTs: number | null;
  readonly states: string;
  readonly suspected: string | null;
}

/** An identity, or the one it was merged into; null if it is not known. */
export async function findIdentity(db: D1Database, uuid: string): Promise<IdentityDetail | null> {
  const [summaries, attackers, mergedFrom] = await db.batch<SummaryRow & IdentityAttacker>([
    db
      .prepare(
        `${WITH_WINNER}, page AS (
           SELECT uuid, last_change_ts, suspected FROM identities WHERE uuid = (SELECT uuid FROM winner)
         ) ${SUMMARIZE_PAGE}`,
      )
      .bind(uuid),
    db
      .prepare(
        `${WITH_WINNER} SELECT uuid, ip, first_seen_ts AS firstSeenTs, last_seen_ts AS lastSeenTs FROM attackers
         WHERE identity_uuid = (SELECT uuid FROM winner) ORDER BY first_seen_ts, uuid`,
      )
      .bind(uuid),
    db
      .prepare(
        `${WITH_WINNER}, merged (uuid) AS (
           SELECT uuid FROM winner
           UNION
           SELECT merges.loser_uuid FROM merged JOIN merges ON merges.winner_uuid = merged.uuid
           WHERE merges.undone_ts IS NULL
         ) SELECT uuid FROM merged WHERE uuid <> (SELECT uuid FROM winner) ORDER BY uuid`,
      )
      .bind(uuid),
  ]);
  const row = summaries?.results[0];
  if (!row) return null;
  return {
    ...toSummary(row),
    attackers: (attackers?.results ?? []).map(toAttacker),
    mergedFrom: (mergedFrom?.results ?? []).map((merged) => merged.uuid),
  };
}

const counts = z.partialRecord(z.enum(STATES), z.number());
const primitives = z.array(z.string());

/** A summary, read from its row. */
export function toSummary(row: SummaryRow): IdentitySummary {
  const { uuid, attackerCount, firstSeenTs, lastSeenTs, lastChangeTs } = row;
  const none = { unknown: 0, stable: 0, drifting: 0, conflicted: 0, multi_actor: 0 };
  return {
    uuid,
    attackerCount,
    firstSeenTs,
    lastSeenTs,
    lastChangeTs,
    states: { ...none, ...counts.parse(JSON.parse(row.states)) },
    suspected: row.suspected === null ? null : primitives.parse(JSON.parse(row.suspected)),
  };
}

function toAttacker({ uuid, ip, firstSeenTs, lastSeenTs }: IdentityAttacker): IdentityAttacker {
  return { uuid, ip, firstSeenTs, lastSeenTs };
}

/** A page of an identity's history, and whose it is. */
export interface HistoryPage {
  readonly identityUuid: string;
  /** In `seq` order. */
  readonly events: readonly HistoryEvent[];
}

/**
 * The events with a `seq` above `afterSeq` of an identity, or of the one it was merged into.
 * @param isOwn - of this identity itself, though it may be merged away
 * @returns null if the identity is not known
 */
export async function readTransitions(
  db: D1Database,
  uuid: string,
  isOwn: boolean,
  afterSeq: number,
  limit: number,
): Promise<HistoryPage | null> {
  const subject = isOwn
    ? "SELECT uuid FROM identities WHERE uuid = ?1"
    : `${WITH_WINNER} SELECT uuid FROM winner`;
  const [identities, events] = await db.batch<{ uuid: string } & HistoryEvent>([
    db.prepare(subject).bind(uuid),
    db
      .prepare(
        `SELECT seq, event FROM events WHERE identity_uuid = (${subject}) AND seq > ?2 ORDER BY seq LIMIT ?3`,
      )
      .bind(uuid, afterSeq, limit),
  ]);
  const identity = identities?.results[0];
  if (!identity) return null;
  const published = await asPublished(
    db,
    (events?.results ?? []).map(({ seq, event }) => ({ seq, event, identityUuid: identity.uuid })),
  );
  return { identityUuid: identity.uuid, events: published.map(({ seq, event }) => ({ seq, event })) };
}
