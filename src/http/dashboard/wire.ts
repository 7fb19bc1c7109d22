/** What the dashboard asks for besides the other resources; the shapes follow its pages. */
import * as z from "zod";
import { identityAttackerSchema } from "../attackers/wire.ts";
import { stateSchema } from "../attribution/wire.ts";
import { eventSchema } from "../events/wire.ts";
import { identitySummarySchema } from "../identities/wire.ts";
import { described, named, pageSchema } from "../shared/schema.ts";

/** A row of the list: the summary of an identity, and what else the list shows. */
export const rowSchema = named(
  "DashboardRow",
  z.object({
    ...identitySummarySchema.shape,
    addresses: described(z.array(z.string()), "The first three"),
    troubled: described(
      z.array(z.object({ primitive: z.string(), state: stateSchema })),
      "Primitives that are neither stable nor unknown",
    ),
  }),
);
export type Row = z.infer<typeof rowSchema>;

/** A page of the list. */
export const rowsSchema = pageSchema("DashboardRows", rowSchema);

const point = {
  value: described(z.unknown(), "Any JSON; of a long one the beginning of its text"),
  is_cut: z.boolean(),
  ts: z.number(),
  evidence_ref: z.string(),
  attacker_uuid: z.string(),
};

/** An observation of a series that is drawn. */
export const pointSchema = z.object(point);

/** The newest observations of one primitive, oldest first. */
export const seriesSchema = named(
  "DashboardSeries",
  z.object({
    data: z.array(pointSchema),
    has_more: described(z.boolean(), "Whether there are older ones"),
  }),
);

/** E at each of the newest observations of one primitive that count, oldest first. */
export const evidencePathSchema = named(
  "DashboardEvidencePath",
  z.object({
    first_number: described(z.int(), "Number of the first of them among all that count, from 1"),
    ts: described(z.array(z.number()), "Time of each"),
    e: described(
      z.array(z.number()),
      "E after each, with four significant digits; at or above the threshold it ends a regime",
    ),
    threshold: z.number(),
  }),
);
export type EvidencePath = z.infer<typeof evidencePathSchema>;

/** What the page of an identity shows besides its states and events. */
export const identityPageSchema = named(
  "DashboardIdentity",
  z.object({
    uuid: z.string(),
    attacker_count: z.int(),
    first_seen_at: z.nullable(z.number()),
    last_seen_at: described(z.nullable(z.number()), "Of the attackers that are listed"),
    attackers: described(
      z.array(identityAttackerSchema),
      "The earliest seen first; of more than 100, the first 100 by UUID",
    ),
    merged_from: described(z.array(z.string()), "The first 50"),
    recent: described(
      z.array(z.object({ primitive: z.string(), ...point })),
      "Of each primitive the observations that its state is computed from, oldest first",
    ),
    last_seq: described(z.int(), "Number of the newest event; 0 before the first"),
  }),
);
export type IdentityPage = z.infer<typeof identityPageSchema>;

/** A page of events in the order of `seq`, and where older ones end. */
export const eventsBeforeSchema = named(
  "DashboardEvents",
  z.object({
    data: z.array(eventSchema),
    before_seq: described(z.nullable(z.int()), "What to ask for next; null if there are no older ones"),
  }),
);
export type EventsBefore = z.infer<typeof eventsBeforeSchema>;

/** The newest events, summed up, and totals. A total is null while it is not known. */
export const overviewSchema = named(
  "DashboardOverview",
  z.object({
    event_count: described(z.int(), "Events that the sums are over"),
    turns: described(
      z.array(
        z.object({
          hour_ts: z.number(),
          old_state: z.nullable(stateSchema),
          new_state: stateSchema,
          count: z.int(),
        }),
      ),
      "How many states of primitives turned from one into another, by hour of the observation",
    ),
    active: z.array(z.object({ uuid: z.string(), transitions: z.int(), last_ts: z.number() })),
    suspicions: z.array(
      z.object({
        uuid: z.string(),
        primitives: described(z.array(z.string()), "The first 20"),
        primitive_count: z.int(),
        ts: z.number(),
      }),
    ),
    totals: z.object({
      observations: z.int(),
      attackers: z.nullable(z.int()),
      identities: z.nullable(z.int()),
      events: z.nullable(z.int()),
      states: z.nullable(z.record(stateSchema, z.int())),
      deferred: z.nullable(z.int()),
      dead_letters: z.nullable(z.int()),
      outbox_pending: z.nullable(z.int()),
      queue_backlog: z.nullable(z.int()),
      evidence: described(
        z.nullable(z.object({ unchanged: z.int(), changed_within_day: z.int(), several_operators: z.int() })),
        "Identities with states by evidence; null also while evidence is switched off",
      ),
    }),
  }),
);
export type Overview = z.infer<typeof overviewSchema>;
