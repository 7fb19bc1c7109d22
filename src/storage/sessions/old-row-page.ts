/**
 * A page of the observations that the version before has stored one per row: how it is read, and how it is moved into session rows in
 * one transaction. Nothing is written to `observation_rows`; its rows only disappear, so a row that is there is unchanged.
 */
import type { RecordedObservation } from "./codec.ts";
import type { FoundRow, Placement } from "./placing.ts";
import {
  firstVersion,
  idAt,
  ROW_COLUMNS,
  type RowColumns,
  type RowPlace,
  toSessionRow,
  toStoredRow,
} from "./rows.ts";
import { parameters } from "../parameters.ts";

/** Maximum size of a page: old rows, and their characters. */
const PAGE_ROWS = 2_000;
const PAGE_CHARACTERS = 300_000;

/** The attackers whose old rows are concerned; null: all. */
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
}

interface OldColumns {
  readonly id: string;
  readonly attackerUuid: string;
  readonly primitive: string;
  readonly value: string;
  readonly confidence: number;
  readonly windowStartTs: number;
  readonly windowEndTs: number;
  readonly source: string;
  readonly evidenceRef: string;
  readonly ts: number;
  readonly identityRef: string | null;
  readonly isUnlisted: number;
  readonly isErased: number;
  readonly isKnown: number;
  /** Rows that were found before the page was cut. */
  readonly found: number;
}

const KEY = "attacker_uuid, primitive, evidence_ref";

/** @param attackers - SQL of the attackers' UUIDs, or null; it may use ?1 */
function readPage(attackers: string | null): string {
  return `
SELECT * FROM (
  SELECT id, attacker_uuid AS attackerUuid, primitive, value, confidence, window_start_ts AS windowStartTs, window_end_ts AS windowEndTs,
    source, evidence_ref AS evidenceRef, ts, identity_ref AS identityRef, is_unlisted AS isUnlisted, count(*) OVER () AS found,
    EXISTS (SELECT 1 FROM erasures WHERE erasures.attacker_uuid = old.attacker_uuid AND erased_ts >= ts) AS isErased,
    EXISTS (SELECT 1 FROM attackers WHERE uuid = old.attacker_uuid) AS isKnown,
    row_number() OVER in_order AS number,
    sum(length(value) + length(primitive) + length(evidence_ref) + length(id) + length(source)) OVER in_order AS characters
  FROM (SELECT * FROM observation_rows WHERE ${attackers === null ? "?1 IS NULL" : `attacker_uuid IN (${attackers})`}
    ORDER BY ${KEY} LIMIT ${PAGE_ROWS + 1}) AS old
  WINDOW in_order AS (ORDER BY ${KEY} ROWS UNBOUNDED PRECEDING))
WHERE number <= ${PAGE_ROWS} AND (characters <= ${PAGE_CHARACTERS} OR number = 1) ORDER BY number`;
}

const READ_ALL = readPage(null);
const READ_LIST = readPage("SELECT value FROM json_each(?1)");
const READ_IDENTITY = readPage("SELECT uuid FROM attackers WHERE identity_uuid = ?1");

/** Whether there is any old row, of whatever attacker. One query. */
export async function isAnyOld(db: D1Database): Promise<boolean> {
  return (await db.prepare("SELECT 1 FROM observation_rows LIMIT 1").first()) !== null;
}

/**
 * The first old rows of some attackers, in the order of their key. An attacker whose rows fit into a page is not cut, so that its
 * session rows are written once. One query.
 */
export async function readOldPage(db: D1Database, packed: Packed): Promise<OldPage> {
  const { results: columns } = await readStatement(db, packed).all<OldColumns>();
  if (columns.some(({ isKnown }) => isKnown === 0)) {
    throw new Error("an attacker with observations must have a row, found none");
  }
  const hasMore = (columns[0]?.found ?? 0) > columns.length;
  const last = columns.at(-1)?.attackerUuid;
  const isCut = hasMore && columns[0]?.attackerUuid !== last;
  const whole = isCut ? columns.filter(({ attackerUuid }) => attackerUuid !== last) : columns;
  return { rows: whole.map(toOldRow), hasMore };
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

/** Every place that is asked for: with its row if there is one, but without the body where the bodies so far are too long. */
const READ_ROWS = `
SELECT attackerUuid, asked, id, place, version, isFull, iif(bytes <= ?2 OR number = 1, hex(body), NULL) AS body FROM (
  SELECT asked.value ->> 0 AS attackerUuid, asked.value ->> 1 AS asked, ${ROW_COLUMNS.replace("hex(sessions.body)", "sessions.body")},
    sum(length(sessions.body)) OVER (ORDER BY asked.key) AS bytes, count(sessions.id) OVER (ORDER BY asked.key) AS number
  FROM json_each(?1) AS asked LEFT JOIN attackers ON attackers.uuid = asked.value ->> 0
    LEFT JOIN sessions ON sessions.id = ${idAt("(asked.value ->> 1)")})`;

interface ReadColumns extends Omit<RowColumns, "id" | "version" | "body"> {
  readonly attackerUuid: string;
  readonly asked: number;
  readonly id: string | null;
  readonly version: number | null;
  readonly body: string | null;
}

/**
 * Reads the rows at some places. One query.
 * @param bytes - maximum bytes of all bodies; the first is read in any case
 */
export async function readRowsAt(
  db: D1Database,
  places: readonly RowPlace[],
  bytes: number,
): Promise<{ readonly rows: readonly FoundRow[]; readonly bytes: number }> {
  const asked = places.map(({ attackerUuid, place }) => [attackerUuid, place]);
  const { results } = await db.prepare(READ_ROWS).bind(JSON.stringify(asked), bytes).all<ReadColumns>();
  return {
    rows: results.map(toFoundRow),
    bytes: results.reduce((sum, { body }) => sum + (body?.length ?? 0) / 2, 0),
  };
}

function toFoundRow({ asked: place, ...columns }: ReadColumns): FoundRow {
  const { attackerUuid, id, version, body } = columns;
  if (id === null || version === null)
    return { attackerUuid, place, version: null, row: null, isLeftOut: false };
  if (body === null) return { attackerUuid, place, version, row: null, isLeftOut: true };
  const row = toStoredRow(attackerUuid, { ...columns, place, id, version, body });
  return { attackerUuid, place, version, row: toSessionRow(row), isLeftOut: false };
}

/**
 * Begins the transaction: the job counts the page and notes its token if every old row (?1: JSON list of keys) is still there, and
 * every session row (?2: JSON list of [attacker, place, version or null]) as it was read. The other statements ask for the token, because
 * after the first of them the condition would not hold any more.
 */
const TAKE_PAGE = `
INSERT INTO jobs (kind, subject, state, due_ts) SELECT 'pack_observations', '', json_object('packed', ?3, 'page', ?4), 0
WHERE json_array_length(?1) = (SELECT count(*) FROM json_each(?1) AS wanted CROSS JOIN observation_rows
    ON attacker_uuid = wanted.value ->> 0 AND primitive = wanted.value ->> 1 AND evidence_ref = wanted.value ->> 2)
  AND NOT EXISTS (SELECT 1 FROM json_each(?2) AS wanted LEFT JOIN attackers ON attackers.uuid = wanted.value ->> 0
    LEFT JOIN sessions ON sessions.id = ${idAt("(wanted.value ->> 1)")}
    WHERE attackers.uuid IS NULL OR sessions.version IS NOT wanted.value ->> 2)
ON CONFLICT (kind, subject) DO UPDATE SET state = json_set(state, '$.packed', coalesce(state ->> 'packed', 0) + ?3, '$.page', ?4)
RETURNING state`;

const IS_TAKEN = "(SELECT state ->> 'page' FROM jobs WHERE kind = 'pack_observations' AND subject = '') = ?2";

const WRITE = `
INSERT INTO sessions (id, version, size, is_full, first_ts, last_ts, body)
SELECT ${idAt("(new.value ->> 1)")}, ?3, new.value ->> 2, new.value ->> 3, new.value ->> 4, new.value ->> 5, unhex(new.value ->> 6)
FROM json_each(?1) AS new CROSS JOIN attackers ON attackers.uuid = new.value ->> 0 WHERE ${IS_TAKEN}
ON CONFLICT (id) DO UPDATE SET version = sessions.version + 1, size = excluded.size, is_full = excluded.is_full,
  first_ts = excluded.first_ts, last_ts = excluded.last_ts, body = excluded.body`;

const DELETE = `
DELETE FROM observation_rows WHERE ${IS_TAKEN} AND (${KEY}) IN (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1))`;

const COUNT = `
UPDATE counters SET value = value + iif(name = 'observations', ?1, ?3) WHERE name IN ('observations', 'unlisted_values') AND ${IS_TAKEN}`;

/** What a page changes. */
export interface PageMove extends Placement {
  /** Observations that were erased: their old rows are removed with those of the placed ones. */
  readonly erased: readonly RecordedObservation[];
}

/**
 * Writes the session rows of a page and removes its old rows, in one transaction.
 * @returns the state of the job, or null if nothing was written because something of it has changed since it was read
 */
export async function movePage(
  db: D1Database,
  move: PageMove,
): Promise<{ readonly state: string | null; readonly queries: number }> {
  const token = crypto.randomUUID();
  const moved = [...move.placed, ...move.erased];
  const keys = JSON.stringify(
    moved.map(({ observation: { attackerUuid, primitive, evidenceRef } }) => [
      attackerUuid,
      primitive,
      evidenceRef,
    ]),
  );
  // The moved ones are counted already. Other than 0 only by erasure, or where a key stood in both tables.
  const added = move.added - moved.length;
  const addedUnlisted = move.addedUnlisted - move.placed.filter(({ isUnlisted }) => isUnlisted).length;
  const statements = [
    db.prepare(TAKE_PAGE).bind(keys, JSON.stringify(move.expected), moved.length, token),
    ...parameters(move.rows).map((rows) => db.prepare(WRITE).bind(rows, token, firstVersion())),
    db.prepare(DELETE).bind(keys, token),
    ...(added === 0 && addedUnlisted === 0 ? [] : [db.prepare(COUNT).bind(added, token, addedUnlisted)]),
  ];
  const [taken] = await db.batch<{ state: string }>(statements);
  return { state: taken?.results[0]?.state ?? null, queries: statements.length };
}
