/**
 * All inputs of the plan: measured values, limits of the platform, and assumptions. `model.ts` has the arithmetic.
 */

/** Seconds of a day. */
export const DAY_SECS = 86_400;

/** A load, and how long its observations are kept. */
export interface Load {
  readonly observationsPerSec: number;
  /** Number of observations per message: 1, or those of a session. */
  readonly observationsPerMessage: number;
  readonly retentionDays: number;
}

/** A number with its unit and source. */
export interface Input {
  readonly value: number;
  readonly unit: string;
  readonly from: string;
}

const REPLAY = "replay of the real sessions";
const BENCH = "`npm run bench`";
const DOCS = "platform documentation";
const ASSUMED = "assumed";

const input = (value: number, unit: string, from: string): Input => ({ value, unit, from });

/** Measured cost and size of one observation. */
export const MEASURED = {
  d1RowsWritten: input(1.55, "rows per observation, everything counted", `${REPLAY}; 1.0 in steady state`),
  d1RowsRead: input(4.03, "rows per observation, 100 attackers in a batch", BENCH),
  objectRowsWritten: input(2, "rows per observation", BENCH),
  objectRowsRead: input(1.08, "rows per observation", REPLAY),
  eventsPerObservation: input(0.113, "events per observation", `${REPLAY}; far fewer in steady state`),
  identitiesPerObservation: input(0.0196, "new identities per observation", REPLAY),
  messageBytes: input(454, "bytes of a message per observation", REPLAY),
  d1ObservationBytes: input(325, "bytes in D1 per observation", REPLAY),
  d1EventBytes: input(1_239, "bytes in D1 per event, links and states included", REPLAY),
  objectBytes: input(69_632, "bytes of an almost empty object: a page per table", REPLAY),
  objectObservationBytes: input(256, "bytes in an object per observation", REPLAY),
  d1Statements: input(6, "statements per transaction", "this Worker; 9 with refusals"),
  d1RowMs: input(0.014, "ms per row of a batch", "measured locally: 1,000 rows in 14 ms"),
} as const satisfies Record<string, Input>;

/** Values that were not measured. To test a conclusion, double one of them. */
export const ASSUMED_INPUTS = {
  d1TransactionMs: input(10, "ms per transaction besides its rows", ASSUMED),
  objectCallMs: input(20, "ms per round of 64 object calls", ASSUMED),
  objectActiveMs: input(20, "ms that an object is billed for per call", ASSUMED),
  cpuMsPerObservation: input(0.1, "ms of CPU per observation", ASSUMED),
  cpuMsPerRequest: input(1, "ms of CPU per HTTP request or batch", ASSUMED),
  rateReserve: input(0.7, "of a rate limit used at most", ASSUMED),
  sizeReserve: input(0.8, "of a database filled at most", ASSUMED),
  databasesPerWorker: input(64, "databases bound to one Worker at most", "chosen: see “D1 calls” above"),
} as const satisfies Record<string, Input>;

/** Limits of the platform. */
export const LIMITS = {
  databaseBytes: input(10e9, "bytes per D1 database", DOCS),
  accountDatabaseBytes: input(1e12, "bytes of D1 per account (can be raised)", DOCS),
  queueMessagesPerSec: input(5_000, "messages per second and queue", DOCS),
  queueBacklogBytes: input(25e9, "bytes of backlog per queue", DOCS),
  queueBatch: input(100, "messages per batch", DOCS),
  consumers: input(250, "consumers at a time per queue", DOCS),
  messageBytes: input(128_000, "bytes per message", DOCS),
  d1Connections: input(6, "D1 calls under way per invocation", DOCS),
  d1Queries: input(1_000, "D1 queries per invocation", DOCS),
  objectCallsPerSec: input(1_000, "calls per second and object, about", DOCS),
  objectBytes: input(10e9, "bytes per object", DOCS),
  objectCallsAtATime: input(64, "object calls under way per database and batch", "this Worker"),
} as const satisfies Record<string, Input>;
