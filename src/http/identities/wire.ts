/** Identities, and what merging and rebuilding does to them, as they are answered. */
import * as z from "zod";
import { listedEvidenceSchema } from "../../evidence/wire.ts";
import { identityAttackerSchema } from "../attackers/wire.ts";
import { stateSchema } from "../attribution/wire.ts";
import { described, named, pageSchema } from "../shared/schema.ts";

const summary = {
  uuid: z.string(),
  attacker_count: z.int(),
  first_seen_at: z.nullable(z.number()),
  last_seen_at: described(z.nullable(z.number()), "May lag 300 s"),
  last_change_ts: described(
    z.nullable(z.number()),
    "Time of the observation that last changed a state; null before the first",
  ),
  states: described(z.record(stateSchema, z.int()), "How many of its primitives are in each state"),
  multi_actor_suspected: described(
    z.nullable(z.array(z.string())),
    "The primitives that several actors are suspected behind, or null",
  ),
  evidence: described(listedEvidenceSchema, "May lag 300 s"),
};

/** An identity as an entry of the list. */
export const identitySummarySchema = named("IdentitySummary", z.object(summary));

/** A page of identities. */
export const identityListSchema = pageSchema("Identities", identitySummarySchema);

/** An identity with its attackers. The fields of the summary are spelled out: easier to read than a reference. */
export const identityDetailSchema = named(
  "Identity",
  z.object({
    ...summary,
    attackers: z.array(identityAttackerSchema),
    merged_from: described(
      z.array(z.string()),
      "Every identity whose attackers are here because of merges, directly or through another identity",
    ),
    observation_count: described(z.int(), "Observations that its states are computed from"),
  }),
);

/** Answer to a merge or an unmerge. */
export const movedSchema = named(
  "Moved",
  z.object({
    winner_uuid: z.string(),
    loser_uuid: z.string(),
    attacker_uuids: z.array(z.string()),
    done: described(z.boolean(), "Whether every state is recomputed; if not, a job goes on with it"),
  }),
);

/** Answer to the rebuild of one identity. */
export const rebuiltSchema = named("Rebuilt", z.object({ identity_uuid: z.string(), done: z.boolean() }));
