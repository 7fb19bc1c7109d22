/** Every observation of an attacker, in pages, in the order of its key: cheap, because it is the order they lie in. */
import type { BackfilledObservation } from "./backfill.ts";

/** The key, within an attacker, of the last observation read. */
export interface PageCursor {
  readonly primitive: string;
  readonly evidenceRef: string;
}

/** The next observations of an attacker, ordered by (`primitive`, `evidence_ref`). */
export async function readAttackerPage(
  db: D1Database,
  attackerUuid: string,
  after: PageCursor | null,
  limit: number,
): Promise<BackfilledObservation[]> {
  const { results } = await db
    .prepare(
      `SELECT id, attacker_uuid AS attackerUuid, primitive, value, ts, evidence_ref AS evidenceRef
       FROM observations WHERE attacker_uuid = ?1 AND (primitive, evidence_ref) > (?2, ?3)
       ORDER BY primitive, evidence_ref LIMIT ?4`,
    )
    .bind(attackerUuid, after?.primitive ?? "", after?.evidenceRef ?? "", limit)
    .all<BackfilledObservation>();
  return results;
}
