/** What the bench asks of its Worker, and what it is answered. Pure: both sides import it. */
import { z } from "zod";

export const CONSUMERS = ["ours", "metered", "floor", "port", "batched_port"] as const;
export type ConsumerName = (typeof CONSUMERS)[number];

const workload = z.object({
  group: z.string(),
  firstAttacker: z.number(),
  attackers: z.number(),
  mix: z.enum(["session", "categorical", "numeric", "hash"]),
  from: z.number(),
  perAttacker: z.number(),
  order: z.enum(["by_attacker", "in_turn"]),
  perMessage: z.number(),
  pointers: z.enum(["by_day", "by_chance"]),
});

/** What can be asked. */
export const commandSchema = z.discriminatedUnion("command", [
  /** Makes what is needed besides D1's migrations. */
  z.object({ command: z.literal("setup") }),
  /** Makes messages and holds them under a name. */
  z.object({ command: z.literal("prepare"), name: z.string(), workload }),
  /** Stores a history as fast as can be. */
  z.object({ command: z.literal("fill"), consumer: z.enum(CONSUMERS), workload }),
  /** Hands prepared messages to a consumer, in batches. */
  z.object({ command: z.literal("run"), name: z.string(), consumer: z.enum(CONSUMERS) }),
  /** The same, and what it cost. */
  z.object({ command: z.literal("count"), name: z.string() }),
  /** Lets go of everything prepared. */
  z.object({ command: z.literal("forget") }),
  /**
   * One message at a time, each of which publishes, and the floor with it, and nothing at all: the beginning and the end
   * of each are told to a clock outside.
   */
  z.object({
    command: z.literal("latency"),
    group: z.string(),
    from: z.number(),
    samples: z.number(),
    clock: z.string(),
  }),
  /** Requests of one kind, one after the other, through the shipped router. */
  z.object({
    command: z.literal("read"),
    path: z.string(),
    times: z.number(),
  }),
  /** Registers attackers and sends events as `npm run replay` does, and counts all of it. */
  z.object({
    command: z.literal("replay"),
    attackers: z.array(z.object({ uuid: z.string(), facts: z.looseObject({}) })),
    events: z.array(z.unknown()),
  }),
  /** Waits until every metered object has published what is due, and says what all cost since the last time. */
  z.object({ command: z.literal("settle") }),
  /** How many observations are stored. */
  z.object({ command: z.literal("stored") }),
  /** Puts messages on the real queue. */
  z.object({ command: z.literal("send"), workload }),
  /** What came of those since the last time. */
  z.object({ command: z.literal("lag") }),
]);
export type Command = z.infer<typeof commandSchema>;

const countsSchema = z.object({
  d1Calls: z.number(),
  d1Read: z.number(),
  d1Written: z.number(),
  objectCalls: z.number(),
  objectRead: z.number(),
  objectWritten: z.number(),
  alarmsSet: z.number(),
  alarmsRun: z.number(),
  eventsSent: z.number(),
  eventOperations: z.number(),
});

/** What batches cost, the objects' own doings apart. */
export const countedSchema = z.object({
  batches: z.number(),
  messages: z.number(),
  observations: z.number(),
  worker: countsSchema,
  objects: countsSchema,
  /** Rows by statement, the most written first. */
  statements: z.array(
    z.object({ statement: z.string(), runs: z.number(), read: z.number(), written: z.number() }),
  ),
});
export type Counted = z.infer<typeof countedSchema>;

/** What the clock outside is told of, as the last part of its path. */
export const TIMED = ["ours", "floor", "nothing"] as const;
export type Timed = (typeof TIMED)[number];

export const lagSchema = z.object({
  messages: z.number(),
  /** Milliseconds from being queued to being applied. */
  median: z.number().nullable(),
  p99: z.number().nullable(),
  /** Events that came out. */
  events: z.number(),
  /** Messages that wait in the queue. */
  backlog: z.number(),
});
export type Lag = z.infer<typeof lagSchema>;
