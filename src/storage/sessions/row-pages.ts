/**
 * Session rows of some attackers, page by page, in the order (attacker's UUID, place). The order does not depend on the attackers'
 * numbers, so a cursor stays valid when an attacker is erased and comes back with another number. A page is one query, which goes from
 * row to row until the page is full: it reads no row that is not in the page, but those that its conditions leave out, and one row for
 * each attacker from the cursor on.
 */
import { compareUtf8 } from "../../core/index.ts";
import { PLACES, ROW_COLUMNS, type RowColumns } from "./rows.ts";

/** The last row that was read. */
export interface SessionCursor {
  readonly attackerUuid: string;
  readonly place: number;
}

/** A row as it was read, with its body still encoded. */
export interface PackedRow extends RowColumns {
  readonly attackerUuid: string;
}

/** Whose rows: SQL that selects attackers, and the value of its parameter ?1. */
export interface Holders {
  /** What follows FROM, with a WHERE. */
  readonly sql: string;
  readonly parameter: string;
}

/** Some attackers. */
export function theAttackers(attackerUuids: readonly string[]): Holders {
  return {
    sql: "json_each(?1) AS asked CROSS JOIN attackers ON attackers.uuid = asked.value WHERE true",
    parameter: JSON.stringify(attackerUuids),
  };
}

/** Which rows, and how many. Empty rows are left out. */
export interface RowsAsked {
  /** Exclusive; null: from the start. */
  readonly after: SessionCursor | null;
  /** The page ends with the row that reaches so many observations. */
  readonly observations: number;
  /** Only rows that may have an observation at these times, epoch seconds, both included. */
  readonly fromTs: number;
  readonly toTs: number;
  /**
   * If given, `toTs` is reduced to a time up to which there are at least so many observations after `fromTs`. Costs a pass over the
   * attackers' rows, without their bodies.
   */
  readonly atLeast: number | null;
}

export interface RowPage {
  readonly rows: readonly PackedRow[];
  /** Null at the end. */
  readonly next: SessionCursor | null;
  /** `toTs`, reduced if that was asked for. */
  readonly toTs: number;
}

/** Bytes of packed bodies at which a page ends, with the row that reaches them: 4 MB as hexadecimal digits. */
const PAGE_BYTES = 2_000_000;

const RANGE = `sessions.id >= number * ${PLACES} AND sessions.id < (number + 1) * ${PLACES}`;

/** A time at which rows that begin after ?5 and end by then have ?7 observations; ?6 if there are fewer, or if ?7 is null. */
const BOUND = `
SELECT coalesce((
  SELECT last_ts FROM (
    SELECT last_ts, sum(size) OVER (ORDER BY last_ts ROWS UNBOUNDED PRECEDING) AS observations
    FROM holder CROSS JOIN sessions ON ${RANGE} WHERE ?7 IS NOT NULL AND first_ts > ?5 AND last_ts <= ?6)
  WHERE observations >= ?7 LIMIT 1), ?6)`;

/**
 * `walk` goes to the next row of an attacker, or, where there is none, to the start of the next attacker.
 * @param holders - SQL that selects attackers by ?1
 */
function statement(holders: string): string {
  return `
WITH RECURSIVE holder (nth, uuid, number) AS MATERIALIZED (
  SELECT row_number() OVER (ORDER BY attackers.uuid), attackers.uuid, attackers.number FROM ${holders} AND attackers.uuid >= ?2),
bound (ts) AS MATERIALIZED (${BOUND}),
walk (nth, id, until, observations, bytes, size, version, is_full, body) AS (
  SELECT 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL
  UNION ALL
  SELECT coalesce(begun.nth, walk.nth), coalesce(sessions.id, begun.number * ${PLACES} + iif(begun.uuid = ?2, CAST(?3 AS INTEGER), -1)),
    coalesce((begun.number + 1) * ${PLACES}, walk.until), walk.observations + coalesce(sessions.size, 0),
    walk.bytes + coalesce(length(sessions.body), 0), sessions.size, sessions.version, sessions.is_full, sessions.body
  FROM walk LEFT JOIN sessions ON sessions.id = (
      SELECT id FROM sessions WHERE id > walk.id AND id < walk.until AND size > 0
        AND last_ts >= ?5 AND first_ts <= (SELECT ts FROM bound) ORDER BY id LIMIT 1)
    LEFT JOIN holder AS begun ON sessions.id IS NULL AND begun.nth = walk.nth + 1
  WHERE walk.observations < ?4 AND walk.bytes < ${PAGE_BYTES} AND (sessions.id IS NOT NULL OR begun.nth IS NOT NULL))
SELECT holder.uuid AS attackerUuid, (SELECT ts FROM bound) AS toTs, sessions.size AS size, length(sessions.body) AS bytes, ${ROW_COLUMNS}
FROM walk AS sessions CROSS JOIN holder ON holder.nth = sessions.nth WHERE sessions.body IS NOT NULL`;
}

/** Reads a page. One query. */
export async function readRowPage(db: D1Database, holders: Holders, asked: RowsAsked): Promise<RowPage> {
  const { after, observations, fromTs, toTs, atLeast } = asked;
  const { results } = await db
    .prepare(statement(holders.sql))
    .bind(
      holders.parameter,
      after?.attackerUuid ?? "",
      after?.place ?? -1,
      observations,
      fromTs,
      toTs,
      atLeast,
    )
    .all<PackedRow & { readonly toTs: number; readonly size: number; readonly bytes: number }>();
  const rows = results.toSorted((a, b) => compareUtf8(a.attackerUuid, b.attackerUuid) || a.place - b.place);
  const [size, bytes] = [sumOf(rows, (row) => row.size), sumOf(rows, (row) => row.bytes)];
  const last = size >= observations || bytes >= PAGE_BYTES ? rows.at(-1) : undefined;
  return {
    rows,
    next: last ? { attackerUuid: last.attackerUuid, place: last.place } : null,
    toTs: rows[0]?.toTs ?? toTs,
  };
}

function sumOf<T>(list: readonly T[], numberOf: (entry: T) => number): number {
  return list.reduce((sum, entry) => sum + numberOf(entry), 0);
}
