/** The platform's limits that the tests hold the Worker to. Sizes are bytes; Cloudflare counts 1 KB as 1,000 bytes. */

/** What can be used up. `unit` says what is counted, `scope` within what. */
export const LIMITS = {
  d1_queries: { allowed: 1_000, unit: "queries", scope: "D1, per invocation; each member of a batch counts" },
  d1_parameters: { allowed: 100, unit: "parameters", scope: "D1, per statement" },
  d1_statement: { allowed: 100_000, unit: "bytes", scope: "D1, text of a statement" },
  d1_value: { allowed: 2_000_000, unit: "bytes", scope: "D1, per bound value" },
  d1_row: { allowed: 2_000_000, unit: "bytes", scope: "D1, per row written or read" },
  object_parameters: { allowed: 100, unit: "parameters", scope: "object SQL, per statement" },
  object_statement: { allowed: 100_000, unit: "bytes", scope: "object SQL, text of a statement" },
  object_value: { allowed: 2_000_000, unit: "bytes", scope: "object SQL, per bound value" },
  object_row: { allowed: 2_000_000, unit: "bytes", scope: "object SQL, per row written" },
  queue_message: {
    allowed: 128_000,
    unit: "bytes",
    scope: "queue, per message, 100 bytes of metadata included",
  },
  queue_batch_messages: { allowed: 100, unit: "messages", scope: "queue, per `sendBatch`" },
  queue_batch_bytes: { allowed: 256_000, unit: "bytes", scope: "queue, per `sendBatch`" },
  subrequests: { allowed: 10_000, unit: "calls", scope: "D1, queues, objects and fetch, per invocation" },
  object_arguments: { allowed: 33_554_432, unit: "bytes", scope: "object call, arguments" },
  object_answer: { allowed: 33_554_432, unit: "bytes", scope: "object call, answer" },
  alarm_failures: { allowed: 0, unit: "throws", scope: "`alarm()`: the platform gives up after six retries" },
} as const satisfies Record<string, { allowed: number; unit: string; scope: string }>;

export type LimitName = keyof typeof LIMITS;

/** The highest use of a limit. */
export interface Use {
  readonly used: number;
  readonly allowed: number;
  /** The invocation and what it did. */
  readonly by: string;
}

/** A call that was refused. */
export interface Refusal {
  readonly limit: LimitName;
  readonly used: number;
  readonly by: string;
}

/** What one test used; stands in the test's `meta`. */
export interface TestUse {
  readonly uses: Partial<Record<LimitName, Use>>;
  readonly refusals: readonly Refusal[];
  /** Figures that the test measured. */
  readonly notes: readonly string[];
}

declare module "vitest" {
  interface TaskMeta {
    limits?: TestUse;
  }
}

/** Bytes of metadata that a queue adds to each message. */
export const MESSAGE_METADATA_BYTES = 100;

/** The error with which the platform refuses a call over a limit. */
export function refusalOf(limit: LimitName, used: number, allowed: number): Error {
  return new Error(REFUSALS[limit](used, allowed));
}

const TOO_MANY_VARIABLES = "too many SQL variables at offset 0: SQLITE_ERROR";
const TOO_BIG = "string or blob too big: SQLITE_TOOBIG";
const TOO_LONG = "statement too long: SQLITE_TOOBIG";
const CALL_TOO_LARGE = (used: number, allowed: number) =>
  `Serialized RPC arguments or return values are limited to 32MiB, but the size of this value was: ${used} bytes (limit ${allowed}).`;

const REFUSALS: Record<LimitName, (used: number, allowed: number) => string> = {
  d1_queries: () => "D1_ERROR: Too many API requests by single worker invocation.",
  d1_parameters: () => `D1_ERROR: ${TOO_MANY_VARIABLES}`,
  d1_statement: () => `D1_ERROR: ${TOO_LONG}`,
  d1_value: () => `D1_ERROR: ${TOO_BIG}`,
  d1_row: () => `D1_ERROR: ${TOO_BIG}`,
  object_parameters: () => TOO_MANY_VARIABLES,
  object_statement: () => TOO_LONG,
  object_value: () => TOO_BIG,
  object_row: () => TOO_BIG,
  queue_message: (used, allowed) =>
    `Queue send failed: message length of ${used} bytes exceeds limit of ${allowed} (10204)`,
  queue_batch_messages: (used, allowed) =>
    `Queue sendBatch failed: batch message count of ${used} exceeds limit of ${allowed} (10206)`,
  queue_batch_bytes: (used, allowed) =>
    `Queue sendBatch failed: batch size of ${used} bytes exceeds limit of ${allowed} (10205)`,
  subrequests: () => "Too many subrequests by single Worker invocation.",
  object_arguments: CALL_TOO_LARGE,
  object_answer: CALL_TOO_LARGE,
  alarm_failures: () => "alarm() threw",
};
