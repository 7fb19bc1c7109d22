/**
 * Identities as the API shows them, from D1 alone: the projections that the outbox drains write, and the attackers.
 * Asking for a merged-away identity answers the one it went into. Leaves listing them to identity-list.ts.
 */
import { type IdentitySummary, SUMMARIZE_PAGE, type SummaryRow, toSummary } from "./identity-summaries.ts";
import { withChain } from "./winners.ts";

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
${withChain("?1")}, winner AS MATERIALIZED (SELECT uuid FROM chain WHERE merged_into_uuid IS NULL)`;

/** An identity, or the one it was merged into; null if it is not known. */
export async function findIdentity(db: D1Database, uuid: string): Promise<IdentityDetail | null> {
  const [summaries, attackers, mergedFrom] = await db.batch<SummaryRow & IdentityAttacker>([
    db
      .prepare(
        `${WITH_WINNER}, page AS (
           SELECT uuid, NULL AS sorted_by, NULL AS then_by FROM identities WHERE uuid = (SELECT uuid FROM winner)
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

function toAttacker({ uuid, ip, firstSeenTs, lastSeenTs }: IdentityAttacker): IdentityAttacker {
  return { uuid, ip, firstSeenTs, lastSeenTs };
}

/** Attackers of an identity that its page lists. */
const ATTACKERS_LISTED = 100;
/** Identities that were merged in which its page names. */
const MERGED_LISTED = 50;

/** What the page of an identity says of it besides its states. */
export interface IdentityHead {
  readonly uuid: string;
  /** Number of the last event in the history; 0 before the first. */
  readonly lastSeq: number;
  /** The earliest seen first; of many attackers some, by UUID. */
  readonly attackers: readonly IdentityAttacker[];
  readonly hasMoreAttackers: boolean;
  /** Identities whose attackers are here by way of merges; of many some, sorted. */
  readonly mergedFrom: readonly string[];
}

/**
 * An identity, or the one it was merged into; null if it is not known. Unlike `findIdentity` it reads a bounded number of
 * rows: at most about 400, however many attackers and merges there are.
 */
export async function readIdentityHead(db: D1Database, uuid: string): Promise<IdentityHead | null> {
  const [identities, attackers, mergedFrom] = await db.batch<HeadRow & IdentityAttacker>([
    db
      .prepare(
        `${WITH_WINNER} SELECT uuid, last_seq AS lastSeq FROM identities WHERE uuid = (SELECT uuid FROM winner)`,
      )
      .bind(uuid),
    db
      .prepare(
        `${WITH_WINNER} SELECT uuid, ip, first_seen_ts AS firstSeenTs, last_seen_ts AS lastSeenTs FROM attackers
         WHERE identity_uuid = (SELECT uuid FROM winner) ORDER BY uuid LIMIT ${ATTACKERS_LISTED + 1}`,
      )
      .bind(uuid),
    db
      .prepare(
        `${WITH_WINNER}, merged (uuid) AS (
           SELECT uuid FROM winner
           UNION
           SELECT merges.loser_uuid FROM merged JOIN merges ON merges.winner_uuid = merged.uuid
           WHERE merges.undone_ts IS NULL
           LIMIT ${MERGED_LISTED + 1}
         ) SELECT uuid FROM merged WHERE uuid <> (SELECT uuid FROM winner) ORDER BY uuid`,
      )
      .bind(uuid),
  ]);
  const row = identities?.results[0];
  if (!row) return null;
  const read = (attackers?.results ?? []).map(toAttacker);
  return {
    uuid: row.uuid,
    lastSeq: row.lastSeq,
    attackers: read.slice(0, ATTACKERS_LISTED).toSorted(compareSeen),
    hasMoreAttackers: read.length > ATTACKERS_LISTED,
    mergedFrom: (mergedFrom?.results ?? []).map((merged) => merged.uuid),
  };
}

interface HeadRow {
  readonly uuid: string;
  readonly lastSeq: number;
}

/** The earliest seen first; one of which no time is known before all others, as in D1. */
function compareSeen(a: IdentityAttacker, b: IdentityAttacker): number {
  const bySeen = (a.firstSeenTs ?? -Infinity) - (b.firstSeenTs ?? -Infinity);
  return bySeen || (a.uuid < b.uuid ? -1 : 1);
}
