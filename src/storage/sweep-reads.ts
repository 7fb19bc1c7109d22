/** What the sweep asks of D1 and notes there. Each function says how many queries it costs. */
import { findByKey } from "./sessions/finding.ts";
import { MARK } from "./marks.ts";
import { winnerOf } from "./winners.ts";
import type { ObservationKey } from "../core/index.ts";

/** An identity that the sweep has taken up. */
export interface SweptIdentity {
  readonly isDirty: boolean;
  /** The mark that is cleared if the comparison finds nothing more to do. */
  readonly markVersion: number;
  readonly mergedIntoUuid: string | null;
  /** Where to go on with it: JSON, or null for the start. */
  readonly sweepCursor: string | null;
}

/** Identities to look at next, each list the longest unchecked first. */
export interface SweepCandidates {
  readonly marked: readonly string[];
  readonly others: readonly string[];
}

/**
 * The identities to look at next. One query.
 * @param limit - how many of each list at most
 */
export async function readSweepCandidates(db: D1Database, limit: number): Promise<SweepCandidates> {
  const { results } = await db
    .prepare(
      `SELECT * FROM (SELECT uuid, is_dirty AS isDirty FROM identities WHERE is_dirty = 1 ORDER BY checked_ts LIMIT ?1)
       UNION ALL
       SELECT * FROM (SELECT uuid, is_dirty FROM identities WHERE is_dirty = 0 ORDER BY checked_ts LIMIT ?1)`,
    )
    .bind(limit)
    .all<{ uuid: string; isDirty: number }>();
  const uuidsOf = (isDirty: number) =>
    results.filter((row) => row.isDirty === isDirty).map(({ uuid }) => uuid);
  return { marked: uuidsOf(1), others: uuidsOf(0) };
}

/**
 * Takes up an identity: from now on it is the last in its list, whatever becomes of this attempt. One query.
 * @param nowTs - epoch seconds
 * @returns what is known of it now, or null if it is gone
 */
export async function takeUpIdentity(
  db: D1Database,
  identityUuid: string,
  nowTs: number,
): Promise<SweptIdentity | null> {
  const row = await db
    .prepare(
      `UPDATE identities SET checked_ts = ?2 WHERE uuid = ?1 RETURNING is_dirty AS isDirty, mark_version AS markVersion,
         merged_into_uuid AS mergedIntoUuid, sweep_cursor AS sweepCursor`,
    )
    .bind(identityUuid, nowTs)
    .first<Omit<SweptIdentity, "isDirty"> & { isDirty: number }>();
  return row ? { ...row, isDirty: row.isDirty === 1 } : null;
}

/**
 * Notes that an identity was compared to its end: its mark is cleared unless it was marked again meanwhile. One query.
 * @param markVersion - of the mark that the comparison started with
 */
export async function noteCompared(db: D1Database, identityUuid: string, markVersion: number): Promise<void> {
  await db
    .prepare("UPDATE identities SET is_dirty = mark_version <> ?2, sweep_cursor = NULL WHERE uuid = ?1")
    .bind(identityUuid, markVersion)
    .run();
}

/** Notes how far the comparison of an identity is; it counts as marked until it is complete. One query. */
export async function noteCursor(db: D1Database, identityUuid: string, cursor: string): Promise<void> {
  await db
    .prepare("UPDATE identities SET sweep_cursor = ?2, is_dirty = 1 WHERE uuid = ?1")
    .bind(identityUuid, cursor)
    .run();
}

/** A link as D1 has it now. */
export interface LinkedAttacker {
  readonly attackerUuid: string;
  /** Null while the attacker waits to be registered. */
  readonly identityUuid: string | null;
  readonly linkVersion: number;
  /** Epoch seconds. */
  readonly firstSeenTs: number | null;
}

const LINK =
  "uuid AS attackerUuid, identity_uuid AS identityUuid, link_version AS linkVersion, first_seen_ts AS firstSeenTs";

/** The attackers of some identities whose backfill is not complete. One query. */
export async function readUnfilledLinks(
  db: D1Database,
  identityUuids: readonly string[],
  limit: number,
): Promise<LinkedAttacker[]> {
  const { results } = await db
    .prepare(
      `SELECT ${LINK} FROM json_each(?1) AS asked CROSS JOIN attackers INDEXED BY attackers_by_backfill
         ON identity_uuid = asked.value AND needs_backfill = 1 LIMIT ?2`,
    )
    .bind(JSON.stringify(identityUuids), limit)
    .all<LinkedAttacker>();
  return results;
}

/** The links of some attackers, wherever they lead. One query. */
export async function readLinks(db: D1Database, attackerUuids: readonly string[]): Promise<LinkedAttacker[]> {
  const { results } = await db
    .prepare(`SELECT ${LINK} FROM json_each(?1) AS asked CROSS JOIN attackers ON uuid = asked.value`)
    .bind(JSON.stringify(attackerUuids))
    .all<LinkedAttacker>();
  return results;
}

/**
 * Which of some keys D1 has an observation under. One query per 2 MB of the rows that hold them, and at least one per level: usually one
 * altogether.
 * @param onQuery - called with each query
 */
export async function readExistingKeys(
  db: D1Database,
  keys: readonly ObservationKey[],
  onQuery?: () => void,
): Promise<ObservationKey[]> {
  const existing: ObservationKey[] = [];
  for await (const rows of findByKey(db, keys, null, onQuery)) {
    for (const { found } of rows) existing.push(...found.map(({ observation }) => toKey(observation)));
  }
  return existing;
}

function toKey({ attackerUuid, primitive, evidenceRef }: ObservationKey): ObservationKey {
  return { attackerUuid, primitive, evidenceRef };
}

/**
 * Links attackers that are still linked to an identity that is merged away to its winner, and marks the winner if there
 * were any: one that was erased and came back is linked to its own identity, wherever that has gone meanwhile. Two queries.
 * @returns how many were linked on, at most `limit`
 */
export async function linkOnToWinner(db: D1Database, identityUuid: string, limit: number): Promise<number> {
  const [moved] = await db.batch([
    db
      .prepare(
        `UPDATE attackers SET identity_uuid = ${winnerOf("?1")}, link_version = link_version + 1
         WHERE uuid IN (SELECT uuid FROM attackers WHERE identity_uuid = ?1 LIMIT ?2)
           AND EXISTS (SELECT 1 FROM identities WHERE uuid = ?1 AND merged_into_uuid IS NOT NULL)`,
      )
      .bind(identityUuid, limit),
    db
      .prepare(`UPDATE identities SET ${MARK} WHERE changes() > 0 AND uuid = ${winnerOf("?1")}`)
      .bind(identityUuid),
  ]);
  return moved?.meta.changes ?? 0;
}

/** Identities after one, by UUID, that are not merged away; for walking over all of them. One query. */
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

/** How many identities are not merged away. One query. */
export async function countIdentities(db: D1Database): Promise<number> {
  const row = await db
    .prepare("SELECT count(*) AS n FROM identities WHERE merged_into_uuid IS NULL")
    .first<{ n: number }>();
  return row?.n ?? 0;
}
