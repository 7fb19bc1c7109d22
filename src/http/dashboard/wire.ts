/**
 * The shapes of what the dashboard asks for: one schema each, for the Worker's answer, its description, and the
 * dashboard, whose bundle holds this file. So it imports nothing of the Worker but constants.
 */
import * as z from "zod";
import { STATES } from "../../core/observation.ts";

const count = z.number().int();
/** Epoch seconds; null where nothing is known yet. */
const optionalTs = z.number().nullable();
/** One of the five states. */
export const stateSchema = z.enum(STATES);
const statesSchema = z.object({
  unknown: count,
  stable: count,
  drifting: count,
  conflicted: count,
  multi_actor: count,
});

/** A row of the list. */
export const rowSchema = z.object({
  uuid: z.string(),
  attacker_count: count,
  first_seen_at: optionalTs,
  last_seen_at: optionalTs,
  last_change_ts: optionalTs,
  states: statesSchema,
  multi_actor_suspected: z.array(z.string()).nullable(),
  addresses: z.array(z.string()).meta({ description: "The first three" }),
  troubled: z.array(z.object({ primitive: z.string(), state: stateSchema })),
});
export type Row = z.infer<typeof rowSchema>;

/** A page of the list. */
export const rowsSchema = z.object({ data: z.array(rowSchema), next_cursor: z.string().nullable() });

const point = {
  value: z.unknown().meta({ description: "Any JSON; of a long one the beginning of its text" }),
  is_cut: z.boolean(),
  ts: z.number(),
  evidence_ref: z.string(),
  attacker_uuid: z.string(),
};

/** An observation of a series that is drawn. */
export const pointSchema = z.object(point);

/** The newest observations of one primitive, oldest first. */
export const seriesSchema = z.object({
  data: z.array(pointSchema),
  has_more: z.boolean().meta({ description: "Whether there are older ones" }),
});

/** What the page of an identity shows besides its states and events. */
export const identityPageSchema = z.object({
  uuid: z.string(),
  attacker_count: count,
  first_seen_at: optionalTs,
  last_seen_at: optionalTs.meta({ description: "Of the attackers that are listed" }),
  attackers: z
    .array(
      z.object({
        uuid: z.string(),
        ip: z.string().nullable(),
        first_seen: optionalTs,
        last_seen: optionalTs,
      }),
    )
    .meta({ description: "The earliest seen first; of more than 100, some" }),
  merged_from: z.array(z.string()).meta({ description: "Of more than 50, some" }),
  recent: z
    .array(z.object({ primitive: z.string(), ...point }))
    .meta({ description: "Of each primitive the observations that its state is judged by, oldest first" }),
  last_seq: count.meta({ description: "Number of the newest event; 0 before the first" }),
});
export type IdentityPage = z.infer<typeof identityPageSchema>;

/** A page of events in the order of `seq`, and where older ones end. */
export function eventPageSchema<T extends z.core.$ZodType>(event: T) {
  return z.object({
    data: z.array(event),
    before_seq: count
      .nullable()
      .meta({ description: "What to ask for next; null if there are no older ones" }),
  });
}

const turn = z.object({
  hour_ts: z.number(),
  old_state: stateSchema.nullable(),
  new_state: stateSchema,
  count,
});

/** The newest events, summed up, and totals. A total is null while it is not known. */
export const overviewSchema = z.object({
  event_count: count.meta({ description: "Events that the sums are over" }),
  turns: z.array(turn),
  active: z.array(z.object({ uuid: z.string(), transitions: count, last_ts: z.number() })),
  suspicions: z.array(
    z.object({
      uuid: z.string(),
      primitives: z.array(z.string()).meta({ description: "The first 20" }),
      primitive_count: count,
      ts: z.number(),
    }),
  ),
  totals: z.object({
    observations: count,
    attackers: count.nullable(),
    identities: count.nullable(),
    events: count.nullable(),
    states: statesSchema.nullable(),
    deferred: count.nullable(),
    dead_letters: count.nullable(),
    outbox_pending: count.nullable(),
    queue_backlog: count.nullable(),
  }),
});
export type Overview = z.infer<typeof overviewSchema>;
