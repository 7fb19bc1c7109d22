/** Chains of merges: from an identity to the one that its attackers are linked to now. */

/** Merges that are followed one after the other. More cannot be meant, and a circle must end somewhere. */
export const DEEPEST_MERGE = 100;

/**
 * SQL that begins a query with `chain (uuid, merged_into_uuid, depth)`: an identity, then each one that the one before was
 * merged into. Empty if the identity is not known.
 * @param uuid - SQL for the identity's UUID
 */
export function withChain(uuid: string): string {
  return `WITH RECURSIVE chain (uuid, merged_into_uuid, depth) AS (
    SELECT uuid, merged_into_uuid, 0 FROM identities WHERE uuid = ${uuid}
    UNION ALL
    SELECT next.uuid, next.merged_into_uuid, depth + 1 FROM chain
    JOIN identities AS next ON next.uuid = chain.merged_into_uuid WHERE depth < ${DEEPEST_MERGE}
  )`;
}

/**
 * SQL for the last identity of a chain, which stands on its own. Null if the identity is not known.
 * @param uuid - SQL for the identity's UUID
 */
export function winnerOf(uuid: string): string {
  return `(${withChain(uuid)} SELECT uuid FROM chain WHERE merged_into_uuid IS NULL)`;
}

/** Where an identity's attackers are now, or null if it is not known. */
export async function resolveIdentity(db: D1Database, identityUuid: string): Promise<string | null> {
  const row = await db
    .prepare(`SELECT ${winnerOf("?1")} AS uuid`)
    .bind(identityUuid)
    .first<{ uuid: string | null }>();
  return row?.uuid ?? null;
}
