/**
 * Identities at a glance: what lists show of each, selected from the rows of a page and read from what was selected. Which identities
 * are on a page is said by identity-list.ts. Their states are counted in their profiles, which costs no row of its own.
 */
import { z } from "zod";
import { type State, STATES } from "../core/index.ts";
import { countStates, listTroubled } from "./profile-states.ts";
import { statesInRow } from "./profile.ts";

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
  readonly evidence: ListedEvidence;
}

/** Evidence of an identity as of its last profile; null where nothing is known. */
export interface ListedEvidence {
  readonly e: number | null;
  /** Time of its last proven change that stands, epoch seconds. */
  readonly changedTs: number | null;
  /** The last published estimate of the number of operators. */
  readonly operators: number | null;
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

/** When the attackers of a row of `page` were seen. Each is read once; a join would read it again to sort. */
const SEEN = `(SELECT json_array(count(*), min(first_seen_ts), max(last_seen_ts))
 FROM attackers WHERE identity_uuid = page.uuid) AS seen`;

const EVIDENCE = "evidence_e AS evidenceE, evidence_changed_ts AS evidenceChangedTs, operators";

/** The rows of `page` in their order. Profiles are read here, so that no page is sorted with them. */
const FROM_PAGE = `FROM page CROSS JOIN identities ON identities.uuid = page.uuid
ORDER BY page.sorted_by DESC, page.then_by DESC, page.uuid DESC`;

/** Selects the summaries of the rows of `page (uuid, sorted_by, then_by)`, the greatest first. */
export const SUMMARIZE_PAGE = `
SELECT page.uuid, last_change_ts AS lastChangeTs, suspected, ${EVIDENCE}, ${SEEN}, ${countStates("identities")} AS states ${FROM_PAGE}`;

/** Characters of a profile that is handed over whole: some 130 primitives. A page of a thousand rows stays in memory. */
const PROFILE_CHARACTERS = 20_000;

/** SQL: whether the whole profile is handed over. False where there is none. */
const IS_NARROW = `(length(profile) <= ${PROFILE_CHARACTERS} AND profile ->> '$.pages' = 0)`;

/**
 * Selects what the dashboard's list shows of the rows of `page (uuid, sorted_by, then_by)`: summaries with the first addresses, by when
 * they were first seen.
 */
export const GLANCE_AT_PAGE = `
SELECT page.uuid, last_change_ts AS lastChangeTs, suspected, ${EVIDENCE}, ${SEEN}, iif(${IS_NARROW}, profile, NULL) AS profile,
  iif(${IS_NARROW}, NULL, ${countStates("identities")}) AS states,
  iif(${IS_NARROW}, NULL, ${listTroubled("identities")}) AS troubled, (
    SELECT json_group_array(ip) FROM (
      SELECT ip FROM attackers WHERE identity_uuid = page.uuid AND ip IS NOT NULL
      ORDER BY first_seen_ts, uuid LIMIT 3
    )
  ) AS addresses
${FROM_PAGE}`;

/** A summary as `SUMMARIZE_PAGE` selects it. */
export interface SummaryRow {
  readonly uuid: string;
  readonly lastChangeTs: number | null;
  readonly suspected: string | null;
  readonly evidenceE: number | null;
  readonly evidenceChangedTs: number | null;
  readonly operators: number | null;
  readonly seen: string;
  readonly states: string;
}

/** What `GLANCE_AT_PAGE` selects. */
export interface GlanceRow extends Omit<SummaryRow, "states"> {
  readonly addresses: string;
  readonly profile: string | null;
  /** Null where there is a profile. */
  readonly states: string | null;
  /** Null where there is a profile. */
  readonly troubled: string | null;
}

const seen = z.tuple([z.number(), z.number().nullable(), z.number().nullable()]);
const count = z.number();
/** A number of primitives for each state. */
export const stateCounts = z.object({
  unknown: count,
  stable: count,
  drifting: count,
  conflicted: count,
  multi_actor: count,
}) satisfies z.ZodType<Record<State, number>>;
const troubledSchema = z.array(z.tuple([z.string(), z.enum(STATES)]));
const names = z.array(z.string());

/** A summary, read from its row. */
export function toSummary(row: SummaryRow): IdentitySummary {
  return summaryOf(row, stateCounts.parse(JSON.parse(row.states)));
}

/** A row of the dashboard's list, read from what `GLANCE_AT_PAGE` selects. */
export function toGlance(row: GlanceRow): IdentityGlance {
  const { states, troubled } = row.profile === null ? readCounted(row) : countIn(row.profile);
  return {
    ...summaryOf(row, states),
    addresses: names.parse(JSON.parse(row.addresses)),
    troubled: troubled.toSorted((a, b) => (a.primitive < b.primitive ? -1 : 1)),
  };
}

function summaryOf(
  row: Omit<SummaryRow, "states">,
  states: Readonly<Record<State, number>>,
): IdentitySummary {
  const [attackerCount, firstSeenTs, lastSeenTs] = seen.parse(JSON.parse(row.seen));
  const suspected = row.suspected === null ? null : names.parse(JSON.parse(row.suspected));
  const { uuid, lastChangeTs } = row;
  const evidence = { e: row.evidenceE, changedTs: row.evidenceChangedTs, operators: row.operators };
  return { uuid, attackerCount, firstSeenTs, lastSeenTs, lastChangeTs, states, suspected, evidence };
}

interface CountedStates {
  readonly states: Readonly<Record<State, number>>;
  readonly troubled: readonly Troubled[];
}

/** What D1 has counted. */
function readCounted({ states, troubled }: GlanceRow): CountedStates {
  const listed = troubledSchema.parse(JSON.parse(troubled ?? "[]"));
  return {
    states: stateCounts.parse(JSON.parse(states ?? "{}")),
    troubled: listed.map(([primitive, state]) => ({ primitive, state })),
  };
}

/** The same from a profile. */
function countIn(profile: string): CountedStates {
  const primitives = statesInRow(profile);
  const states: Record<State, number> = { unknown: 0, stable: 0, drifting: 0, conflicted: 0, multi_actor: 0 };
  for (const { state } of primitives) states[state] += 1;
  return { states, troubled: primitives.filter(({ state }) => state !== "stable" && state !== "unknown") };
}
