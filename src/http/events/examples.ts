/** An example for the description of the API. */
import type { z } from "zod";
import type { eventSchema } from "./wire.ts";

export const EVENT_EXAMPLE: z.infer<typeof eventSchema> = {
  v: 1,
  id: "3f0c4b5e-8f0e-5a55-9a3b-0d6a3c1f0f7a",
  seq: 2,
  topic: "attribution.profile.state_changed",
  type: "profile.state_changed",
  ts: 1_714_000_003.2,
  policy: "pol_0123456789abcdef",
  payload: {
    identity_uuid: "44dcda6a-0000-4000-8000-8775a8501e2c",
    primitive: "motor.input_modality",
    old_state: null,
    new_state: "unknown",
    current_value: "typed",
    confidence: 0,
    observation_count: 1,
    ts: 1_714_000_000,
  },
};
