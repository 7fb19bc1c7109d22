/** From an identity's states to their wire shape. */
import type { z } from "zod";
import type { PrimitiveAttribution } from "../../identity/index.ts";
import type { stateEvidenceSchema } from "../../evidence/wire.ts";
import type { attributionSchema } from "./wire.ts";

type StateEvidence = ReadonlyMap<string, z.infer<typeof stateEvidenceSchema>>;

/**
 * An identity's states, as they are answered.
 * @param identityUuid - null while the attacker has no identity
 * @param policyId - the policy by which states are computed, or null if the configuration names none
 * @param evidence - what is added to each state, by primitive; null: nothing is added
 */
export function toWireAttribution(
  identityUuid: string | null,
  policyId: string | null,
  primitives: readonly PrimitiveAttribution[],
  evidence: StateEvidence | null = null,
): z.infer<typeof attributionSchema> {
  return {
    identity_uuid: identityUuid,
    policy: policyId,
    primitives: primitives.map((attribution) => ({
      primitive: attribution.primitive,
      current_value: JSON.parse(attribution.currentValue),
      state: attribution.state,
      confidence: attribution.confidence,
      observation_count: attribution.observationCount,
      last_change_ts: attribution.lastChangeTs,
      last_observation_ts: attribution.lastObservationTs,
      ...(evidence && { evidence: evidence.get(attribution.primitive) ?? null }),
    })),
  };
}
