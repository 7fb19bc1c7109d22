/**
 * What the API answers: the Worker's own wire schemas, and the shapes that it makes for the dashboard alone. The bundle
 * puts `zod/mini` in the place of `zod`, which is why only functions that both have are used here.
 */
import * as z from "zod";
import type { evidenceSchema } from "../evidence/wire.ts";
import { attributionSchema, stateSchema } from "../http/attribution/wire.ts";
import { deadLetterSchema } from "../http/dead-letters/wire.ts";
import { eventSchema, explanationSchema } from "../http/events/wire.ts";

export { evidenceSchema } from "../evidence/wire.ts";
export { attributionSchema } from "../http/attribution/wire.ts";
export { controlSchema, rebuildSchema } from "../http/control/wire.ts";
export { deadLettersSchema as lettersSchema, replayedSchema } from "../http/dead-letters/wire.ts";
export { eventSchema } from "../http/events/wire.ts";
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

export type Primitive = z.infer<typeof attributionSchema>["primitives"][number];
export type AttributionEvent = z.infer<typeof eventSchema>;
export type Explanation = z.infer<typeof explanationSchema>;
export type Member = Explanation["recent"][number];
export type Evidence = z.infer<typeof evidenceSchema>;
export type SeriesEvidence = Evidence["change"][number];
export type ProvenChange = SeriesEvidence["changes"][number];
export type Operators = Evidence["operators"];
export type ValueSummary = NonNullable<ProvenChange["before"]>;
export type Letter = z.infer<typeof deadLetterSchema>;

/** The explanation of a state; undefined of an event that is about something else, or kept none. */
export function stateExplanation({ explanation }: AttributionEvent): Explanation | undefined {
  return explanation !== undefined && isOfState(explanation) ? explanation : undefined;
}

function isOfState(explanation: NonNullable<AttributionEvent["explanation"]>): explanation is Explanation {
  return explanation.rule !== "e_process";
}

/** An observation as a stream says it. */
export const observedSchema = z.object({
  primitive: z.string(),
  value: z.unknown(),
  ts: z.number(),
  evidence_ref: z.string(),
  attacker_uuid: z.string(),
});
