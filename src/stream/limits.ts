/** The numbers of a stream, each with its unit and reason. */
export const STREAM_LIMITS = {
  /** Milliseconds between comment lines, and between readings when no poke comes. The contract's 15 s. */
  keepAliveMs: 15_000,
  /** Milliseconds after which a client that takes nothing is dropped: two comment lines. */
  stallMs: 30_000,
  /** Observations that may wait for a client; one more drops it. Ten calls' worth. */
  queuedMessages: 1_000,
  /** Characters of those: many slow clients share the 128 MB of one isolate. */
  queuedCharacters: 1_000_000,
  /** Milliseconds after which a client is to reconnect, and to prove again that it may read. One hour. */
  lifetimeMs: 3_600_000,
  /** Readings of the history by one stream, after which the client is to reconnect: the platform allows an invocation 10,000 calls. */
  reads: 5_000,
  /** Readings in a row that may fail before the client is to reconnect. */
  failures: 3,
  /** Milliseconds before a lost WebSocket is opened again: an object that is being deployed needs a moment. */
  reopenMs: 1_000,
} as const;

/** The same, for tests to shorten. */
export type StreamLimits = { readonly [name in keyof typeof STREAM_LIMITS]: number };
