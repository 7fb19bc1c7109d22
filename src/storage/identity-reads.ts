/**
 * Identities as the API shows them, from D1 alone: the projections that the outbox drains write, and the attackers.
 * Asking for a merged-away identity answers the one it went into. Leaves listing them to identity-list.ts.
 */
import { z } from "zod";
import { type State, STATES } from "../core/index.ts";
import { statesInRow } from "./profile.ts";
import { withChain } from "./winners.ts";

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
${withChain("?1")}, winner AS MATERIALIZED (SELECT uuid FROM chain WHERE merged_into_uuid IS NULL)`;

/** When the attackers of a row of `page` were seen. Each is read once; a join would read it again to sort. */
const SEEN = `(SELECT json_array(count(*), min(first_seen_ts), max(last_seen_ts))
 FROM attackers WHERE identity_uuid = page.uuid) AS seen`;

/** How many primitives of a row of `page` are in each state, and which are troubled. Reads a row for each primitive. */
const COUNT_STATES = `(SELECT json_object(
   'unknown', coalesce(sum(state = 'unknown'), 0), 'stable', coalesce(sum(state = 'stable'), 0),
   'drifting', coalesce(sum(state = 'drifting'), 0), 'conflicted', coalesce(sum(state = 'conflicted'), 0),
   'multi_actor', coalesce(sum(state = 'multi_actor'), 0),
   'troubled', json_group_array(json_array(primitive, state))
     FILTER (WHERE state IN ('drifting', 'conflicted', 'multi_actor')))
 FROM attributions WHERE identity_uuid = page.uuid)`;

/** Selects the summaries of the rows of `page (uuid, last_change_ts, suspected)`, most recently changed first. */
export const SUMMARIZE_PAGE = `
SELECT page.uuid, page.last_change_ts AS lastChangeTs, page.suspected, ${SEEN}, ${COUNT_STATES} AS states
FROM page ORDER BY page.last_change_ts DESC, page.uuid DESC`;

/** Characters of a profile that is handed over whole: some 130 primitives. A page of a thousand rows stays in memory. */
const PROFILE_CHARACTERS = 20_000;

/**
 * Selects what the dashboard's list shows of the rows of `page (uuid, last_change_ts, suspected, profile)`: summaries with
 * the first addresses, by when they were first seen. The states are in the profile, which costs no row of its own, but
 * where it is wide or was not written yet.
 */
export const GLANCE_AT_PAGE = `
SELECT page.uuid, page.last_change_ts AS lastChangeTs, page.suspected, ${SEEN}, profile,
  iif(profile IS NULL, ${COUNT_STATES}, NULL) AS states, (
    SELECT json_group_array(ip) FROM (
      SELECT ip FROM attackers WHERE identity_uuid = page.uuid AND ip IS NOT NULL
      ORDER BY first_seen_ts, uuid LIMIT 3
    )
  ) AS addresses
FROM (
  SELECT uuid, last_change_ts, suspected,
    iif(length(profile) <= ${PROFILE_CHARACTERS} AND profile ->> '$.pages' = 0, profile, NULL) AS profile
  FROM page
) AS page ORDER BY page.last_change_ts DESC, page.uuid DESC`;

/** A summary as `SUMMARIZE_PAGE` selects it. */
export interface SummaryRow {
  readonly uuid: string;
  readonly lastChangeTs: number | null;
  readonly suspected: string | null;
  readonly seen: string;
  readonly states: string;
}

/** A primitive of an identity that is neither stable nor unknown. */
export interface Troubled {
  readonly primitive: string;
  readonly state: State;
}

/** What a row of the dashboard's list shows. */
export interface IdentityGlance extends IdentitySummary {
  /** The first few of its attackers' addresses, the earliest seen first. */
  readonly addresses: readonly string[];
  /** By primitive. */
  readonly troubled: readonly Troubled[];
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

const seen = z.tuple([z.number(), z.number().nullable(), z.number().nullable()]);
const count = z.number();
const counts = z.object({
  unknown: count,
  stable: count,
  drifting: count,
  conflicted: count,
  multi_actor: count,
}) satisfies z.ZodType<Record<State, number>>;
const troubledSchema = z.object({ troubled: z.array(z.tuple([z.string(), z.enum(STATES)])) });
const names = z.array(z.string());

/** A summary, read from its row. */
export function toSummary(row: SummaryRow): IdentitySummary {
  return summaryOf(row, counts.parse(JSON.parse(row.states)));
}

function summaryOf(
  row: Omit<SummaryRow, "states">,
  states: Readonly<Record<State, number>>,
): IdentitySummary {
  const [attackerCount, firstSeenTs, lastSeenTs] = seen.parse(JSON.parse(row.seen));
  const suspected = row.suspected === null ? null : names.parse(JSON.parse(row.suspected));
  return {
    uuid: row.uuid,
    attackerCount,
    firstSeenTs,
    lastSeenTs,
    lastChangeTs: row.lastChangeTs,
    states,
    suspected,
  };
}

/** What `GLANCE_AT_PAGE` selects. */
export interface GlanceRow extends Omit<SummaryRow, "states"> {
  readonly addresses: string;
  readonly profile: string | null;
  /** Null where there is a profile. */
  readonly states: string | null;
}

/** A row of the dashboard's list, read from what `GLANCE_AT_PAGE` selects. */
export function toGlance(row: GlanceRow): IdentityGlance {
  const { states, troubled } = row.profile === null ? readCounted(row.states) : countIn(row.profile);
  return {
    ...summaryOf(row, states),
    addresses: names.parse(JSON.parse(row.addresses)),
    troubled: troubled.toSorted((a, b) => (a.primitive < b.primitive ? -1 : 1)),
  };
}

interface CountedStates {
  readonly states: Readonly<Record<State, number>>;
  readonly troubled: readonly Troubled[];
}

/** What `COUNT_STATES` gives. */
function readCounted(text: string | null): CountedStates {
  const counted: unknown = JSON.parse(text ?? "{}");
  const { troubled } = troubledSchema.parse(counted);
  return {
    states: counts.parse(counted),
    troubled: troubled.map(([primitive, state]) => ({ primitive, state })),
  };
}

/** The same from a profile. */
function countIn(profile: string): CountedStates {
  const primitives = statesInRow(profile);
  const states: Record<State, number> = { unknown: 0, stable: 0, drifting: 0, conflicted: 0, multi_actor: 0 };
  for (const { state } of primitives) states[state] += 1;
  return { states, troubled: primitives.filter(({ state }) => state !== "stable" && state !== "unknown") };
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
