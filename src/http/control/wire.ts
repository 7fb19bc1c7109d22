/** The switch and the progress of a rebuild, as they are answered. */
import * as z from "zod";
import { named } from "../shared/schema.ts";

/** Whether the Worker is paused. */
export const controlSchema = named("Control", z.object({ paused: z.boolean() }));

/** How far rebuilding everything is. */
export const rebuildSchema = named(
  "Rebuild",
  z.object({
    state: z.enum(["never", "running", "finished"]),
    done: z.int(),
    total: z.int(),
    failed: z.int(),
    started_ts: z.nullable(z.number()),
    finished_ts: z.nullable(z.number()),
    /** Why the last identity failed, or why the next step cannot be taken; null if nothing failed. */
    error: z.nullable(z.string()),
  }),
);
