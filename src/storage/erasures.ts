/**
 * Erases an attacker in D1. One transaction writes the tombstone and the job. From then on older observations of the attacker are
 * dropped. Everything else is a step of the job, bounded and safe to repeat.
 */
import { HAS_OBSERVATIONS } from "./attackers.ts";
import { encodeSession } from "./sessions/codec.ts";
import { OF_ATTACKER, ROW_COLUMNS, type RowColumns, toStoredRow } from "./sessions/rows.ts";
import { writeTrims } from "./sessions/trimming.ts";

/** Maximum session rows per deletion, because D1 limits the duration of a statement. */
const DELETE_ROWS = 5_000;
/** Bytes of packed bodies of rows that are cut at a time: less than one parameter in hexadecimal digits, if a single row is not longer. */
const CUT_BYTES = 400_000;

/** Every identity that may have data of an attacker (?1): its current one and its former ones. */
const HOLDERS = `
SELECT identity_uuid AS uuid FROM attackers WHERE uuid = ?1 AND identity_uuid IS NOT NULL
UNION SELECT identity_uuid FROM former_links WHERE attacker_uuid = ?1`;

/**
 * Writes the tombstone and the job, if there is something to erase. Two queries.
 * @param nowTs - epoch seconds
 * @returns the time up to which its observations are erased (epoch seconds), or null if the attacker is unknown
 */
export async function beginErasure(
  db: D1Database,
  attackerUuid: string,
  nowTs: number,
): Promise<{ readonly erasedTs: number } | null> {
  const [tombstone] = await db.batch<{ erasedTs: number }>([
    db
      .prepare(
        `INSERT INTO erasures (attacker_uuid, erased_ts) SELECT ?1, ?2
         WHERE EXISTS (SELECT 1 FROM attackers WHERE uuid = ?1)
           OR EXISTS (SELECT 1 FROM jobs WHERE kind = 'erasure' AND subject = ?1)
         ON CONFLICT (attacker_uuid) DO UPDATE SET erased_ts = max(erased_ts, excluded.erased_ts)
         RETURNING erased_ts AS erasedTs`,
      )
      .bind(attackerUuid, nowTs),
    // A second request restarts the job and keeps the known holders.
    db
      .prepare(
        `INSERT INTO jobs (kind, subject, state, due_ts)
         SELECT 'erasure', ?1, json_object('erasedTs', erased_ts, 'stage', 'observations', 'holders', json('[]'),
           'holderIndex', 0, 'afterSeq', 0), ?2 FROM erasures WHERE changes() > 0 AND attacker_uuid = ?1
         ON CONFLICT DO UPDATE SET failures = 0, error = NULL, due_ts = excluded.due_ts,
           state = json_set(excluded.state, '$.holders', json(json_extract(jobs.state, '$.holders')))`,
      )
      .bind(attackerUuid, nowTs),
  ]);
  return tombstone?.results[0] ?? null;
}

/** Rows of the attacker ?1 whose observations are all erased. @param isFull - SQL */
const erasedRows = (isFull: string) => `
SELECT sessions.id AS id, sessions.size AS size FROM attackers CROSS JOIN sessions ON ${OF_ATTACKER}
WHERE attackers.uuid = ?1 AND sessions.size > 0 AND sessions.last_ts <= ?2 AND ${isFull} ORDER BY sessions.id LIMIT ${DELETE_ROWS}`;
const [FULL_ROWS, OTHER_ROWS] = [erasedRows("sessions.is_full"), erasedRows("NOT sessions.is_full")];

/** Queries of `eraseSessions`. */
export const ERASE_SESSIONS_QUERIES = 4;

const IS_CUT =
  "attackers.uuid = ?1 AND sessions.size > 0 AND sessions.first_ts <= ?2 AND sessions.last_ts > ?2";

/**
 * Removes a page of the attacker's session rows of which nothing stays. A full row stays empty, as long as the attacker does: rows that
 * are deeper than it may have newer observations. Four queries.
 * @param erasedTs - epoch seconds; newer observations stay
 * @returns whether there may be more: other such rows, or rows to cut
 */
export async function eraseSessions(
  db: D1Database,
  attackerUuid: string,
  erasedTs: number,
): Promise<{ readonly hasMore: boolean; readonly hasCuts: boolean }> {
  const [, emptied, deleted, cut] = await db.batch<{ readonly hasCuts: number }>([
    db
      .prepare(
        `UPDATE counters SET value = value - erased.n
         FROM (SELECT sum(size) AS n FROM (SELECT * FROM (${FULL_ROWS}) UNION ALL SELECT * FROM (${OTHER_ROWS}))) AS erased
         WHERE name = 'observations' AND erased.n > 0`,
      )
      .bind(attackerUuid, erasedTs),
    db
      .prepare(
        `UPDATE sessions SET version = version + 1, size = 0, first_ts = 0, last_ts = 0, body = unhex(?3)
         WHERE id IN (SELECT id FROM (${FULL_ROWS}))`,
      )
      .bind(attackerUuid, erasedTs, encodeSession([])),
    db
      .prepare(`DELETE FROM sessions WHERE id IN (SELECT id FROM (${OTHER_ROWS}))`)
      .bind(attackerUuid, erasedTs),
    db
      .prepare(
        `SELECT EXISTS (SELECT 1 FROM attackers CROSS JOIN sessions ON ${OF_ATTACKER} WHERE ${IS_CUT}) AS hasCuts`,
      )
      .bind(attackerUuid, erasedTs),
  ]);
  return {
    hasMore: [emptied, deleted].some((result) => (result?.meta.changes ?? 0) >= DELETE_ROWS),
    hasCuts: cut?.results[0]?.hasCuts === 1,
  };
}

/** Rows of the attacker ?1 with erased observations and newer ones; the first in any case, then as many as `CUT_BYTES` allow. */
const CUT_ROWS = `
SELECT ${ROW_COLUMNS} FROM (
  SELECT sessions.id AS id, sum(length(sessions.body)) OVER (ROWS UNBOUNDED PRECEDING) AS bytes, row_number() OVER () AS nth
  FROM attackers CROSS JOIN sessions ON ${OF_ATTACKER} WHERE ${IS_CUT}
) AS cut CROSS JOIN sessions ON sessions.id = cut.id WHERE bytes <= ${CUT_BYTES} OR nth = 1`;

/** Queries of `cutSessions`: reading, and writing at most two parameters. */
export const CUT_QUERIES = 5;

/**
 * Takes a page of the attacker's erased observations out of the rows that have newer ones as well. A row that another writer changes at
 * the same time is cut with the next page. At most `CUT_QUERIES` queries.
 * @param erasedTs - epoch seconds; newer ones stay
 * @returns whether there may be more
 */
export async function cutSessions(db: D1Database, attackerUuid: string, erasedTs: number): Promise<boolean> {
  const { results } = await db.prepare(CUT_ROWS).bind(attackerUuid, erasedTs).all<RowColumns>();
  const trims = results.map((columns) => {
    const row = toStoredRow(attackerUuid, columns);
    return { row, kept: row.observations.filter(({ observation }) => observation.ts > erasedTs) };
  });
  await writeTrims(db, trims, null);
  return trims.length > 0;
}

/** An attacker with new observations in the meantime is kept. */
const IS_GONE = `NOT ${HAS_OBSERVATIONS}`;
/** The job has stored the holders, so the former links may be removed. */
const ARE_HOLDERS_KNOWN = `EXISTS (
  SELECT 1 FROM jobs WHERE kind = 'erasure' AND subject = ?1 AND state ->> 'stage' IN ('objects', 'events', 'finish'))`;

/**
 * Removes the attacker itself and its place in merges, and says in the job, in the same transaction, who may hold
 * something of it: from then on it cannot be linked elsewhere. Five queries.
 * @param erasedTs - of the job at hand
 * @returns the job's state after it, JSON; null if the job is no longer the one at hand
 */
export async function eraseAttackerRow(
  db: D1Database,
  attackerUuid: string,
  erasedTs: number,
): Promise<string | null> {
  const [saved] = await db.batch<{ state: string }>([
    db
      .prepare(
        `UPDATE jobs SET state = json_set(state, '$.stage', 'objects', '$.holders', json((SELECT json_group_array(uuid) FROM (
           SELECT value AS uuid FROM json_each(state, '$.holders') UNION SELECT uuid FROM (${HOLDERS})))))
         WHERE kind = 'erasure' AND subject = ?1 AND state ->> 'erasedTs' = ?2 RETURNING state`,
      )
      .bind(attackerUuid, erasedTs),
    db
      .prepare(
        `UPDATE merges SET attacker_uuids =
           (SELECT json_group_array(value) FROM json_each(attacker_uuids) WHERE value <> ?1)
         WHERE winner_uuid IN (SELECT uuid FROM (${HOLDERS})) AND instr(attacker_uuids, ?1) > 0 AND ${IS_GONE} AND ${ARE_HOLDERS_KNOWN}`,
      )
      .bind(attackerUuid),
    db
      .prepare(
        `UPDATE attackers SET ip = NULL, first_seen_ts = NULL, last_seen_ts = NULL WHERE uuid = ?1 AND NOT ${IS_GONE}`,
      )
      .bind(attackerUuid),
    db
      .prepare(`DELETE FROM former_links WHERE attacker_uuid = ?1 AND ${IS_GONE} AND ${ARE_HOLDERS_KNOWN}`)
      .bind(attackerUuid),
    db
      .prepare(`DELETE FROM attackers WHERE uuid = ?1 AND ${IS_GONE} AND ${ARE_HOLDERS_KNOWN}`)
      .bind(attackerUuid),
  ]);
  return saved?.results[0]?.state ?? null;
}
