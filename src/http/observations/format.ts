/** From an observation to its wire shape. */
import type { z } from "zod";
import type { Observation } from "../../core/index.ts";
import type { observationSchema } from "./wire.ts";

/** An observation, as it travels. */
export function toWireObservation(observation: Observation): z.infer<typeof observationSchema> {
  return {
    v: 1,
    id: observation.id,
    attacker_uuid: observation.attackerUuid,
    primitive: observation.primitive,
    value: JSON.parse(observation.value),
    confidence: observation.confidence,
    window: { start_ts: observation.windowStartTs, end_ts: observation.windowEndTs },
    source: observation.source,
    evidence_ref: observation.evidenceRef,
    ts: observation.ts,
    identity_ref: observation.identityRef,
  };
}
