/** Where an identity's attackers are now: itself, or the last of the identities that it was merged into. */

/**
 * SQL for where an identity's attackers are now: itself, or the last of the identities it was merged into. Null where it is
 * not known.
 * @param uuid - SQL for the identity's UUID
 */
export function winnerOf(uuid: string): string {
  return `(
    WITH RECURSIVE way (uuid, merged_into_uuid) AS (
      SELECT uuid, merged_into_uuid FROM identities WHERE uuid = ${uuid}
      UNION ALL SELECT identities.uuid, identities.merged_into_uuid FROM way JOIN identities ON identities.uuid = way.merged_into_uuid
    ) SELECT uuid FROM way WHERE merged_into_uuid IS NULL)`;
}

/** Where an identity's attackers are now, or null if it is not known. */
export async function resolveIdentity(db: D1Database, identityUuid: string): Promise<string | null> {
  const row = await db
    .prepare(`SELECT ${winnerOf("?1")} AS uuid`)
    .bind(identityUuid)
    .first<{ uuid: string | null }>();
  return row?.uuid ?? null;
}
