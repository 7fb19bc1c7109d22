/** Published events as the history answers them: as they were sent. */
import { z } from "@hono/zod-openapi";
import type { HistoryEvent } from "../storage/index.ts";

/** An envelope (contract §5). Its payload is that of its type; `explanation` says how a state came about. */
export const envelopeSchema = z
  .looseObject({
    v: z.literal(1),
    id: z.string(),
    seq: z.number().int(),
    topic: z.string(),
    type: z.string(),
    ts: z.number().openapi({ description: "When it was first due for publishing" }),
    payload: z.looseObject({}),
    explanation: z.looseObject({}).optional(),
  })
  .openapi("Event", {
    example: {
      v: 1,
      id: "3f0c4b5e-8f0e-5a55-9a3b-0d6a3c1f0f7a",
      seq: 2,
      topic: "attribution.profile.state_changed",
      type: "profile.state_changed",
      ts: 1_714_000_003.2,
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
    },
  });

export const eventPageSchema = z
  .object({ data: z.array(envelopeSchema), next_cursor: z.string().nullable() })
  .openapi("Transitions");

/** An event, as it is answered. */
export function toWireEvent({ event }: HistoryEvent): z.infer<typeof envelopeSchema> {
  return envelopeSchema.parse(JSON.parse(event));
}
