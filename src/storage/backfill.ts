/** Observations that were stored before their attacker was registered: read in pages, in the order of arrival. */

/** How far a backfill has come: the key of the last observation read, or null at the start. */
export interface BackfillCursor {
  readonly ts: number;
  readonly evidenceRef: string;
  readonly primitive: string;
}

/** What an identity needs of an observation. */
export interface BackfilledObservation {
  readonly id: string;
  readonly attackerUuid: string;
  readonly primitive: string;
  readonly value: string;
  readonly ts: number;
  readonly evidenceRef: string;
}

const COLUMNS =
  "id, attacker_uuid AS attackerUuid, primitive, value, ts, evidence_ref AS evidenceRef FROM observations";

/** The next observations of an attacker, ordered by (`ts`, `evidence_ref`, `primitive`). */
export async function readBackfillPage(
  db: D1Database,
  attackerUuid: string,
  after: BackfillCursor | null,
  limit: number,
): Promise<BackfilledObservation[]> {
  const order = "ORDER BY ts, evidence_ref, primitive LIMIT ?2";
  const statement =
    after === null
      ? db.prepare(`SELECT ${COLUMNS} WHERE attacker_uuid = ?1 ${order}`).bind(attackerUuid, limit)
      : db
          .prepare(
            `SELECT ${COLUMNS} WHERE attacker_uuid = ?1 AND (ts, evidence_ref, primitive) > (?3, ?4, ?5) ${order}`,
          )
          .bind(attackerUuid, limit, after.ts, after.evidenceRef, after.primitive);
  return (await statement.all<BackfilledObservation>()).results;
}

/** Says that everything stored is applied, unless the link has changed since. */
export async function finishBackfill(
  db: D1Database,
  attackerUuid: string,
  linkVersion: number,
): Promise<void> {
  await db
    .prepare(
      "UPDATE attackers SET needs_backfill = 0 WHERE uuid = ?1 AND link_version = ?2 AND needs_backfill",
    )
    .bind(attackerUuid, linkVersion)
    .run();
}
