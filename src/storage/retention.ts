/** Removes observations that are older than the retention. */
import type { ObservationKey } from "../core/index.ts";
import { parameters } from "./parameters.ts";

/**
 * Removes observations by key, unless they were replaced by something newer than a time, or their attacker is linked to
 * another identity by now: whoever reads them there has to find them. Two queries per megabyte of keys.
 * @param identityUuid - the identity whose object removes them
 * @param beforeTs - epoch seconds
 * @returns how many were removed
 */
export async function deleteObservations(
  db: D1Database,
  identityUuid: string,
  keys: readonly ObservationKey[],
  beforeTs: number,
): Promise<number> {
  let removed = 0;
  const rows = keys.map(({ attackerUuid, primitive, evidenceRef }) => [attackerUuid, primitive, evidenceRef]);
  for (const list of parameters(rows)) {
    const [deleted] = await db.batch([
      db
        .prepare(
          `DELETE FROM observations WHERE ts < ?2 AND (attacker_uuid, primitive, evidence_ref) IN (
             SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1))
             AND EXISTS (SELECT 1 FROM attackers WHERE uuid = attacker_uuid AND identity_uuid = ?3)`,
        )
        .bind(list, beforeTs, identityUuid),
      db.prepare(
        "UPDATE counters SET value = value - changes() WHERE name = 'observations' AND changes() > 0",
      ),
    ]);
    removed += deleted?.meta.changes ?? 0;
  }
  return removed;
}
