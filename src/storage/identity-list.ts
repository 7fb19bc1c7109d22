/**
 * The list of identities, in one of several orders, from D1 alone. Merged-away ones are not in it.
 *
 * Unfiltered, a page is a range of an index. A filter that few identities fit is answered from those few; one that many
 * fit is tried on one identity after the other, since a page of those is soon full.
 */
import { type Bind, type FilterTerm, type IdentityFilter, termsOf } from "./identity-filter.ts";
import {
  comparePositions,
  type IdentityPosition,
  type IdentitySort,
  isRangeOf,
  type OrderPart,
  partsOf,
  positionIn,
} from "./identity-order.ts";
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

/**
 * Up to so many identities are few. Gathering that many costs some 10,000 rows read, and of a state without a primitive one more for each
 * of their primitives that is in it; trying more than that many among a million, one after the other, some 55,000 for a page of 50.
 */
export const FEW_IDENTITIES = 2_000;

const ORDER = "ORDER BY sorted_by DESC, then_by DESC, uuid DESC";

/**
 * A page of identities.
 * @param databases - each is asked for a page, and the page is what comes first of all of them
 */
export function listIdentities(
  databases: readonly D1Database[],
  filter: IdentityFilter,
  after: IdentityPosition | null,
  limit: number,
  sort: IdentitySort = "change",
): Promise<IdentitySummary[]> {
  return firstOfAll(databases, sort, limit, async (db) => {
    const statement = pageStatement(db, filter, sort, after, limit, SUMMARIZE_PAGE);
    return (await statement?.all<SummaryRow>())?.results.map(toSummary) ?? [];
  });
}

/** A page of rows of the dashboard's list, in the same order. Parameters as of `listIdentities`. */
export function listGlances(
  databases: readonly D1Database[],
  filter: IdentityFilter,
  after: IdentityPosition | null,
  limit: number,
  sort: IdentitySort = "change",
): Promise<IdentityGlance[]> {
  return firstOfAll(databases, sort, limit, async (db) => {
    const statement = pageStatement(db, filter, sort, after, limit, GLANCE_AT_PAGE);
    return (await statement?.all<GlanceRow>())?.results.map(toGlance) ?? [];
  });
}

/** What comes first of the pages of all databases. */
async function firstOfAll<T extends IdentitySummary>(
  databases: readonly D1Database[],
  sort: IdentitySort,
  limit: number,
  read: (db: D1Database) => Promise<T[]>,
): Promise<T[]> {
  const pages = await Promise.all(databases.map(read));
  const [only, ...others] = pages;
  if (only && others.length === 0) return only;
  return pages
    .flat()
    .toSorted((a, b) => comparePositions(positionIn(sort, a), positionIn(sort, b)))
    .slice(0, limit);
}

/**
 * Null if there is nothing behind the place.
 * @param select - what to select of the rows of `page`
 */
function pageStatement(
  db: D1Database,
  filter: IdentityFilter,
  sort: IdentitySort,
  after: IdentityPosition | null,
  limit: number,
  select: string,
): D1PreparedStatement | null {
  const parameters: (string | number)[] = [limit];
  const bind: Bind = (value) => `?${parameters.push(value)}`;
  const terms = termsOf(filter, isRangeOf(sort, filter), bind);
  const parts = partsOf(sort, filter, terms.length > 0, after, bind);
  if (parts.length === 0) return null;
  return db.prepare(`WITH ${pageOf(parts, terms)} ${select}`).bind(...parameters);
}

/** SQL of `page` (uuid, sorted_by, then_by), and of what it is made from. */
function pageOf(parts: readonly OrderPart[], terms: readonly FilterTerm[]): string {
  const sources = terms.flatMap((term, nth) => (term.all === null ? [] : [{ term, name: `few${nth}` }]));
  const tables = sources.map(
    ({ term, name }) => `${name} AS MATERIALIZED (${term.all} LIMIT ${FEW_IDENTITIES + 1})`,
  );
  const cases = sources.map(
    ({ name }) => `WHEN (SELECT count(*) FROM ${name}) <= ${FEW_IDENTITIES} THEN '${name}'`,
  );
  if (cases.length > 0) tables.push(`way AS MATERIALIZED (SELECT CASE ${cases.join(" ")} END AS name)`);
  const fits = (but: FilterTerm | null) => terms.filter((term) => term !== but).map((term) => term.fits);
  // A limit of 0 keeps the ways that are not taken from being begun, which a condition would not.
  const waysOf = (part: OrderPart, limit: string): string => {
    const gathered = sources.map(({ term, name }) => {
      const source = `${name} CROSS JOIN identities ON identities.uuid = ${name}.identity_uuid`;
      return entriesOf(part, source, fits(term), `iif((SELECT name FROM way) IS '${name}', ${limit}, 0)`);
    });
    const tried = sources.length === 0 ? limit : `iif((SELECT name FROM way) IS NULL, ${limit}, 0)`;
    return [...gathered, entriesOf(part, "identities", fits(null), tried)].join(" UNION ALL ");
  };
  const keyed = parts.find(({ isKeyed }) => isKeyed);
  // Who has no key is looked for only if those who have one do not fill the page.
  if (keyed) tables.push(`keyed AS MATERIALIZED (${waysOf(keyed, "?1")})`);
  const left = keyed ? "?1 - (SELECT count(*) FROM keyed)" : "?1";
  const all = parts.map((part) => (part === keyed ? "SELECT * FROM keyed" : waysOf(part, left)));
  return [...tables, `page AS (${all.join(" UNION ALL ")} ${ORDER} LIMIT ?1)`].join(", ");
}

function entriesOf(part: OrderPart, source: string, fits: readonly string[], limit: string): string {
  const { isKeyed, column } = part;
  const conditions = ["merged_into_uuid IS NULL", part.condition, ...fits].join(" AND ");
  const columns = isKeyed
    ? `${column} AS sorted_by, NULL AS then_by`
    : `NULL AS sorted_by, ${column} AS then_by`;
  return `SELECT * FROM (
    SELECT uuid, ${columns} FROM ${source} WHERE ${conditions} ORDER BY ${column} DESC, uuid DESC LIMIT ${limit}
  )`;
}
