/**
 * Removes identities that have lost their attackers to erasures. Their states are found by their profiles (see profile-states.ts), so the
 * profile goes last.
 */
import { attributionsOf } from "./profile-states.ts";

/** Maximum states per deletion, because D1 limits the duration of a statement. */
const DELETE_STATES = 5_000;

/** ?1: JSON list of identities. A merge that is not undone keeps both of its identities. */
const IS_EMPTY = `uuid IN (SELECT value FROM json_each(?1))
  AND NOT EXISTS (SELECT 1 FROM attackers WHERE identity_uuid = identities.uuid)
  AND NOT EXISTS (SELECT 1 FROM merges WHERE undone_ts IS NULL AND winner_uuid = identities.uuid)
  AND NOT EXISTS (SELECT 1 FROM merges WHERE undone_ts IS NULL AND loser_uuid = identities.uuid)`;

/** Removes merges of nobody that is left. */
const DELETE_MERGES = `
DELETE FROM merges WHERE attacker_uuids = '[]'
  AND winner_uuid IN (SELECT value FROM json_each(?1)) AND loser_uuid IN (SELECT value FROM json_each(?1))`;

/** ?2: maximum rows. */
const DELETE_ATTRIBUTIONS = `
WITH emptied AS MATERIALIZED (SELECT uuid, profile FROM identities WHERE ${IS_EMPTY})
DELETE FROM attributions WHERE (state, primitive, identity_uuid) IN (${attributionsOf("emptied")} LIMIT ?2)`;

/** Unless the statement before has deleted as many rows as it may. */
const DELETE_IDENTITIES = `DELETE FROM identities WHERE ${IS_EMPTY} AND changes() < ?2`;

const DELETE_PAGES = `
DELETE FROM profile_pages WHERE identity_uuid IN (SELECT value FROM json_each(?1))
  AND NOT EXISTS (SELECT 1 FROM identities WHERE uuid = identity_uuid)`;

/**
 * Removes identities that are left without attackers, and what the read model says of them. Four queries.
 * @returns whether there may be more
 */
export async function removeEmptyIdentities(
  db: D1Database,
  identityUuids: readonly string[],
  mostStates = DELETE_STATES,
): Promise<boolean> {
  const asked = JSON.stringify(identityUuids);
  const [, attributions] = await db.batch([
    db.prepare(DELETE_MERGES).bind(asked),
    db.prepare(DELETE_ATTRIBUTIONS).bind(asked, mostStates),
    db.prepare(DELETE_IDENTITIES).bind(asked, mostStates),
    db.prepare(DELETE_PAGES).bind(asked),
  ]);
  return attributions?.meta.changes === mostStates;
}
