/**
 * What the API answers: the Worker's own wire schemas, and the shapes that it makes for the dashboard alone. The bundle
 * puts `zod/mini` in the place of `zod`, which is why only functions that both have are used here.
 */
import * as z from "zod";
import { attributionSchema, stateSchema } from "../http/attribution/wire.ts";
import { deadLetterSchema } from "../http/dead-letters/wire.ts";
import { eventSchema, explanationSchema } from "../http/events/wire.ts";
import { identityDetailSchema, identitySummarySchema } from "../http/identities/wire.ts";
import { observationSchema } from "../http/observations/wire.ts";
import { statsSchema } from "../http/operations/wire.ts";

export { attributionSchema } from "../http/attribution/wire.ts";
export { controlSchema, rebuildSchema } from "../http/control/wire.ts";
export { deadLettersSchema as lettersSchema, replayedSchema } from "../http/dead-letters/wire.ts";
export { eventPageSchema as eventsSchema, eventSchema } from "../http/events/wire.ts";
export { identityDetailSchema as identitySchema } from "../http/identities/wire.ts";
export { observationsSchema } from "../http/observations/wire.ts";
export { statsSchema } from "../http/operations/wire.ts";
export { sessionSchema } from "../http/session/wire.ts";
export { problemSchema } from "../http/shared/problem-wire.ts";

export type State = z.infer<typeof stateSchema>;
/** The five states, in the order in which they are shown. */
export const STATES = [
  "stable",
  "drifting",
  "conflicted",
  "multi_actor",
  "unknown",
] as const satisfies State[];

export type Identity = z.infer<typeof identityDetailSchema>;
export type Primitive = z.infer<typeof attributionSchema>["primitives"][number];
export type AttributionEvent = z.infer<typeof eventSchema>;
export type Explanation = z.infer<typeof explanationSchema>;
export type Member = Explanation["recent"][number];
export type Stats = z.infer<typeof statsSchema>;
export type Letter = z.infer<typeof deadLetterSchema>;
/** A point of a series: of an observation what the charts draw. */
export type Observation = Pick<
  z.infer<typeof observationSchema>,
  "primitive" | "ts" | "evidence_ref" | "attacker_uuid"
> & { readonly value: unknown };

const row = z.object({
  ...identitySummarySchema.shape,
  addresses: z.array(z.string()),
  troubled: z.array(z.object({ primitive: z.string(), state: stateSchema })),
});
export type Row = z.infer<typeof row>;
export const rowsSchema = z.object({ data: z.array(row), next_cursor: z.nullable(z.string()) });

export const stripsSchema = z.object({
  data: z.array(
    z.object({
      primitive: z.string(),
      value: z.unknown(),
      ts: z.number(),
      evidence_ref: z.string(),
      attacker_uuid: z.string(),
    }),
  ),
});

export const overviewSchema = z.object({
  turns: z.array(
    z.object({
      hour_ts: z.number(),
      old_state: z.nullable(stateSchema),
      new_state: stateSchema,
      count: z.number(),
    }),
  ),
  active: z.array(z.object({ uuid: z.string(), transitions: z.number(), last_ts: z.number() })),
  suspicions: z.array(z.object({ uuid: z.string(), primitives: z.array(z.string()), ts: z.number() })),
});
export type Overview = z.infer<typeof overviewSchema>;
