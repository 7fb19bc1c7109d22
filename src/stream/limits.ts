/** The numbers of a stream, each with its unit and reason. */
export const STREAM_LIMITS = {
  /** Milliseconds between comment lines, and between readings without a poke: 15 s by contract §7. */
  keepAliveMs: 15_000,
  /** Milliseconds after which a client that takes nothing is dropped: two comment lines. */
  stallMs: 30_000,
  /** Observations that may wait for a client, those of ten calls; with one more the client is dropped. */
  queuedMessages: 1_000,
  /** Characters of waiting observations: many slow clients share the 128 MB of one isolate. */
  queuedCharacters: 1_000_000,
  /** Milliseconds after which a client has to reconnect and to authenticate again: one hour. */
  lifetimeMs: 3_600_000,
  /**
   * D1 queries of one stream, after which the client has to reconnect: an invocation may make 1,000, and some are needed
   * to open the stream and to follow merges. On the free plan, with 50, a stream ends when its readings fail.
   */
  queries: 900,
  /** Readings in a row that may fail before the client has to reconnect. */
  failures: 3,
  /** Milliseconds before a lost WebSocket is opened again: an object that is being deployed needs a moment. */
  reopenMs: 1_000,
} as const;

/** The numbers of a stream; tests use shorter ones. */
export type StreamLimits = { readonly [name in keyof typeof STREAM_LIMITS]: number };
