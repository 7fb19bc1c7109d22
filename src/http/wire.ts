/** The shapes that go out: schemas that describe and check them, and how ours become them. */
import { z } from "@hono/zod-openapi";
import { STATES } from "../core/index.ts";
import type { PrimitiveAttribution } from "../identity/index.ts";
import type { Attacker, Totals } from "../storage/index.ts";
import { normalizeUuid } from "../core/index.ts";

/** A UUID in a path or body: with or without dashes, any case. */
export const uuidParam = z
  .string()
  .transform((text, context) => {
    const uuid = normalizeUuid(text);
    if (uuid !== null) return uuid;
    context.addIssue({ code: "custom", message: "must be a UUID, with or without dashes" });
    return z.NEVER;
  })
  .openapi({ type: "string", format: "uuid" });

/** A value as it was observed: any JSON but null. */
export const valueSchema = z
  .union([z.string(), z.number(), z.boolean(), z.array(z.unknown()), z.looseObject({})])
  .openapi({ description: "Any JSON but null", example: "typed" });

export const attributionSchema = z
  .object({
    identity_uuid: z.string().nullable(),
    primitives: z.array(
      z.object({
        primitive: z.string(),
        current_value: valueSchema,
        state: z.enum(STATES),
        confidence: z.number(),
        observation_count: z.number().int(),
        last_change_ts: z.number(),
        last_observation_ts: z.number(),
      }),
    ),
  })
  .openapi("Attribution");

/** An identity's states, as they are answered. */
export function toWireAttribution(
  identityUuid: string | null,
  primitives: readonly PrimitiveAttribution[],
): z.infer<typeof attributionSchema> {
  return {
    identity_uuid: identityUuid,
    primitives: primitives.map((attribution) => ({
      primitive: attribution.primitive,
      current_value: JSON.parse(attribution.currentValue),
      state: attribution.state,
      confidence: attribution.confidence,
      observation_count: attribution.observationCount,
      last_change_ts: attribution.lastChangeTs,
      last_observation_ts: attribution.lastObservationTs,
    })),
  };
}

export const attackerSchema = z
  .object({
    uuid: z.string(),
    identity_uuid: z.string().nullable(),
    ip: z.string().nullable(),
    first_seen: z.number().nullable(),
    last_seen: z.number().nullable(),
  })
  .openapi("Attacker");

/** An attacker, as it is answered. */
export function toWireAttacker(attacker: Attacker): z.infer<typeof attackerSchema> {
  return {
    uuid: attacker.uuid,
    identity_uuid: attacker.identityUuid,
    ip: attacker.ip,
    first_seen: attacker.firstSeenTs,
    last_seen: attacker.lastSeenTs,
  };
}

export const statsSchema = z
  .object({
    observations: z.number().int(),
    attackers: z.number().int(),
    identities: z.number().int(),
    states: z.record(z.enum(STATES), z.number().int()),
    deferred: z.number().int(),
    dead_letters: z.record(z.string(), z.number().int()),
    outbox: z.object({ pending: z.number().int(), oldest_ts: z.number().nullable() }),
    queue: z.object({ backlog: z.number().int().nullable(), oldest_ts: z.number().nullable() }),
    unlisted_values: z.number().int(),
    ignored: z.number().int(),
    events: z.number().int(),
  })
  .openapi("Stats");

/** What is known of the inbound queue; null where it does not say. */
export interface QueueDepth {
  readonly backlog: number | null;
  readonly oldestTs: number | null;
}

/** The totals, as they are answered. */
export function toWireStats(totals: Totals, queue: QueueDepth): z.infer<typeof statsSchema> {
  return {
    observations: totals.observations,
    attackers: totals.attackers,
    identities: totals.identities,
    states: totals.states,
    deferred: totals.deferred,
    dead_letters: totals.deadLetters,
    outbox: { pending: totals.outbox.pending, oldest_ts: totals.outbox.oldestTs },
    queue: { backlog: queue.backlog, oldest_ts: queue.oldestTs },
    unlisted_values: totals.unlistedValues,
    ignored: totals.ignored,
    events: totals.events,
  };
}
