/**
 * Erases an attacker in D1. One transaction writes the tombstone and the job. From then on older observations of the attacker are
 * dropped. Everything else is a step of the job, bounded and safe to repeat.
 */

/** Maximum rows per deletion, because D1 limits the duration of a statement. */
const DELETE_ROWS = 5_000;

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
         WHERE EXISTS (SELECT 1 FROM attackers WHERE uuid = ?1) OR EXISTS (SELECT 1 FROM observations WHERE attacker_uuid = ?1)
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

/**
 * Removes a page of the attacker's observations. Two queries.
 * @param erasedTs - epoch seconds; newer ones stay
 * @returns whether there may be more
 */
export async function eraseObservations(
  db: D1Database,
  attackerUuid: string,
  erasedTs: number,
): Promise<boolean> {
  const [deleted] = await db.batch([
    db
      .prepare(
        `DELETE FROM observations WHERE (attacker_uuid, primitive, evidence_ref) IN (
           SELECT attacker_uuid, primitive, evidence_ref FROM observations WHERE attacker_uuid = ?1 AND ts <= ?2 LIMIT ?3)`,
      )
      .bind(attackerUuid, erasedTs, DELETE_ROWS),
    db.prepare("UPDATE counters SET value = value - changes() WHERE name = 'observations' AND changes() > 0"),
  ]);
  return deleted?.meta.changes === DELETE_ROWS;
}

/** An attacker with new observations in the meantime is kept. */
const IS_GONE = "NOT EXISTS (SELECT 1 FROM observations WHERE attacker_uuid = ?1)";
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
