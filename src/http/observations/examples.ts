/** An example for the description of the API. */
import type { z } from "zod";
import type { observationSchema } from "./wire.ts";

export const OBSERVATION_EXAMPLE: z.infer<typeof observationSchema> = {
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
};
