/** List prices of the platform, for the bill of a benchmark and for the plan of a load. Pure. */

/** A price in US dollars, and the units per month that the paid plan includes. */
interface Price {
  readonly name: string;
  readonly usd: number;
  /** Number of units that `usd` pays for. */
  readonly per: number;
  readonly included: number;
}

const M = 1e6;

/** List prices of the paid plan. */
export const PRICES = {
  queueOperations: { name: "queue operations", usd: 0.4, per: M, included: 1 * M },
  d1RowsWritten: { name: "D1 rows written", usd: 1, per: M, included: 50 * M },
  d1RowsRead: { name: "D1 rows read", usd: 0.001, per: M, included: 25_000 * M },
  d1Gigabytes: { name: "D1 storage, GB", usd: 0.75, per: 1, included: 5 },
  objectRequests: { name: "object requests", usd: 0.15, per: M, included: 1 * M },
  objectRowsWritten: { name: "object rows written", usd: 1, per: M, included: 50 * M },
  objectRowsRead: { name: "object rows read", usd: 0.001, per: M, included: 25_000 * M },
  objectGigabytes: { name: "object storage, GB", usd: 0.2, per: 1, included: 5 },
  objectGigabyteSecs: { name: "object duration, GB-s", usd: 12.5, per: M, included: 0.4 * M },
  workerRequests: { name: "Worker requests", usd: 0.3, per: M, included: 10 * M },
  workerCpuMs: { name: "Worker CPU, ms", usd: 0.02, per: M, included: 30 * M },
  logLines: { name: "log lines", usd: 0.6, per: M, included: 20 * M },
} as const satisfies Record<string, Price>;

export type Billed = keyof typeof PRICES;

/** Queue operations per message: it is written, read and deleted. */
export const OPERATIONS_PER_MESSAGE = 3;
/** Bytes of a message that the queue bills as one operation. */
const OPERATION_BYTES = 64_000;

/** Queue operations that a message of this size is billed for, from its sending to its deletion. */
export function queueOperations(bytes: number): number {
  return OPERATIONS_PER_MESSAGE * Math.ceil(bytes / OPERATION_BYTES);
}
