/**
 * What the commands expect of the Worker's answers (contract §7): the fields they use, read once, unknown ones ignored.
 */
import { z } from "zod";

const refusalSchema = z.object({
  index: z.number().int().nonnegative(),
  code: z.string(),
  field: z.string().optional(),
  detail: z.string(),
});
/** Answer to `POST /observations`. */
export const sendResultSchema = z.object({
  accepted: z.number().int().nonnegative(),
  rejected: z.array(refusalSchema),
});
/** The problem document when every event was refused. */
export const allRefusedSchema = z.object({ rejected: z.array(refusalSchema) });
/** RFC 9457, as far as it is shown. */
export const problemSchema = z.object({
  code: z.string().optional(),
  detail: z.string().optional(),
  title: z.string().optional(),
});
/** Answer to `GET /stats`. */
export const statsSchema = z.object({
  observations: z.number(),
  attackers: z.number(),
  identities: z.number(),
  states: z.record(z.string(), z.number()),
  deferred: z.number().optional(),
  dead_letters: z.record(z.string(), z.number()).optional(),
  outbox: z.object({ pending: z.number(), oldest_ts: z.number().nullish() }),
  queue: z.object({ backlog: z.number().nullish(), oldest_ts: z.number().nullish() }).optional(),
});
/** Answer to `GET /attackers/{uuid}/attribution`. */
export const attributionSchema = z.object({
  identity_uuid: z.string().nullable(),
  primitives: z.array(
    z.object({
      primitive: z.string(),
      current_value: z.unknown(),
      state: z.string(),
      confidence: z.number(),
      observation_count: z.number(),
      last_change_ts: z.number(),
      last_observation_ts: z.number(),
    }),
  ),
});

/** One event the server would not take: its place in the request, a code and a sentence. */
export type Refusal = z.infer<typeof refusalSchema>;
/** The answer to one request of events. */
export type SendResult = z.infer<typeof sendResultSchema>;
/** `GET /stats`, as far as the commands use it. */
export type Stats = z.infer<typeof statsSchema>;
/** `GET /attackers/{uuid}/attribution`. */
export type Attribution = z.infer<typeof attributionSchema>;
