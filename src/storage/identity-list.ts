/**
 * The list of identities, most recently changed first, from D1 alone; those that nothing was said of yet come last, and
 * merged-away ones are not in it.
 *
 * Unfiltered, a page is a range of an index. A filter that few identities fit is answered from those few; one that many
 * fit is tried on one identity after the other, since a page of those is soon full.
 */
import type { State } from "../core/index.ts";
import {
  GLANCE_AT_PAGE,
  type GlanceRow,
  type IdentityGlance,
  type IdentitySummary,
  SUMMARIZE_PAGE,
  type SummaryRow,
  toGlance,
  toSummary,
} from "./identity-summaries.ts";
import { ANY_STATE, hasPrimitive, hasState } from "./profile-states.ts";

/** Which identities to list: those with such a primitive, in such a state; one primitive must fit both. */
export interface IdentityFilter {
  readonly state: State | null;
  readonly primitive: string | null;
}

/** Where a list goes on: after this identity. */
export interface IdentityPosition {
  readonly lastChangeTs: number | null;
  readonly uuid: string;
}

/**
 * Up to so many identities are few. Gathering that many costs some 10,000 rows read, and of a state without a primitive one more for each
 * of their primitives that is in it; trying more than that many among a million, one after the other, some 55,000 for a page of 50.
 */
export const FEW_IDENTITIES = 2_000;

/** Takes a parameter and gives the name it has in the statement; the limit is `?1`. */
type Bind = (value: string | number) => string;

const ORDER = "ORDER BY last_change_ts DESC, uuid DESC";

/**
 * A page of identities.
 * @param databases - each is asked for a page, and the page is what comes first of all of them
 */
export function listIdentities(
  databases: readonly D1Database[],
  filter: IdentityFilter,
  after: IdentityPosition | null,
  limit: number,
): Promise<IdentitySummary[]> {
  return firstOfAll(databases, limit, async (db) => {
    const { results } = await pageStatement(db, filter, after, limit, SUMMARIZE_PAGE).all<SummaryRow>();
    return results.map(toSummary);
  });
}

/** A page of rows of the dashboard's list, in the same order. Parameters as of `listIdentities`. */
export function listGlances(
  databases: readonly D1Database[],
  filter: IdentityFilter,
  after: IdentityPosition | null,
  limit: number,
): Promise<IdentityGlance[]> {
  return firstOfAll(databases, limit, async (db) => {
    const statement = pageStatement(db, filter, after, limit, GLANCE_AT_PAGE);
    const { results } = await statement.all<GlanceRow>();
    return results.map(toGlance);
  });
}

/** What comes first of the pages of all databases. */
async function firstOfAll<T extends IdentityPosition>(
  databases: readonly D1Database[],
  limit: number,
  read: (db: D1Database) => Promise<T[]>,
): Promise<T[]> {
  const pages = await Promise.all(databases.map(read));
  const [only, ...others] = pages;
  if (only && others.length === 0) return only;
  return pages.flat().toSorted(compareChanged).slice(0, limit);
}

/** The latest change first, those without one last. UUIDs are ASCII, so D1 orders them as we do. */
function compareChanged(a: IdentityPosition, b: IdentityPosition): number {
  // Two without a change differ by no number, which counts as by nothing.
  const byChange = (b.lastChangeTs ?? -Infinity) - (a.lastChangeTs ?? -Infinity);
  return byChange || (a.uuid < b.uuid ? 1 : -1);
}

/** @param select - what to select of the rows of `page` */
function pageStatement(
  db: D1Database,
  filter: IdentityFilter,
  after: IdentityPosition | null,
  limit: number,
  select: string,
): D1PreparedStatement {
  const parameters: (string | number)[] = [limit];
  const bind: Bind = (value) => `?${parameters.push(value)}`;
  const isFiltered = filter.state !== null || filter.primitive !== null;
  const page = isFiltered ? filteredPage(filter, after, bind) : wholePage(after, bind);
  return db.prepare(`WITH ${page} ${select}`).bind(...parameters);
}

/** NULL compares with nothing, so identities without a change are a range of their own, the last. */
function wholePage(after: IdentityPosition | null, bind: Bind): string {
  const unchanged = "last_change_ts IS NULL";
  if (after === null) {
    return pageOf([part("identities", "last_change_ts IS NOT NULL"), part("identities", unchanged)]);
  }
  const uuid = bind(after.uuid);
  if (after.lastChangeTs === null) return pageOf([part("identities", `${unchanged} AND uuid < ${uuid}`)]);
  const place = `(last_change_ts, uuid) < (${bind(after.lastChangeTs)}, ${uuid})`;
  return pageOf([part("identities", place), part("identities", unchanged)]);
}

/**
 * Identities without a change have no states, so no filter lets one through. Those that fit are a range of the key of `attributions`
 * (five, if any state will do). Whether one identity fits is looked up there, if both state and primitive are known, and else read in its
 * profile. While events are being drained, the profile may be ahead.
 */
function filteredPage(
  { state, primitive }: IdentityFilter,
  after: IdentityPosition | null,
  bind: Bind,
): string {
  // The key begins with the state, so all five are named where any will do.
  const inState = state === null ? `IN ${ANY_STATE}` : `= ${bind(state)}`;
  const named = primitive === null ? null : bind(primitive);
  const range = `state ${inState}${named === null ? "" : ` AND primitive = ${named}`}`;
  const place =
    after === null
      ? "last_change_ts IS NOT NULL"
      : `(last_change_ts, uuid) < (${after.lastChangeTs === null ? "NULL" : bind(after.lastChangeTs)}, ${bind(after.uuid)})`;
  const fits = () => {
    if (named === null) return state === null ? "true" : hasState("identities", state);
    if (state === null) return hasPrimitive("identities", named);
    return `EXISTS (SELECT 1 FROM attributions WHERE ${range} AND identity_uuid = identities.uuid)`;
  };
  const areFew = `(SELECT n FROM counted) <= ${FEW_IDENTITIES}`;
  // A limit of 0 keeps the way that is not taken from being begun, which a condition would not.
  const gathered = part(
    "few CROSS JOIN identities ON identities.uuid = few.identity_uuid",
    place,
    `iif(${areFew}, ?1, 0)`,
  );
  const tried = part("identities", `${place} AND ${fits()}`, `iif(${areFew}, 0, ?1)`);
  // A primitive is in one state, so of one primitive an identity comes once.
  return `few AS MATERIALIZED (
    SELECT ${primitive === null ? "DISTINCT " : ""}identity_uuid FROM attributions WHERE ${range} LIMIT ${FEW_IDENTITIES + 1}
  ), counted AS MATERIALIZED (SELECT count(*) AS n FROM few), ${pageOf([gathered, tried])}`;
}

function part(source: string, condition: string, limit = "?1"): string {
  return `SELECT * FROM (
    SELECT uuid, last_change_ts FROM ${source} WHERE merged_into_uuid IS NULL AND ${condition}
    ${ORDER} LIMIT ${limit}
  )`;
}

function pageOf(parts: readonly string[]): string {
  return `page AS (${parts.join(" UNION ALL ")} ${ORDER} LIMIT ?1)`;
}
