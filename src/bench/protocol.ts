/** Commands of the bench to its Worker, and their answers. Pure: both sides import this file. */
import { z } from "zod";

const CONSUMERS = ["ours", "metered", "floor", "port", "batched_port"] as const;
export type ConsumerName = (typeof CONSUMERS)[number];

const workload = z.object({
  group: z.string(),
  firstAttacker: z.number(),
  attackers: z.number(),
  mix: z.enum(["session", "categorical", "numeric", "hash", "bag"]),
  from: z.number(),
  perAttacker: z.number(),
  order: z.enum(["by_attacker", "in_turn"]),
  perMessage: z.number(),
  pointers: z.enum(["by_day", "own", "by_chance"]),
});

/** The commands. */
export const commandSchema = z.discriminatedUnion("command", [
  /** Creates the tables of the floor and of the port. */
  z.object({ command: z.literal("setup") }),
  /** Makes messages and keeps them in memory under a name. */
  z.object({ command: z.literal("prepare"), name: z.string(), workload }),
  /** Stores a history as fast as possible. */
  z.object({ command: z.literal("fill"), consumer: z.enum(CONSUMERS), workload }),
  /** Runs prepared messages through a consumer, in batches. */
  z.object({ command: z.literal("run"), name: z.string(), consumer: z.enum(CONSUMERS) }),
  /** Runs prepared messages through the metered consumer and returns the counters. */
  z.object({ command: z.literal("count"), name: z.string() }),
  /** Removes all prepared messages from memory. */
  z.object({ command: z.literal("forget") }),
  /**
   * Runs one message at a time through the engine, then through the floor, then measures nothing. Each engine message
   * publishes an event. A clock outside the runtime is told when each part begins and ends.
   */
  z.object({
    command: z.literal("latency"),
    group: z.string(),
    from: z.number(),
    samples: z.number(),
    clock: z.string(),
  }),
  /** Sends the same request to the shipped router a number of times, one after the other. */
  z.object({
    command: z.literal("read"),
    path: z.string(),
    times: z.number(),
  }),
  /** Registers attackers and sends events as `npm run replay` does, and counts everything. */
  z.object({
    command: z.literal("replay"),
    attackers: z.array(z.object({ uuid: z.string(), facts: z.looseObject({}) })),
    events: z.array(z.unknown()),
  }),
  /** Waits until the metered objects have published everything, and returns the counters since the last such command. */
  z.object({ command: z.literal("take_counts") }),
  /** Returns the number of stored observations. */
  z.object({ command: z.literal("stored") }),
  /** Returns the bytes of each table of D1 by dropping it, so this is the last command. */
  z.object({ command: z.literal("table_bytes") }),
  /** Returns the bytes of a metered object's database. */
  z.object({ command: z.literal("object_bytes"), identityUuid: z.string() }),
  /** Sends messages to the real queue. */
  z.object({ command: z.literal("send"), workload }),
  /** Returns the lag of the messages since the last such command. */
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

/** Cost of batches. `worker` and `objects` are counted separately. */
export const countedSchema = z.object({
  batches: z.number(),
  messages: z.number(),
  observations: z.number(),
  worker: countsSchema,
  objects: countsSchema,
  /** Rows by SQL statement, the most rows written first. */
  statements: z.array(
    z.object({ statement: z.string(), runs: z.number(), read: z.number(), written: z.number() }),
  ),
});
export type Counted = z.infer<typeof countedSchema>;

/** Bytes of a database, and of its tables with their indexes. `total` also includes what belongs to no table. */
export const tableBytesSchema = z.object({
  total: z.number(),
  tables: z.record(z.string(), z.object({ rows: z.number(), bytes: z.number() })),
});
export type TableBytes = z.infer<typeof tableBytesSchema>;

/** What the clock outside the runtime times; the last segment of the path that it is told. */
export const TIMED = ["ours", "floor", "nothing"] as const;
export type Timed = (typeof TIMED)[number];

export const lagSchema = z.object({
  messages: z.number(),
  /** Milliseconds from the sending of a message until it is applied. */
  median: z.number().nullable(),
  p99: z.number().nullable(),
  /** Events that were published. */
  events: z.number(),
  /** Messages that wait in the queue. */
  backlog: z.number(),
});
export type Lag = z.infer<typeof lagSchema>;
