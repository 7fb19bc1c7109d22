/** States by primitive, as they are answered. */
import * as z from "zod";
// Not from the core's index, which would bring the whole core into the dashboard's bundle.
import { STATES } from "../../core/observation.ts";
import { stateEvidenceSchema } from "../../evidence/wire.ts";
import { described, named } from "../shared/schema.ts";

/** One of the five states. */
export const stateSchema = z.enum(STATES);

/** A value as it was observed: any JSON but null. */
export const valueSchema = described(
  z.union([z.string(), z.number(), z.boolean(), z.array(z.unknown()), z.looseObject({})]),
  "Any JSON but null",
  { example: "typed" },
);

/** Answer to both attributions. */
export const attributionSchema = named(
  "Attribution",
  z.object({
    identity_uuid: z.nullable(z.string()),
    policy: described(
      z.nullable(z.string()),
      "The policy by which states are computed; null while a variable is wrong",
    ),
    primitives: z.array(
      z.object({
        primitive: z.string(),
        current_value: valueSchema,
        state: stateSchema,
        confidence: z.number(),
        observation_count: z.int(),
        last_change_ts: z.number(),
        last_observation_ts: z.number(),
        evidence: described(
          z.optional(z.nullable(stateEvidenceSchema)),
          "With `include=evidence`; null if the primitive is not followed, or evidence is switched off",
        ),
      }),
    ),
  }),
);
