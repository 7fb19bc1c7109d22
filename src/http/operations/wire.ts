/** Totals and health, as they are answered. */
import * as z from "zod";
import { stateSchema } from "../attribution/wire.ts";
import { described, named } from "../shared/schema.ts";

/** Answer to `GET /stats`. */
export const statsSchema = named(
  "Stats",
  z.object({
    observations: z.int(),
    attackers: z.int(),
    identities: z.int(),
    states: z.record(stateSchema, z.int()),
    evidence: described(
      z.nullable(
        z.object({
          unchanged: described(z.int(), "Without a proven change"),
          changed_within_day: described(z.int(), "With a proven change in the last 24 h"),
          several_operators: described(z.int(), "With several operators by the last published estimate"),
        }),
      ),
      "Identities with states, by evidence; null while evidence is switched off",
    ),
    deferred: described(z.int(), "Observations whose attacker is not registered"),
    dead_letters: described(z.record(z.string(), z.int()), "By code"),
    unpublishable: described(z.int(), "Events that could not be published, kept as dead letters"),
    outbox: z.object({ pending: z.int(), oldest_ts: z.nullable(z.number()) }),
    queue: z.object({ backlog: z.nullable(z.int()), oldest_ts: z.nullable(z.number()) }),
    unlisted_values: z.int(),
    ignored: z.int(),
    events: z.int(),
  }),
);

/** Answer to `GET /health`. */
export const healthSchema = named(
  "Health",
  z.object({
    status: z.enum(["ok", "unavailable"]),
    problems: described(
      z.optional(z.array(z.string())),
      "Variables and bindings that are wrong, each with what it must be; absent if there are none",
    ),
    unpublishable: described(
      z.optional(z.int()),
      "Events that could not be published: dead letters with this code; absent if there are none",
    ),
  }),
);
