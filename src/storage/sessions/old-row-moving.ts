/**
 * Moves a page of old rows into session rows, in one transaction. Nothing is written to `observation_rows`; its rows only disappear, so a
 * row that is there is unchanged.
 */
import type { RecordedObservation } from "./codec.ts";
import type { Placement } from "./placing.ts";
import { READ_ROWS, type ReadColumns, type ReadRows, toReadRows } from "./reading.ts";
import { firstVersion, idAt, type RowPlace } from "./rows.ts";
import { parameters } from "../parameters.ts";

/**
 * Reads the rows at some places. One query.
 * @param bytes - maximum bytes of all bodies; the first is read in any case
 */
export async function readRowsAt(
  db: D1Database,
  places: readonly RowPlace[],
  bytes: number,
): Promise<ReadRows & { readonly bytes: number }> {
  const asked = JSON.stringify(places.map(({ attackerUuid, place }) => [attackerUuid, place]));
  const { results } = await db.prepare(READ_ROWS).bind(asked, bytes, null).all<ReadColumns>();
  return {
    ...toReadRows(results),
    bytes: results.reduce((sum, { body }) => sum + (body?.length ?? 0) / 2, 0),
  };
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
DELETE FROM observation_rows WHERE ${IS_TAKEN} AND (attacker_uuid, primitive, evidence_ref) IN (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1))`;

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
