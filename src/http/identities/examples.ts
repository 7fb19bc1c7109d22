/** Examples for the description of the API. */
import type { z } from "zod";
import type { identityDetailSchema, identitySummarySchema } from "./wire.ts";

export const SUMMARY_EXAMPLE: z.infer<typeof identitySummarySchema> = {
  uuid: "44dcda6a-0000-4000-8000-8775a8501e2c",
  attacker_count: 2,
  first_seen_at: 1_713_990_000,
  last_seen_at: 1_714_000_000,
  last_change_ts: 1_713_999_000,
  states: { unknown: 1, stable: 3, drifting: 0, conflicted: 0, multi_actor: 2 },
  multi_actor_suspected: ["motor.input_modality", "motor.keystroke_cadence"],
  evidence: { e: 103.4, changed_ts: 1_713_998_000, operators: 2 },
};

export const IDENTITY_EXAMPLE: z.infer<typeof identityDetailSchema> = {
  ...SUMMARY_EXAMPLE,
  attackers: [
    {
      uuid: "1b4e28ba-2fa1-4d2c-883f-0016d3cca427",
      ip: "192.0.2.1",
      first_seen: 1_713_990_000,
      last_seen: 1_714_000_000,
    },
    { uuid: "6fa459ea-ee8a-4ca4-894e-db77e160355e", ip: null, first_seen: null, last_seen: null },
  ],
  merged_from: [],
  observation_count: 31,
};
