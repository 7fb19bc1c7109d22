/**
 * Reads session rows by their places, as many at a time as their bodies allow: an attacker chooses how large its rows are. The lengths are
 * added up in a query of their own, so that no body is read which is not returned.
 */
import { idAt, ROW_COLUMNS, type RowColumns, type RowPlace, type StoredRow, toStoredRow } from "./rows.ts";

const COLUMNS = ROW_COLUMNS.replace(
  "hex(sessions.body)",
  "iif(bytes <= ?2 OR nth = 1, hex(sessions.body), NULL)",
);

/**
 * Reads the rows at some places that are there. Rows beyond the bytes come without body; the first has it in any case.
 * @param ?1 - JSON list of [attacker, place]
 * @param ?2 - maximum bytes of all bodies, packed
 * @param ?3 - only rows of attackers that are linked to this identity; null: of any
 */
export const READ_ROWS = `
SELECT attackerUuid, ${COLUMNS} FROM (
  SELECT attackerUuid, id, sum(length) OVER (ROWS UNBOUNDED PRECEDING) AS bytes, row_number() OVER () AS nth FROM (
    SELECT attackers.uuid AS attackerUuid, sessions.id AS id, length(sessions.body) AS length
    FROM json_each(?1) AS asked CROSS JOIN attackers ON attackers.uuid = asked.value ->> 0
      CROSS JOIN sessions ON sessions.id = ${idAt("(asked.value ->> 1)")}
    WHERE ?3 IS NULL OR attackers.identity_uuid = ?3
  )
) AS sized CROSS JOIN sessions ON sessions.id = sized.id`;

/** The columns that `READ_ROWS` selects. */
export interface ReadColumns extends Omit<RowColumns, "body"> {
  readonly attackerUuid: string;
  /** Null if the row was too much to read at once. */
  readonly body: string | null;
}

/** What a reading found. */
export interface ReadRows {
  readonly stored: readonly StoredRow[];
  /** Rows that are there, but have to be read by a further reading. */
  readonly unread: readonly RowPlace[];
}

/** The rows of the results of `READ_ROWS`. */
export function toReadRows(results: readonly ReadColumns[]): ReadRows {
  const stored: StoredRow[] = [];
  const unread: RowPlace[] = [];
  for (const { body, ...columns } of results) {
    if (body === null) unread.push(columns);
    else stored.push(toStoredRow(columns.attackerUuid, { ...columns, body }));
  }
  return { stored, unread };
}
