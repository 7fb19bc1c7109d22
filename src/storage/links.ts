/** The links of attackers to identities: read together with the writes of a batch, or alone. */
import { MARK } from "./marks.ts";
import { winnerOf } from "./winners.ts";
import { parameters } from "./parameters.ts";

/** An attacker's link to its identity, as stored in D1. */
export interface Link {
  readonly attackerUuid: string;
  /** The attacker's number, the first part of the key of its session rows. */
  readonly number: number;
  /** Null while the attacker waits to be registered. */
  readonly identityUuid: string | null;
  readonly linkVersion: number;
  /** Epoch seconds. */
  readonly firstSeenTs: number | null;
  /** Whether observations stored earlier wait to be applied. */
  readonly needsBackfill: boolean;
  /** Epoch seconds: what the attacker did until then was erased and is not accepted again. Null: never erased. */
  readonly erasedTs: number | null;
}

/** A link as it is read. */
export interface LinkRow {
  readonly attackerUuid: string;
  readonly number: number;
  readonly identityUuid: string | null;
  readonly linkVersion: number;
  readonly firstSeenTs: number | null;
  readonly needsBackfill: number;
  readonly erasedTs: number | null;
}

/** Parameters that D1 binds per statement. */
const MAX_PARAMETERS = 100;
/** Attackers up to which links are read by bound UUIDs; with more, the number of statements counts for more than rows. */
const MAX_BOUND_ATTACKERS = 3 * MAX_PARAMETERS;

const COLUMNS = `uuid AS attackerUuid, number, identity_uuid AS identityUuid, link_version AS linkVersion,
  first_seen_ts AS firstSeenTs, needs_backfill AS needsBackfill,
  (SELECT erased_ts FROM erasures WHERE attacker_uuid = uuid) AS erasedTs`;

/**
 * Statements that read links. A few UUIDs are bound one by one, 100 per statement: D1 counts each element of a JSON list
 * as a row read. More than 300 are bound as JSON lists of up to 1 MB, so 10,000 attackers take one statement.
 */
export function linkStatements(db: D1Database, attackerUuids: readonly string[]): D1PreparedStatement[] {
  if (attackerUuids.length > MAX_BOUND_ATTACKERS) {
    const sql = `SELECT ${COLUMNS} FROM json_each(?1) AS asked CROSS JOIN attackers ON uuid = asked.value ->> 0`;
    return parameters(attackerUuids.map((uuid) => [uuid])).map((uuids) => db.prepare(sql).bind(uuids));
  }
  return inPieces(attackerUuids, MAX_PARAMETERS).map((uuids) =>
    db
      .prepare(
        `SELECT ${COLUMNS} FROM (VALUES ${uuids.map(() => "(?)").join(", ")}) CROSS JOIN attackers ON uuid = column1`,
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
 * Gives attackers that wait for registration their identities. One statement for up to 1 MB of rows; an attacker that
 * was registered or erased meanwhile stays as it is.
 * @param rows - attacker, identity, and the first and the last time at which it was seen
 * @param condition - SQL that must hold for anything to be written
 */
function registerStatements(
  db: D1Database,
  rows: readonly AttackerRow[],
  condition: string,
): D1PreparedStatement[] {
  // The plus sign keeps the index of waiting attackers out of the plan: each row is looked up by its key.
  const sql = `
    UPDATE attackers SET identity_uuid = row.value ->> 1, link_version = link_version + 1, needs_backfill = 1
    FROM json_each(?1) AS row
    WHERE attackers.uuid = row.value ->> 0 AND +attackers.identity_uuid IS NULL AND ${condition}
      AND NOT EXISTS (SELECT 1 FROM erasures WHERE attacker_uuid = row.value ->> 0 AND erased_ts >= row.value ->> 3)`;
  return parameters(rows).map((list) => db.prepare(sql).bind(list));
}

/** A row of an attacker: its stub identity (null if it is to wait), and the times of its observations, epoch seconds. */
export type AttackerRow = [uuid: string, identityUuid: string | null, firstTs: number, lastTs: number];

/**
 * Gives attackers that wait for registration their identities, and reads their links, in one transaction. Takes
 * 2 queries for 10,000 attackers more than reading takes.
 * @param condition - SQL that must hold for anything to be written
 */
export async function registerWaiting(
  db: D1Database,
  rows: readonly AttackerRow[],
  condition: string,
): Promise<Map<string, Link>> {
  if (rows.length === 0) return new Map();
  const registrations = registerStatements(db, rows, condition);
  const uuids = rows.map(([uuid]) => uuid);
  const results = await db.batch<LinkRow>([...registrations, ...linkStatements(db, uuids)]);
  return linksOf(results.slice(registrations.length));
}

/**
 * The links of attackers as they are now, after links to an identity that is merged away were led on to its winner. An
 * attacker that was erased and comes back is linked to its own identity, which may have been merged away meanwhile; the
 * winner is marked for the sweep then.
 */
export async function followLinks(
  db: D1Database,
  attackerUuids: readonly string[],
): Promise<Map<string, Link>> {
  if (attackerUuids.length === 0) return new Map();
  const ASKED = "uuid IN (SELECT value ->> 0 FROM json_each(?1))";
  const links = linkStatements(db, attackerUuids);
  const relinks = parameters(attackerUuids.map((uuid) => [uuid])).flatMap((uuids) => [
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
  ]);
  const results = await db.batch<LinkRow>([...relinks, ...links]);
  return linksOf(results.slice(relinks.length));
}
