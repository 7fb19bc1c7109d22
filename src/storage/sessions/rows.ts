/**
 * Session rows in SQL: how they are found, read, inserted and replaced. Every change is guarded: a row is inserted only where there is
 * none, and replaced only over the version that the change was made from, so writers never overwrite each other.
 */
import type { SessionRow, Stored } from "../../core/index.ts";
import { decodeSession, encodeSession, type RecordedObservation } from "./codec.ts";

/** Where a row is: its attacker, and its place among the attacker's rows. */
export interface RowPlace {
  readonly attackerUuid: string;
  readonly place: number;
}

/** A row that was read. */
export interface StoredRow extends RowPlace {
  /** Decimal digits, because it may exceed what a number holds exactly. */
  readonly id: string;
  readonly version: number;
  readonly isFull: boolean;
  readonly observations: readonly RecordedObservation[];
}

/** The columns of a row as `ROW_COLUMNS` selects them. */
export interface RowColumns {
  readonly id: string;
  readonly place: number;
  readonly version: number;
  readonly isFull: number;
  /** Hexadecimal digits. */
  readonly body: string;
}

/**
 * The version of a new row: at random, so that a row that was removed and inserted again is not taken for the one of before.
 * @returns an integer, 0 ≤ version < 2^31
 */
export function firstVersion(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) >>> 1;
}

/** Rows of an attacker are a range of ids: its number × this, and up to as many more. */
export const PLACES = 4_294_967_296;

/** SQL: the columns of `sessions` that `toStoredRow` reads. */
export const ROW_COLUMNS = `CAST(sessions.id AS TEXT) AS id, sessions.id & ${PLACES - 1} AS place, sessions.version AS version,
  sessions.is_full AS isFull, hex(sessions.body) AS body`;

/** SQL: whether a row of `sessions` belongs to the row of `attackers`. */
export const OF_ATTACKER = `sessions.id >= attackers.number * ${PLACES} AND sessions.id < (attackers.number + 1) * ${PLACES}`;

/** SQL: the id of the row at a place of the row of `attackers`. @param place - an SQL expression */
export const idAt = (place: string) => `attackers.number * ${PLACES} + ${place}`;

/** A row as it was stored. */
export function toStoredRow(attackerUuid: string, columns: RowColumns): StoredRow {
  return {
    attackerUuid,
    id: columns.id,
    place: columns.place,
    version: columns.version,
    isFull: columns.isFull === 1,
    observations: decodeSession(attackerUuid, columns.body),
  };
}

/** A recorded observation with the fields that place it and decide between two with the same key. */
export interface Placed extends Stored {
  readonly recorded: RecordedObservation;
}

/** The same observation in the form that `mergeIntoRow` takes. */
export function toPlaced(recorded: RecordedObservation): Placed {
  const { primitive, evidenceRef, ts, id, value } = recorded.observation;
  return { primitive, evidenceRef, ts, id, value, recorded };
}

/** How many have a value that is not in the registry's list. */
export function unlistedIn(observations: readonly Placed[]): number {
  return observations.filter(({ recorded }) => recorded.isUnlisted).length;
}

/** An observation with the depth at which it is looked for. */
export interface Pending extends Placed {
  readonly depth: number;
}

/** A row with its observations in the form that `mergeIntoRow` takes. */
export function toSessionRow({ isFull, observations }: StoredRow): SessionRow<Placed> {
  return { isFull, observations: observations.map(toPlaced) };
}

/** The values of a row's columns: size, is_full, first_ts, last_ts, and the body in hexadecimal digits. */
export type RowValues = readonly [size: number, isFull: 0 | 1, firstTs: number, lastTs: number, body: string];

/** A row as the values of its columns. */
export function rowValues({ isFull, observations }: SessionRow<Placed>): RowValues {
  const [firstTs, lastTs] = spanOf(observations);
  const body = encodeSession(observations.map(({ recorded }) => recorded));
  return [observations.length, isFull ? 1 : 0, firstTs, lastTs, body];
}

/** The least and the greatest ts; 0 of none. */
export function spanOf(observations: readonly { readonly ts: number }[]): readonly [number, number] {
  if (observations.length === 0) return [0, 0];
  return observations.reduce<[number, number]>(
    ([first, last], { ts }) => [Math.min(first, ts), Math.max(last, ts)],
    [Infinity, -Infinity],
  );
}

/** A new row for `insertRows`. */
export type NewRow = readonly [attackerUuid: string, place: number, unlisted: number, ...RowValues];

/**
 * Inserts rows where there are none, and counts their observations, in two statements of one transaction. A row with an observation
 * that is not later than its attacker's erasure is not inserted, nor one of an attacker without a row.
 * @param condition - SQL that must hold for anything to be written; ?1 is a JSON list of `NewRow`, ?2 of the insert a `firstVersion`
 */
export function insertRows(condition: string): { readonly count: string; readonly insert: string } {
  const wanted = `
FROM json_each(?1) AS new CROSS JOIN attackers ON attackers.uuid = new.value ->> 0
WHERE ${condition} AND NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.id = ${idAt("(new.value ->> 1)")})
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE attacker_uuid = new.value ->> 0 AND erased_ts >= new.value ->> 5)`;
  return {
    count: countBy(`SELECT sum(new.value ->> 3) AS added, sum(new.value ->> 2) AS unlisted ${wanted}`),
    insert: `
INSERT INTO sessions (id, version, size, is_full, first_ts, last_ts, body)
SELECT ${idAt("(new.value ->> 1)")}, ?2, new.value ->> 3, new.value ->> 4, new.value ->> 5, new.value ->> 6, unhex(new.value ->> 7) ${wanted}
ON CONFLICT DO NOTHING
RETURNING CAST(id AS TEXT) AS id, id / ${PLACES} AS number, id & ${PLACES - 1} AS place`,
  };
}

/** A replacement for `replaceRows`. */
export type ReplacedRow = readonly [
  id: string,
  version: number,
  attackerUuid: string,
  /** Least ts of the observations that the change brings; `Number.MAX_VALUE` if it only removes. */
  broughtFromTs: number,
  /** What the change adds to the totals. */
  added: number,
  addedUnlisted: number,
  ...RowValues,
];

/**
 * Replaces rows over the version that was read, and counts the difference, in two statements of one transaction. A row is not
 * replaced if its version is another one, or if what it brings was erased meanwhile.
 * @param condition - SQL that must hold for anything to be written; it may name `sessions` and `new.value ->> 2`, the attacker
 */
export function replaceRows(condition: string): { readonly count: string; readonly replace: string } {
  const current = `sessions.id = CAST(new.value ->> 0 AS INTEGER) AND sessions.version = new.value ->> 1 AND ${condition}
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE attacker_uuid = new.value ->> 2 AND erased_ts >= new.value ->> 3)`;
  return {
    count: countBy(
      `SELECT sum(new.value ->> 4) AS added, sum(new.value ->> 5) AS unlisted FROM json_each(?1) AS new CROSS JOIN sessions ON ${current}`,
    ),
    replace: `
UPDATE sessions SET version = sessions.version + 1, size = new.value ->> 6, is_full = new.value ->> 7, first_ts = new.value ->> 8,
  last_ts = new.value ->> 9, body = unhex(new.value ->> 10)
FROM json_each(?1) AS new WHERE ${current}
RETURNING CAST(sessions.id AS TEXT) AS id`,
  };
}

/**
 * Removes rows over the version that was read, and counts the difference, in two statements of one transaction.
 * @param condition - as for `replaceRows`; ?1 is a JSON list of [id, version, attacker, size]
 */
export function deleteRows(condition: string): { readonly count: string; readonly delete: string } {
  return {
    count: countBy(`SELECT -sum(new.value ->> 3) AS added, 0 AS unlisted FROM json_each(?1) AS new
      CROSS JOIN sessions ON sessions.id = CAST(new.value ->> 0 AS INTEGER) AND sessions.version = new.value ->> 1 AND ${condition}`),
    delete: `
DELETE FROM sessions WHERE id IN (SELECT sessions.id FROM json_each(?1) AS new
  CROSS JOIN sessions ON sessions.id = CAST(new.value ->> 0 AS INTEGER) AND sessions.version = new.value ->> 1 AND ${condition})
RETURNING CAST(id AS TEXT) AS id`,
  };
}

/** Adds to the totals; writes nothing where nothing is added. @param difference - SQL of one row (added, unlisted) */
function countBy(difference: string): string {
  return `
UPDATE counters SET value = value + iif(name = 'observations', difference.added, difference.unlisted)
FROM (${difference}) AS difference
WHERE (name = 'observations' AND difference.added <> 0) OR (name = 'unlisted_values' AND difference.unlisted <> 0)`;
}
