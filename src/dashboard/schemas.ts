/** What the API answers, as far as the dashboard reads it. Everything else in the package believes these types. */
import * as z from "zod/mini";

/** The five states, in the order in which they are shown. */
export const STATES = ["stable", "drifting", "conflicted", "multi_actor", "unknown"] as const;
export const stateSchema = z.enum(STATES);
export type State = (typeof STATES)[number];

const number = z.number();
const optionalNumber = z.nullable(z.number());
const text = z.string();
const page = <T extends z.core.$ZodType>(item: T) =>
  z.object({ data: z.array(item), next_cursor: z.nullable(z.string()) });

export const sessionSchema = z.object({ scopes: z.array(text), expires_at: optionalNumber });

export const attributionSchema = z.object({
  identity_uuid: z.nullable(text),
  primitives: z.array(
    z.object({
      primitive: text,
      current_value: z.unknown(),
      state: stateSchema,
      confidence: number,
      observation_count: number,
      last_change_ts: number,
      last_observation_ts: number,
    }),
  ),
});
export type Primitive = z.infer<typeof attributionSchema>["primitives"][number];

/** An observation as a stream says it. */
export const observedSchema = z.object({
  primitive: text,
  value: z.unknown(),
  ts: number,
  evidence_ref: text,
  attacker_uuid: text,
});

const key = { evidence_ref: text, attacker_uuid: text };
const member = z.object({ value: z.unknown(), ts: number, ...key });
export type Member = z.infer<typeof member>;
export const explanationSchema = z.object({
  rule: text,
  recent: z.array(member),
  older: z.array(member),
  distinct: z.optional(number),
  entered: z.array(z.object(key)),
  left: z.array(z.object(key)),
  statistic: number,
  threshold: number,
  margin: number,
});
export type Explanation = z.infer<typeof explanationSchema>;

export const eventSchema = z.object({
  id: text,
  seq: z.optional(number),
  type: text,
  ts: number,
  payload: z.object({
    identity_uuid: z.optional(text),
    primitive: z.optional(text),
    old_state: z.optional(z.nullable(stateSchema)),
    new_state: z.optional(stateSchema),
    current_value: z.optional(z.unknown()),
    confidence: z.optional(z.nullable(number)),
    observation_count: z.optional(number),
    primitives: z.optional(z.array(text)),
    winner_uuid: z.optional(text),
    loser_uuid: z.optional(text),
    from_uuid: z.optional(text),
    ts: z.optional(number),
  }),
  explanation: z.optional(explanationSchema),
});
export type AttributionEvent = z.infer<typeof eventSchema>;
/** Of the stats only what is shown beside the dead letters. */
export const statsSchema = z.object({ dead_letters: z.record(text, number) });

export const lettersSchema = page(
  z.object({
    id: text,
    code: text,
    field: text,
    detail: text,
    attempts: number,
    received_ts: number,
    body: text,
    body_bytes: number,
    truncated: z.boolean(),
  }),
);
export type Letter = z.infer<typeof lettersSchema>["data"][number];
export const replayedSchema = z.object({ replayed: number, skipped: number, remaining: z.boolean() });
export const controlSchema = z.object({ paused: z.boolean() });
export const rebuildSchema = z.object({
  state: text,
  done: number,
  total: number,
  failed: number,
  started_ts: optionalNumber,
  finished_ts: optionalNumber,
});
export const problemSchema = z.object({ code: text, detail: text });
