/** Published events as the history and the streams answer them (contract §5). */
import * as z from "zod";
import { valueSummarySchema } from "../../evidence/wire.ts";
import { stateSchema } from "../attribution/wire.ts";
import { described, named, pageSchema } from "../shared/schema.ts";

const key = { evidence_ref: z.string(), attacker_uuid: z.string() };

/** How a state was computed. */
export const explanationSchema = named(
  "Explanation",
  z.looseObject({
    rule: described(z.string(), "The branch of the merge rules that decided"),
    recent: z.array(z.object({ value: z.unknown(), ts: z.number(), ...key })),
    older: z.array(z.object({ value: z.unknown(), ts: z.number(), ...key })),
    distinct: described(
      z.optional(z.int()),
      "Hash: how many distinct values the window has; `recent` lists 16",
    ),
    entered: z.array(z.object(key)),
    left: z.array(z.object(key)),
    statistic: described(z.number(), "The number that was compared"),
    threshold: described(z.number(), "What it was compared with"),
    margin: described(z.number(), "Their distance"),
  }),
);

/** What is needed to recompute a proven change. Its rule tells it from the explanation of a state. */
export const evidenceExplanationSchema = named(
  "EvidenceExplanation",
  z.looseObject({ rule: z.literal("e_process") }),
);

/** An event. Which fields its payload has depends on its type. */
export const eventSchema = named(
  "Event",
  z.looseObject({
    v: z.literal(1),
    id: z.string(),
    seq: z.int(),
    topic: z.string(),
    type: z.string(),
    ts: described(z.number(), "When it was first due for publishing"),
    policy: described(
      z.optional(z.string()),
      "The policy that decided, of `state_changed`, `multi_actor_suspected` and evidence",
    ),
    truncated: described(
      z.optional(z.boolean()),
      "True if a list in the payload ends early: at 1,000 entries or 100 KB",
    ),
    payload: z.looseObject({
      identity_uuid: z.optional(z.string()),
      primitive: z.optional(z.string()),
      old_state: z.optional(z.nullable(stateSchema)),
      new_state: z.optional(stateSchema),
      current_value: z.optional(z.unknown()),
      confidence: z.optional(z.nullable(z.number())),
      observation_count: z.optional(z.int()),
      primitives: z.optional(z.array(z.string())),
      evidence_summary: z.optional(z.string()),
      observation_uuids: z.optional(z.array(z.string())),
      first_seen_at: z.optional(z.number()),
      winner_uuid: z.optional(z.string()),
      loser_uuid: z.optional(z.string()),
      confidence_after: z.optional(z.null()),
      from_uuid: z.optional(z.string()),
      ts: z.optional(z.number()),
      // Of evidence.
      id: z.optional(z.string()),
      since_ts: z.optional(z.number()),
      e: z.optional(z.number()),
      before: z.optional(z.nullable(valueSummarySchema)),
      after: z.optional(z.nullable(valueSummarySchema)),
      effect: z.optional(z.nullable(z.number())),
      estimate: z.optional(z.int()),
      old_estimate: z.optional(z.int()),
      sessions: z.optional(z.int()),
      active: z.optional(z.int()),
      gain: z.optional(z.nullable(z.number())),
      needed: z.optional(z.nullable(z.number())),
    }),
    explanation: z.optional(z.union([explanationSchema, evidenceExplanationSchema])),
  }),
);

/** A page of an identity's history. */
export const eventPageSchema = pageSchema("Transitions", eventSchema);
