/**
 * All inputs of the plan: measured values, limits of the platform, and assumptions. `model.ts` and `usage.ts` have the arithmetic. After a
 * run of `npm run bench`, its figures are copied here; each input names its measure.
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
const DOCS = "platform documentation";
const ASSUMED = "assumed";

const input = (value: number, unit: string, from: string): Input => ({ value, unit, from });

/** A measure of `npm run bench`, named so that the figure can be found in its results. */
const bench = (name: string) => `bench: \`${name}\``;

/** A value per observation that depends on how many observations of a session come together. */
export interface ByArrival {
  /** One observation per message, each a session of its own. */
  readonly single: Input;
  /** `SESSION_OBSERVATIONS` of a session per message. */
  readonly session: Input;
}

/** Observations of the sessions that `ByArrival` was measured with. */
export const SESSION_OBSERVATIONS = 30;

/** Measured per observation, apart for single observations and for sessions. Nothing is published in these runs. */
export const BY_ARRIVAL = {
  d1RowsWritten: {
    single: input(1.043, "rows per observation", bench("d1_written_single")),
    session: input(0.067, "rows per observation", bench("d1_written_session")),
  },
  d1RowsRead: {
    single: input(16.1, "rows per observation", bench("d1_read_100")),
    session: input(0.535, "rows per observation", bench("usd_session")),
  },
  objectRowsWritten: {
    single: input(2, "rows per observation", bench("object_written_single")),
    session: input(0.1, "rows per observation", bench("object_written_session")),
  },
  d1Bytes: {
    single: input(175, "bytes of session rows in D1 per observation", bench("session_bytes_single")),
    session: input(36.5, "bytes of session rows in D1 per observation", bench("session_bytes_30")),
  },
  objectBytes: {
    single: input(210, "bytes in an object per observation", bench("object_bytes_more")),
    session: input(147, "bytes in an object per observation", bench("object_bytes_more")),
  },
  d1Ms: {
    single: input(0.02, "ms of the database's thread per observation", "measured locally: 100 rows in 2 ms"),
    session: input(
      0.0018,
      "ms of the database's thread per observation",
      "measured locally: 100 rows of 30 in 5.5 ms",
    ),
  },
} as const satisfies Record<string, ByArrival>;

/** Measured otherwise. `replay…` are the figures of the replay, which has first observations, transitions and registrations. */
export const MEASURED = {
  replayObservationsPerSession: input(3.79, "observations per session", REPLAY),
  replayD1RowsWritten: input(0.584, "rows per observation, everything counted", bench("d1_written_replay")),
  replayObjectRowsWritten: input(
    0.554,
    "rows per observation, everything counted",
    bench("object_written_replay"),
  ),
  objectRowsRead: input(1, "rows per observation", bench("usd_replay")),
  eventsPerObservation: input(0.113, "events per observation", `${REPLAY}; far fewer in steady state`),
  eventsPerPage: input(5.05, "events per row of D1", `${REPLAY}: events of one drain`),
  profileRows: input(
    1,
    "rows per call that comes 300 s or more after the one before: the read model",
    "this Worker; `PROFILE_REFRESH_SECS`",
  ),
  identitiesPerObservation: input(0.0196, "new identities per observation", REPLAY),
  messageBytes: input(405, "bytes of a message per observation", REPLAY),
  d1EventBytes: input(109, "bytes in D1 per event", bench("d1_bytes_replay")),
  d1IdentityBytes: input(1_902, "bytes in D1 per identity: links, states, profile", bench("d1_bytes_replay")),
  objectBaseBytes: input(
    28_672,
    "bytes of an object with one session, an alarm set",
    bench("object_bytes_1"),
  ),
  rowObservations: input(128, "observations of a session row at most", "this Worker"),
  d1Statements: input(6, "statements per transaction", "this Worker; 9 with refusals"),
} as const satisfies Record<string, Input>;

/** Values that were not measured. To test a conclusion, double one of them. */
export const ASSUMED_INPUTS = {
  d1TransactionMs: input(10, "ms per transaction besides its rows", ASSUMED),
  objectCallMs: input(20, "ms per round of 64 object calls", ASSUMED),
  objectActiveMs: input(20, "ms that an object is billed for per call", ASSUMED),
  observationsPerVisit: input(30, "observations of an identity while its object is in memory", ASSUMED),
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
