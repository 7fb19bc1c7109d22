/** Pages over all observations of an identity, in the order of their keys. */

/** The key of an observation. */
export interface ObservationKey {
  readonly attackerUuid: string;
  readonly primitive: string;
  readonly evidenceRef: string;
}

/** An observation as an identity needs it. */
export interface StoredMember extends ObservationKey {
  readonly id: string;
  /** Canonical JSON. */
  readonly value: string;
  /** Epoch seconds. */
  readonly ts: number;
}

const COLUMNS =
  "id, attacker_uuid AS attackerUuid, primitive, value, ts, evidence_ref AS evidenceRef FROM observations";

/** Both parts lie in the order of the key already, so nothing is sorted and reading stops at the limit. */
const READ_PAGE = `
SELECT * FROM (
  SELECT ${COLUMNS} WHERE attacker_uuid = ?2 AND (primitive, evidence_ref) > (?3, ?4)
    AND EXISTS (SELECT 1 FROM attackers WHERE uuid = ?2 AND identity_uuid = ?1)
  ORDER BY attacker_uuid, primitive, evidence_ref LIMIT ?5)
UNION ALL
SELECT * FROM (
  SELECT ${COLUMNS} WHERE attacker_uuid IN (SELECT uuid FROM attackers WHERE identity_uuid = ?1 AND uuid > ?2)
  ORDER BY attacker_uuid, primitive, evidence_ref LIMIT ?5)
LIMIT ?5`;

/**
 * The next observations of all attackers that are linked to an identity, ordered by (`attacker_uuid`, `primitive`,
 * `evidence_ref`). One query.
 * @param after - the last key of the page before, or null for the first page
 */
export async function readIdentityPage(
  db: D1Database,
  identityUuid: string,
  after: ObservationKey | null,
  limit: number,
): Promise<StoredMember[]> {
  const { results } = await db
    .prepare(READ_PAGE)
    .bind(identityUuid, after?.attackerUuid ?? "", after?.primitive ?? "", after?.evidenceRef ?? "", limit)
    .all<StoredMember>();
  return results;
}
