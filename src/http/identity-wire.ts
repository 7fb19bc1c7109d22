/** Identities as they go out. */
import { z } from "@hono/zod-openapi";
import { STATES } from "../core/index.ts";
import type { IdentityDetail, IdentitySummary } from "../storage/index.ts";

const count = z.number().int();
const states = z
  .object({ unknown: count, stable: count, drifting: count, conflicted: count, multi_actor: count })
  .openapi({ description: "How many of its primitives are in each state" });
states.shape satisfies Record<(typeof STATES)[number], unknown>;

const EXAMPLE = {
  uuid: "44dcda6a-0000-4000-8000-8775a8501e2c",
  attacker_count: 2,
  first_seen_at: 1_713_990_000,
  last_seen_at: 1_714_000_000,
  last_change_ts: 1_713_999_000,
  states: { unknown: 1, stable: 3, drifting: 0, conflicted: 0, multi_actor: 2 },
  multi_actor_suspected: ["motor.input_modality", "motor.keystroke_cadence"],
};

/** Of a list and of one identity; spelled out in both descriptions, which is easier to read than a reference. */
const summary = {
  uuid: z.string(),
  attacker_count: count,
  first_seen_at: z.number().nullable(),
  last_seen_at: z.number().nullable().openapi({ description: "May lag 300 s" }),
  last_change_ts: z
    .number()
    .nullable()
    .openapi({ description: "Time of the observation that last changed a state; null before the first" }),
  states,
  multi_actor_suspected: z
    .array(z.string())
    .nullable()
    .openapi({ description: "The primitives that several actors are suspected behind, or null" }),
};

export const identitySummarySchema = z.object(summary).openapi("IdentitySummary", { example: EXAMPLE });

export const identityListSchema = z
  .object({ data: z.array(identitySummarySchema), next_cursor: z.string().nullable() })
  .openapi("Identities");

export const identityDetailSchema = z
  .object({
    ...summary,
    attackers: z.array(
      z.object({
        uuid: z.string(),
        ip: z.string().nullable(),
        first_seen: z.number().nullable(),
        last_seen: z.number().nullable(),
      }),
    ),
    merged_from: z
      .array(z.string())
      .openapi({ description: "Every identity whose attackers are here by way of merges" }),
    observation_count: count.openapi({ description: "Observations that its states are made of" }),
  })
  .openapi("Identity", {
    example: {
      ...EXAMPLE,
      attackers: [
        {
          uuid: "1b4e28ba-2fa1-4d2c-883f-0016d3cca427",
          ip: "192.0.2.1",
          first_seen: 1_713_990_000,
          last_seen: 1_714_000_000,
        },
        { uuid: "6fa459ea-ee8a-4ca4-894e-db77e160355e", ip: null, first_seen: null, last_seen: null },
      ],
      merged_from: [],
      observation_count: 31,
    },
  });

/** An identity at a glance, as it is answered. */
export function toWireSummary(identity: IdentitySummary): z.infer<typeof identitySummarySchema> {
  return {
    uuid: identity.uuid,
    attacker_count: identity.attackerCount,
    first_seen_at: identity.firstSeenTs,
    last_seen_at: identity.lastSeenTs,
    last_change_ts: identity.lastChangeTs,
    states: identity.states,
    multi_actor_suspected: identity.suspected === null ? null : [...identity.suspected],
  };
}

/** An identity with everything that is said of it, as it is answered. */
export function toWireIdentity(
  identity: IdentityDetail,
  observationCount: number,
): z.infer<typeof identityDetailSchema> {
  return {
    ...toWireSummary(identity),
    attackers: identity.attackers.map(({ uuid, ip, firstSeenTs, lastSeenTs }) => ({
      uuid,
      ip,
      first_seen: firstSeenTs,
      last_seen: lastSeenTs,
    })),
    merged_from: [...identity.mergedFrom],
    observation_count: observationCount,
  };
}
