/** What the sweep asks and notes in D1. */

/** An identity that is to be compared with its object. */
export interface SweepCandidate {
  readonly uuid: string;
  readonly isDirty: boolean;
  readonly mergedIntoUuid: string | null;
  /** Where to go on with it: JSON of a place, or null for the start. */
  readonly sweepCursor: string | null;
}

/** The identities to look at next: the marked ones, then the longest unchecked. */
export async function readSweepCandidates(db: D1Database, limit: number): Promise<SweepCandidate[]> {
  const { results } = await db
    .prepare(
      `SELECT uuid, is_dirty AS isDirty, merged_into_uuid AS mergedIntoUuid, sweep_cursor AS sweepCursor
       FROM identities ORDER BY is_dirty DESC, checked_ts LIMIT ?1`,
    )
    .bind(limit)
    .all<Omit<SweepCandidate, "isDirty"> & { isDirty: number }>();
  return results.map((row) => ({ ...row, isDirty: row.isDirty === 1 }));
}

/** Notes that an identity was compared, as of a time (epoch seconds). */
export async function noteChecked(db: D1Database, identityUuid: string, checkedTs: number): Promise<void> {
  await db
    .prepare("UPDATE identities SET checked_ts = ?2, is_dirty = 0, sweep_cursor = NULL WHERE uuid = ?1")
    .bind(identityUuid, checkedTs)
    .run();
}

/** Notes how far the comparison of a large identity has come; it is gone on with first next time. */
export async function noteCursor(db: D1Database, identityUuid: string, cursor: string): Promise<void> {
  await db
    .prepare("UPDATE identities SET sweep_cursor = ?2, is_dirty = 1 WHERE uuid = ?1")
    .bind(identityUuid, cursor)
    .run();
}

/** Which of an attacker's observations D1 has, as `primitive` and `evidence_ref`. */
export async function readExistingKeys(
  db: D1Database,
  attackerUuid: string,
  keys: readonly { readonly primitive: string; readonly evidenceRef: string }[],
): Promise<Set<string>> {
  const { results } = await db
    .prepare(
      `SELECT primitive, evidence_ref AS evidenceRef FROM json_each(?2)
       JOIN observations ON attacker_uuid = ?1 AND primitive = json_each.value ->> 0 AND evidence_ref = json_each.value ->> 1`,
    )
    .bind(attackerUuid, JSON.stringify(keys.map(({ primitive, evidenceRef }) => [primitive, evidenceRef])))
    .all<{ primitive: string; evidenceRef: string }>();
  return new Set(results.map(({ primitive, evidenceRef }) => `${primitive}\n${evidenceRef}`));
}

/** Removes observations by key, unless they were replaced by something newer than a time (epoch seconds). */
export async function deleteObservations(
  db: D1Database,
  keys: readonly {
    readonly attackerUuid: string;
    readonly primitive: string;
    readonly evidenceRef: string;
  }[],
  beforeTs: number,
): Promise<void> {
  const rows = JSON.stringify(
    keys.map(({ attackerUuid, primitive, evidenceRef }) => [attackerUuid, primitive, evidenceRef]),
  );
  await db.batch([
    db
      .prepare(
        `DELETE FROM observations WHERE ts < ?2 AND (attacker_uuid, primitive, evidence_ref) IN (
           SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1))`,
      )
      .bind(rows, beforeTs),
    db.prepare("UPDATE counters SET value = value - changes() WHERE name = 'observations' AND changes() > 0"),
  ]);
}

/**
 * Removes the oldest events before a time, a page at a time; says how many went. The newest stays: were the table empty,
 * cursors would start over, and streams that are past them would miss what comes.
 */
export async function deleteHistory(db: D1Database, beforeTs: number, limit: number): Promise<number> {
  const { meta } = await db
    .prepare(
      `DELETE FROM events WHERE cursor IN (SELECT cursor FROM events ORDER BY cursor LIMIT ?2)
        AND cursor < (SELECT max(cursor) FROM events) AND event ->> 'ts' < ?1`,
    )
    .bind(beforeTs, limit)
    .run();
  return meta.changes;
}

/** Identities after one, by UUID, that stand on their own; for walking over all of them. */
export async function readIdentitiesAfter(
  db: D1Database,
  afterUuid: string,
  limit: number,
): Promise<string[]> {
  const { results } = await db
    .prepare(
      "SELECT uuid FROM identities WHERE uuid > ?1 AND merged_into_uuid IS NULL ORDER BY uuid LIMIT ?2",
    )
    .bind(afterUuid, limit)
    .all<{ uuid: string }>();
  return results.map(({ uuid }) => uuid);
}

/** How many identities stand on their own. */
export async function countIdentities(db: D1Database): Promise<number> {
  const row = await db
    .prepare("SELECT count(*) AS n FROM identities WHERE merged_into_uuid IS NULL")
    .first<{ n: number }>();
  return row?.n ?? 0;
}
