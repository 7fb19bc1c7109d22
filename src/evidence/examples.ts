/** An example for the description of the API. */
import type { z } from "zod";
import type { evidenceSchema } from "./wire.ts";

const ATTACKER = "1b4e28ba-2fa1-4d2c-883f-0016d3cca427";

export const EVIDENCE_EXAMPLE: z.infer<typeof evidenceSchema> = {
  identity_uuid: "44dcda6a-0000-4000-8000-8775a8501e2c",
  policy: "pol_0123456789abcdef",
  e: 0.04,
  change: [
    {
      primitive: "motor.keystroke_cadence",
      e: 1.28,
      threshold: 3_200,
      noted_ts: null,
      observations: 41,
      regime_since_ts: 1_713_990_900,
      likeliest_ts: 1_713_999_000,
      effect: 0.08,
      changes: [
        {
          id: "3f0c4b5e-8f0e-5a55-9a3b-0d6a3c1f0f7a",
          ts: 1_713_990_000,
          since_ts: 1_713_980_000,
          e: 5_400,
          before: { count: 60, median: 140, quartiles: [131, 150] },
          after: { count: 9, median: 230, quartiles: [214, 239] },
          effect: 0.64,
        },
      ],
    },
  ],
  operators: {
    estimate: 1,
    sessions: 1,
    active: 0,
    gain: null,
    needed: null,
    primitives: ["motor.keystroke_cadence"],
    groups: [
      {
        operator: 0,
        sessions: 1,
        share: 1,
        first_ts: 1_713_990_000,
        last_ts: 1_713_990_600,
        values: { "motor.keystroke_cadence": { count: 1, median: 231, quartiles: [231, 231] } },
      },
    ],
    assignment: [
      {
        start_ts: 1_713_990_000,
        end_ts: 1_713_990_600,
        attacker_uuid: ATTACKER,
        operator: 0,
        probability: 1,
      },
    ],
  },
  commands: { sessions: 12, last: { score: 1.7, p: 0.31 } },
};
