/** Problem documents (RFC 9457) as they are answered. */
import * as z from "zod";
import { described, named } from "./schema.ts";

/** A problem document, with what we add to it. */
export const problemSchema = named(
  "Problem",
  z.looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: described(z.string(), "Names the rule that was broken, for programs"),
    detail: described(z.string(), "Says what went wrong, for people"),
    errors: described(
      z.optional(z.array(z.object({ field: z.string(), code: z.string(), detail: z.string() }))),
      "Every field that is wrong",
    ),
  }),
);
