/**
 * Reads the observations that the version before has stored one per row, in pages that keep together what comes into one session row: an
 * attacker that fits into a page is not cut, and of a larger one a page has whole sessions. Else session rows were written many times.
 */
import { type Observation, sessionOf } from "../../core/index.ts";
import { winnerOf } from "../winners.ts";
import type { RecordedObservation } from "./codec.ts";

/** Maximum size of a page: old rows, and their characters. */
const PAGE_ROWS = 2_000;
const PAGE_CHARACTERS = 300_000;
/** Maximum primitives in which the sessions of a large attacker are looked for, and look-ups in all: they take 10 to 500 ms. */
const SEARCHED_PRIMITIVES = 200;
const LOOK_UPS = 20_000;
/** A page of whole sessions may be smaller than one in the order of keys by this factor: its session rows are written once. */
const SMALLER = 4;

/** The attackers whose old rows are concerned: some, those of an identity (or of the one it was merged into), or all (null). */
export type Packed = readonly string[] | { readonly identityUuid: string } | null;

/** An observation of a page. */
export interface OldRow extends RecordedObservation {
  /** Whether its attacker was erased later than it. */
  readonly isErased: boolean;
}

/** A page of old rows. */
export interface OldPage {
  readonly rows: readonly OldRow[];
  /** Whether further rows are concerned. */
  readonly hasMore: boolean;
  /** Queries that reading it took: at most 2. */
  readonly queries: number;
}

interface OldColumns extends Observation {
  readonly isUnlisted: number;
  readonly isErased: number;
  readonly isKnown: number;
  /** Rows that were found before the page was cut. */
  readonly found: number;
}

/** @param rows - SQL of at most one row more than a page has: those of `observation_rows`, and the `part` by which they are ordered */
function page(rows: string): string {
  return `
SELECT * FROM (
  SELECT id, attacker_uuid AS attackerUuid, primitive, value, confidence, window_start_ts AS windowStartTs, window_end_ts AS windowEndTs,
    source, evidence_ref AS evidenceRef, ts, identity_ref AS identityRef, is_unlisted AS isUnlisted, count(*) OVER () AS found,
    EXISTS (SELECT 1 FROM erasures WHERE erasures.attacker_uuid = old.attacker_uuid AND erased_ts >= old.ts) AS isErased,
    EXISTS (SELECT 1 FROM attackers WHERE uuid = old.attacker_uuid) AS isKnown,
    row_number() OVER in_order AS number,
    sum(length(value) + length(primitive) + length(evidence_ref) + length(id) + length(source)) OVER in_order AS characters
  FROM (${rows}) AS old
  WINDOW in_order AS (ORDER BY part, attacker_uuid, primitive, evidence_ref ROWS UNBOUNDED PRECEDING))
WHERE number <= ${PAGE_ROWS} AND (characters <= ${PAGE_CHARACTERS} OR number = 1) ORDER BY number`;
}

/** @param condition - SQL that selects attackers; it uses ?1 */
function pageOf(condition: string): string {
  return page(`SELECT *, 0 AS part FROM observation_rows WHERE ${condition}
    ORDER BY attacker_uuid, primitive, evidence_ref LIMIT ${PAGE_ROWS + 1}`);
}

const READ_ALL = pageOf("?1 IS NULL");
const READ_LIST = pageOf("attacker_uuid IN (SELECT value FROM json_each(?1))");
const READ_IDENTITY = pageOf(
  `attacker_uuid IN (SELECT uuid FROM attackers WHERE identity_uuid = coalesce(${winnerOf("?1")}, ?1))`,
);

/**
 * Rows of an attacker (?2), session by session. The key begins with the primitive, so a session is looked for in the attacker's
 * primitives: all pointers that begin with it. "$" is the character after "#".
 * @param ?1 - JSON list of sessions
 */
const READ_SESSIONS = page(`
  WITH RECURSIVE primitives (name) AS (
    SELECT min(primitive) FROM observation_rows WHERE attacker_uuid = ?2
    UNION ALL SELECT (SELECT min(primitive) FROM observation_rows WHERE attacker_uuid = ?2 AND primitive > name)
    FROM primitives WHERE name IS NOT NULL LIMIT ${SEARCHED_PRIMITIVES})
  SELECT observation_rows.*, session.key AS part FROM json_each(?1) AS session CROSS JOIN primitives CROSS JOIN observation_rows
    ON attacker_uuid = ?2 AND primitive = primitives.name AND evidence_ref >= session.value AND evidence_ref < session.value || '$'
  WHERE session.key < ${LOOK_UPS} / (SELECT count(*) FROM primitives) LIMIT ${PAGE_ROWS + 1}`);

/** Whether there is any old row, of whatever attacker. One query. */
export async function isAnyOld(db: D1Database): Promise<boolean> {
  return (await db.prepare("SELECT 1 FROM observation_rows LIMIT 1").first()) !== null;
}

/** The next old rows of some attackers: those of whole attackers, or whole sessions of one that is too large for a page. */
export async function readOldPage(db: D1Database, packed: Packed): Promise<OldPage> {
  const { results: columns } = await readStatement(db, packed).all<OldColumns>();
  if (columns.some(({ isKnown }) => isKnown === 0)) {
    throw new Error("an attacker with observations must have a row, found none");
  }
  const [first] = columns;
  const hasMore = first !== undefined && first.found > columns.length;
  if (!hasMore) return { rows: columns.map(toOldRow), hasMore, queries: 1 };
  const whole = withoutLast(columns, ({ attackerUuid }) => attackerUuid);
  if (whole) return { rows: whole.map(toOldRow), hasMore, queries: 1 };
  const rows = await readSessions(db, first.attackerUuid, columns);
  return {
    rows: (rows.length * SMALLER < columns.length ? columns : rows).map(toOldRow),
    hasMore,
    queries: 2,
  };
}

/** Whole sessions of an attacker, beginning with those of some rows. */
async function readSessions(
  db: D1Database,
  attackerUuid: string,
  firstRows: readonly OldColumns[],
): Promise<OldColumns[]> {
  const sessions = [...new Set(firstRows.map(({ evidenceRef }) => sessionOf(evidenceRef)))];
  const { results } = await db
    .prepare(READ_SESSIONS)
    .bind(JSON.stringify(sessions), attackerUuid)
    .all<OldColumns>();
  const rows = withoutLast(results, ({ evidenceRef }) => sessionOf(evidenceRef)) ?? results;
  // A pointer that begins with another session's name is found with both.
  return [...new Map(rows.map((row) => [`${row.primitive}\0${row.evidenceRef}`, row])).values()];
}

/** Rows without the last part, which may be cut; null if there is only one part. */
function withoutLast(rows: readonly OldColumns[], partOf: (row: OldColumns) => string): OldColumns[] | null {
  const last = rows.at(-1);
  if (last === undefined) return null;
  const before = rows.filter((row) => partOf(row) !== partOf(last));
  return before.length > 0 ? before : null;
}

function readStatement(db: D1Database, packed: Packed): D1PreparedStatement {
  if (packed === null) return db.prepare(READ_ALL).bind(null);
  if ("identityUuid" in packed) return db.prepare(READ_IDENTITY).bind(packed.identityUuid);
  return db.prepare(READ_LIST).bind(JSON.stringify(packed));
}

function toOldRow({ isUnlisted, isErased, ...columns }: OldColumns): OldRow {
  const { id, attackerUuid, primitive, value, confidence, windowStartTs, windowEndTs } = columns;
  const { source, evidenceRef, ts, identityRef } = columns;
  return {
    observation: {
      id,
      attackerUuid,
      primitive,
      value,
      confidence,
      windowStartTs,
      windowEndTs,
      source,
      evidenceRef,
      ts,
      identityRef,
    },
    isUnlisted: isUnlisted === 1,
    isErased: isErased === 1,
  };
}
