/** Attackers as they are answered. */
import * as z from "zod";
import { named } from "../shared/schema.ts";

const seen = { first_seen: z.nullable(z.number()), last_seen: z.nullable(z.number()) };

/** An attacker as part of its identity. */
export const identityAttackerSchema = z.object({ uuid: z.string(), ip: z.nullable(z.string()), ...seen });

/** An attacker. */
export const attackerSchema = named(
  "Attacker",
  z.object({ uuid: z.string(), identity_uuid: z.nullable(z.string()), ip: z.nullable(z.string()), ...seen }),
);

/** Answer to the erasure of an attacker. */
export const erasedSchema = named(
  "Erased",
  z.object({ attacker_uuid: z.string(), erased_ts: z.number(), done: z.boolean() }),
);
