/**
 * Pages of stored observations over many attackers, in the order of their key (attacker, primitive, evidence pointer). A page is
 * one query without a sort.
 */

/** The fields of an observation that an identity needs. */
export interface StoredMember {
  readonly id: string;
  readonly attackerUuid: string;
  readonly primitive: string;
  readonly value: string;
  readonly ts: number;
  readonly evidenceRef: string;
}

/** The key of an observation within its attacker. */
export interface KeyInAttacker {
  readonly primitive: string;
  readonly evidenceRef: string;
}

const COLUMNS =
  "id, attacker_uuid AS attackerUuid, primitive, value, ts, evidence_ref AS evidenceRef FROM observations";

/** The remaining observations of one attacker, then those of the attackers that match a condition, each part in key order. */
function page(others: string): string {
  return `
SELECT * FROM (
  SELECT ${COLUMNS} WHERE attacker_uuid = ?2 AND (primitive, evidence_ref) > (?3, ?4)
  ORDER BY primitive, evidence_ref LIMIT ?5)
UNION ALL SELECT * FROM (
  SELECT ${COLUMNS} WHERE attacker_uuid IN (${others})
  ORDER BY attacker_uuid, primitive, evidence_ref LIMIT ?5)
LIMIT ?5`;
}

const PAGE_OF_LIST = page("SELECT value FROM json_each(?1)");
const PAGE_OF_IDENTITY = page("SELECT uuid FROM attackers WHERE identity_uuid = ?1 AND uuid > ?2");

/**
 * A page of the observations of some attackers.
 * @param attackerUuids - sorted, at least one
 * @param after - the last observation of the first attacker that was read before, or null
 */
export async function readAttackersPage(
  db: D1Database,
  attackerUuids: readonly string[],
  after: KeyInAttacker | null,
  limit: number,
): Promise<StoredMember[]> {
  const [first, ...others] = attackerUuids;
  const { results } = await db
    .prepare(PAGE_OF_LIST)
    .bind(JSON.stringify(others), first ?? "", after?.primitive ?? "", after?.evidenceRef ?? "", limit)
    .all<StoredMember>();
  return results;
}

/**
 * A page of the observations of every attacker that is linked to an identity.
 * @param after - the last observation that was read before, or null
 */
export async function readIdentityPage(
  db: D1Database,
  identityUuid: string,
  after: (KeyInAttacker & { readonly attackerUuid: string }) | null,
  limit: number,
): Promise<StoredMember[]> {
  const { attackerUuid = "", primitive = "", evidenceRef = "" } = after ?? {};
  const { results } = await db
    .prepare(PAGE_OF_IDENTITY)
    .bind(identityUuid, attackerUuid, primitive, evidenceRef, limit)
    .all<StoredMember>();
  return results;
}
