/** Retention: which observations are old enough to go and are not needed by the windows that decide now. */
import { isSameKey, type Member, type Tail } from "../core/index.ts";
import type { ObservationKey } from "./check.ts";
import type { IdentityStore } from "./store.ts";

/** An observation that may go. */
export interface ExpiredKey extends ObservationKey {
  readonly attackerUuid: string;
}

interface CandidateRow extends Record<string, SqlStorageValue> {
  primitive: string;
  evidence_ref: string;
  attacker_uuid: string;
  ts: number;
}

/**
 * The oldest observations before a time that no state needs: members of a tail stay, and so does the latest of a series,
 * which dates it.
 * @param beforeTs - epoch seconds
 */
export function expiredKeys(
  store: IdentityStore,
  sql: SqlStorage,
  beforeTs: number,
  limit: number,
): ExpiredKey[] {
  if (store.isEmpty) return [];
  const candidates = sql.exec<CandidateRow>(
    `SELECT primitive, evidence_ref, attacker_uuid, ts FROM observations
     WHERE ts < ? AND NOT EXISTS (SELECT 1 FROM hash_window WHERE hash_window.primitive = observations.primitive
       AND hash_window.evidence_ref = observations.evidence_ref AND hash_window.attacker_uuid = observations.attacker_uuid)`,
    beforeTs,
  );
  const expired: ExpiredKey[] = [];
  for (const row of candidates) {
    const key = { primitive: row.primitive, evidenceRef: row.evidence_ref, attackerUuid: row.attacker_uuid };
    const tail = store.record(row.primitive)?.tail;
    if (!tail || isNeeded(tail, { ...key, ts: row.ts, value: "" })) continue;
    expired.push(key);
    if (expired.length >= limit) break;
  }
  return expired;
}

function isNeeded(tail: Tail, member: Member): boolean {
  const members = tail.kind === "hash" ? tail.latest : tail.newest;
  return member.ts >= tail.lastTs || members.some((other) => isSameKey(other, member));
}
