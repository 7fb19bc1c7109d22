/** From stored identities to their wire shapes. */
import type { z } from "zod";
import type { IdentityDetail, IdentitySummary } from "../../storage/index.ts";
import type { identityDetailSchema, identitySummarySchema } from "./wire.ts";

/** An identity as an entry of the list, as it is answered. */
export function toWireSummary(identity: IdentitySummary): z.infer<typeof identitySummarySchema> {
  return {
    uuid: identity.uuid,
    attacker_count: identity.attackerCount,
    first_seen_at: identity.firstSeenTs,
    last_seen_at: identity.lastSeenTs,
    last_change_ts: identity.lastChangeTs,
    states: identity.states,
    multi_actor_suspected: identity.suspected === null ? null : [...identity.suspected],
    evidence: {
      e: identity.evidence.e,
      changed_ts: identity.evidence.changedTs,
      operators: identity.evidence.operators,
    },
  };
}

/** An identity with its attackers, as it is answered. */
export function toWireIdentity(
  identity: IdentityDetail,
  observationCount: number,
): z.infer<typeof identityDetailSchema> {
  return {
    ...toWireSummary(identity),
    attackers: identity.attackers.map(({ uuid, ip, firstSeenTs, lastSeenTs }) => ({
      uuid,
      ip,
      first_seen: firstSeenTs,
      last_seen: lastSeenTs,
    })),
    merged_from: [...identity.mergedFrom],
    observation_count: observationCount,
  };
}
