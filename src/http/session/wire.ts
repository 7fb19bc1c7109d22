/** Signing in, as it is asked for and answered. */
import * as z from "zod";
import { described, named } from "../shared/schema.ts";
import { SCOPES } from "../shared/scopes.ts";

/** Who is signed in. */
export const sessionSchema = named(
  "Session",
  z.object({
    scopes: z.array(z.enum(SCOPES)),
    expires_at: described(z.nullable(z.number()), "Epoch seconds; null for a bearer token"),
  }),
);
