/** The links of attackers to identities, read along with what a batch writes, or by themselves. */
import { MARK } from "./marks.ts";
import { winnerOf } from "./merges.ts";

/** An attacker's link to its identity, as D1 believes it. */
export interface Link {
  readonly attackerUuid: string;
  /** Null while the attacker waits to be registered. */
  readonly identityUuid: string | null;
  readonly linkVersion: number;
  /** Epoch seconds. */
  readonly firstSeenTs: number | null;
  /** Whether observations stored earlier wait to be applied. */
  readonly needsBackfill: boolean;
  /** Epoch seconds; what the attacker did until then was erased and is not taken in again. Null: it never was. */
  readonly erasedTs: number | null;
}

/** A link as it is read. */
export interface LinkRow {
  readonly attackerUuid: string;
  readonly identityUuid: string | null;
  readonly linkVersion: number;
  readonly firstSeenTs: number | null;
  readonly needsBackfill: number;
  readonly erasedTs: number | null;
}

/** What D1 binds at most. */
const MAX_PARAMETERS = 100;

/**
 * Statements that read links. Their UUIDs are bound one by one: taking a JSON list apart, and collecting what it held,
 * each count as a row read.
 */
export function linkStatements(db: D1Database, attackerUuids: readonly string[]): D1PreparedStatement[] {
  return inPieces(attackerUuids, MAX_PARAMETERS).map((uuids) =>
    db
      .prepare(
        `SELECT uuid AS attackerUuid, identity_uuid AS identityUuid, link_version AS linkVersion,
           first_seen_ts AS firstSeenTs, needs_backfill AS needsBackfill,
           (SELECT erased_ts FROM erasures WHERE attacker_uuid = uuid) AS erasedTs
         FROM (VALUES ${uuids.map(() => "(?)").join(", ")}) CROSS JOIN attackers ON uuid = column1`,
      )
      .bind(...uuids),
  );
}

function inPieces<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  );
}

/** The links that such statements read, by attacker. */
export function linksOf(results: readonly D1Result<LinkRow>[]): Map<string, Link> {
  const rows = results.flatMap((result) => result.results);
  return new Map(rows.map((row) => [row.attackerUuid, { ...row, needsBackfill: row.needsBackfill === 1 }]));
}

/**
 * Gives attackers that wait to be registered their identities, and reads their links.
 * @param rows - attacker, identity, and the first and the last time it was seen
 * @param condition - SQL
 */
export async function registerWaiting(
  db: D1Database,
  rows: readonly (readonly [uuid: string, identityUuid: string | null, firstTs: number, lastTs: number])[],
  condition: string,
): Promise<Map<string, Link>> {
  if (rows.length === 0) return new Map();
  const registrations = rows.map(([uuid, identityUuid, , lastTs]) =>
    db
      .prepare(
        `UPDATE attackers SET identity_uuid = ?2, link_version = link_version + 1, needs_backfill = 1
         WHERE uuid = ?1 AND identity_uuid IS NULL AND ${condition}
           AND NOT EXISTS (SELECT 1 FROM erasures WHERE attacker_uuid = ?1 AND erased_ts >= ?3)`,
      )
      .bind(uuid, identityUuid, lastTs),
  );
  const uuids = rows.map(([uuid]) => uuid);
  const results = await db.batch<LinkRow>([...registrations, ...linkStatements(db, uuids)]);
  return linksOf(results.slice(registrations.length));
}

/**
 * The links of attackers as they are now, once those to an identity that is merged away are led on to its winner. One that
 * was erased and comes back is linked to its own identity, wherever that has gone meanwhile; the winner is marked for the
 * sweep then.
 */
export async function followLinks(
  db: D1Database,
  attackerUuids: readonly string[],
): Promise<Map<string, Link>> {
  if (attackerUuids.length === 0) return new Map();
  const uuids = JSON.stringify(attackerUuids);
  const ASKED = "uuid IN (SELECT value FROM json_each(?1))";
  const links = linkStatements(db, attackerUuids);
  const results = await db.batch<LinkRow>([
    db
      .prepare(
        `UPDATE attackers SET identity_uuid = ${winnerOf("attackers.identity_uuid")}, link_version = link_version + 1
         WHERE ${ASKED} AND EXISTS (
           SELECT 1 FROM identities WHERE uuid = attackers.identity_uuid AND merged_into_uuid IS NOT NULL)`,
      )
      .bind(uuids),
    db
      .prepare(
        `UPDATE identities SET ${MARK}
         WHERE changes() > 0 AND uuid IN (SELECT identity_uuid FROM attackers WHERE ${ASKED})`,
      )
      .bind(uuids),
    ...links,
  ]);
  return linksOf(results.slice(-links.length));
}
