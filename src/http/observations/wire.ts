/** Observations as they travel, to the queue and to readers (contract §2), and the answer to those that were sent. */
import * as z from "zod";
import { valueSchema } from "../attribution/wire.ts";
import { described, named, pageSchema } from "../shared/schema.ts";

/** An observation: the contract's payload, as it came in. */
export const observationSchema = named(
  "Observation",
  z.object({
    v: z.literal(1),
    id: z.string(),
    attacker_uuid: z.string(),
    primitive: z.string(),
    value: valueSchema,
    confidence: described(z.number(), "The sensor's confidence in the measurement, 0 to 1"),
    window: z.object({ start_ts: z.number(), end_ts: z.number() }),
    source: z.string(),
    evidence_ref: z.string(),
    ts: z.number(),
    identity_ref: z.nullable(z.string()),
  }),
);

/** A page of observations. */
export const observationsSchema = pageSchema("Observations", observationSchema);

/** Events of a request that were refused. */
export const rejectedSchema = z.array(
  z.object({
    index: described(z.int(), "Place in the request, from 0"),
    code: z.string(),
    field: z.string(),
    detail: z.string(),
  }),
);

/** The answer to a request that brought events. */
export const acceptedSchema = named(
  "Accepted",
  z.object({ accepted: z.int(), ignored: z.int(), rejected: rejectedSchema }),
);
