/** The links of attackers as a merge, or its undoing, has left them. */

/** An attacker's link after it was changed. */
export interface ChangedLink {
  readonly attackerUuid: string;
  readonly linkVersion: number;
  /** Epoch seconds. */
  readonly firstSeenTs: number | null;
}

/** What of an attacker's row makes a `ChangedLink`. */
export const CHANGED_LINK = "uuid AS attackerUuid, link_version AS linkVersion, first_seen_ts AS firstSeenTs";

/** The attackers that a merge moved. */
export interface Moved {
  /** As they are linked to the identity asked about now. */
  readonly links: readonly ChangedLink[];
  /** The same, by uuid; where something later has moved them on already, those that moved then. */
  readonly attackerUuids: readonly string[];
}

/** The attackers that a merge moved, as they are linked to an identity now. */
export async function readMoved(db: D1Database, mergeId: number, identityUuid: string): Promise<Moved> {
  const [now, then] = await db.batch<Record<string, never>>([
    db
      .prepare(
        `SELECT ${CHANGED_LINK} FROM attackers WHERE identity_uuid = ?2
           AND uuid IN (SELECT value FROM merges, json_each(merges.attacker_uuids) WHERE merges.id = ?1) ORDER BY uuid`,
      )
      .bind(mergeId, identityUuid),
    db
      .prepare(
        "SELECT value AS attackerUuid FROM merges, json_each(merges.attacker_uuids) WHERE merges.id = ?1 ORDER BY value",
      )
      .bind(mergeId),
  ]);
  const links = rowsOf<ChangedLink>(now);
  const moved = links.length > 0 ? links : rowsOf<{ attackerUuid: string }>(then);
  return { links, attackerUuids: moved.map(({ attackerUuid }) => attackerUuid) };
}

/** The attackers linked to an identity. */
export async function readIdentityLinks(db: D1Database, identityUuid: string): Promise<ChangedLink[]> {
  const { results } = await db
    .prepare(`SELECT ${CHANGED_LINK} FROM attackers WHERE identity_uuid = ?1 ORDER BY uuid`)
    .bind(identityUuid)
    .all<ChangedLink>();
  return results;
}

/** The rows that one statement of a batch of unlike statements gave. */
export function rowsOf<T>(result: D1Result | undefined): T[] {
  // The statement's columns are those of T; a batch of unlike statements has no type that says so.
  // eslint-disable-next-line typescript/no-unsafe-type-assertion
  return (result?.results ?? []) as T[];
}
