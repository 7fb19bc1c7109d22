/** Calculates when an identity object retries. It is arithmetic, so tests need no alarm. */

/** Delay of the alarm after a transaction. It publishes the events if the drain that started at once did not finish. */
export const DRAIN_GRACE_MS = 5_000;
/** Delay after the first failed attempt. It doubles with each further one. */
export const RETRY_FIRST_MS = 2_000;
/** Maximum delay between attempts. An outage may last for days, and each attempt costs a request. */
export const RETRY_LONGEST_MS = 300_000;

/**
 * The delay after a number of consecutive failed attempts.
 * @param failures - at least 1
 * @example retryDelayMs(3) // 8000
 */
export function retryDelayMs(failures: number): number {
  return Math.min(RETRY_FIRST_MS * 2 ** (failures - 1), RETRY_LONGEST_MS);
}
