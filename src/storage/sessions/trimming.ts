/**
 * Removing observations from session rows. A row is read, what stays is written over the version that was read; a row of which nothing
 * stays is deleted, unless rows deeper than it may hold observations of its sessions. What another writer has changed meanwhile is
 * read again.
 */
import { parameters } from "../parameters.ts";
import type { RecordedObservation } from "./codec.ts";
import { deleteRows, type ReplacedRow, replaceRows, rowValues, type StoredRow, toPlaced } from "./rows.ts";

/** A row with what is to stay of it. */
export interface Trim {
  readonly row: StoredRow;
  readonly kept: readonly RecordedObservation[];
}

/** Whether the attacker of a row is linked to the identity ?2; true if that is null. */
const IS_LINKED = `(?2 IS NULL OR EXISTS (
  SELECT 1 FROM attackers WHERE attackers.uuid = new.value ->> 2 AND attackers.identity_uuid = ?2))`;
const REPLACE = replaceRows(IS_LINKED);
const DELETE = deleteRows(IS_LINKED);

/**
 * Writes what stays of some rows, and counts what was removed, in one transaction. Two queries per megabyte of rows in hexadecimal
 * digits, and two for those that are deleted.
 * @param identityUuid - only rows of attackers that are linked to it; null: any
 * @returns the ids of the rows that were written; the others were changed meanwhile
 */
export async function writeTrims(
  db: D1Database,
  trims: readonly Trim[],
  identityUuid: string | null,
): Promise<Set<string>> {
  if (trims.length === 0) return new Set();
  const isLeft = ({ row, kept }: Trim) => kept.length > 0 || row.isFull;
  const replaced = parameters(trims.filter(isLeft).map(toReplaced));
  const deleted = parameters(
    trims
      .filter((trim) => !isLeft(trim))
      .map(({ row }) => [row.id, row.version, row.attackerUuid, row.observations.length]),
  );
  const results = await db.batch<{ readonly id: string }>([
    ...replaced.flatMap((rows) => [
      db.prepare(REPLACE.count).bind(rows, identityUuid),
      db.prepare(REPLACE.replace).bind(rows, identityUuid),
    ]),
    ...deleted.flatMap((rows) => [
      db.prepare(DELETE.count).bind(rows, identityUuid),
      db.prepare(DELETE.delete).bind(rows, identityUuid),
    ]),
  ]);
  return new Set(results.flatMap((result) => result.results.map(({ id }) => id)));
}

function toReplaced({ row, kept }: Trim): ReplacedRow {
  return [
    row.id,
    row.version,
    row.attackerUuid,
    // It brings nothing that may have been erased meanwhile.
    Number.MAX_VALUE,
    kept.length - row.observations.length,
    // Values that are not listed are counted when they arrive, and stay counted.
    0,
    ...rowValues({ isFull: row.isFull, observations: kept.map(toPlaced) }),
  ];
}
