/** Observations as they travel, to the queue and to readers: the contract's payload, as it came in. */
import { z } from "@hono/zod-openapi";
import type { Observation } from "../core/index.ts";
import { valueSchema } from "./wire.ts";

export const observationSchema = z
  .object({
    v: z.literal(1),
    id: z.string(),
    attacker_uuid: z.string(),
    primitive: z.string(),
    value: valueSchema,
    confidence: z.number().openapi({ description: "The sensor's confidence in the measurement, 0 to 1" }),
    window: z.object({ start_ts: z.number(), end_ts: z.number() }),
    source: z.string(),
    evidence_ref: z.string(),
    ts: z.number(),
    identity_ref: z.string().nullable(),
  })
  .openapi("Observation", {
    example: {
      v: 1,
      id: "obs-1",
      attacker_uuid: "1b4e28ba-2fa1-4d2c-883f-0016d3cca427",
      primitive: "motor.input_modality",
      value: "typed",
      confidence: 0.9,
      window: { start_ts: 1_713_999_940, end_ts: 1_714_000_000 },
      source: "cowrie-sensor",
      evidence_ref: "session:83b1e0a453a1",
      ts: 1_714_000_000,
      identity_ref: null,
    },
  });

/** An observation as it travels. */
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

/** A page of observations. */
export const observationsSchema = z
  .object({ data: z.array(observationSchema), next_cursor: z.string().nullable() })
  .openapi("Observations");
