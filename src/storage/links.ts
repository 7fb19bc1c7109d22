/** The links of attackers to identities, read along with what a batch writes, or by themselves. */

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
  const statements: D1PreparedStatement[] = [];
  for (let i = 0; i < attackerUuids.length; i += MAX_PARAMETERS) {
    const uuids = attackerUuids.slice(i, i + MAX_PARAMETERS);
    const values = uuids.map(() => "(?)").join(", ");
    statements.push(
      db
        .prepare(
          `SELECT uuid AS attackerUuid, identity_uuid AS identityUuid, link_version AS linkVersion,
             first_seen_ts AS firstSeenTs, needs_backfill AS needsBackfill,
             (SELECT erased_ts FROM erasures WHERE attacker_uuid = uuid) AS erasedTs
           FROM (VALUES ${values}) CROSS JOIN attackers ON uuid = column1`,
        )
        .bind(...uuids),
    );
  }
  return statements;
}

/** The links that such statements read, by attacker. */
export function linksOf(results: readonly D1Result<LinkRow>[]): Map<string, Link> {
  const rows = results.flatMap((result) => result.results);
  return new Map(rows.map((row) => [row.attackerUuid, { ...row, needsBackfill: row.needsBackfill === 1 }]));
}

/** The links of attackers as they are now. */
export async function readLinks(
  db: D1Database,
  attackerUuids: readonly string[],
): Promise<Map<string, Link>> {
  if (attackerUuids.length === 0) return new Map();
  return linksOf(await db.batch<LinkRow>(linkStatements(db, attackerUuids)));
}
