/** When an identity object tries again: arithmetic, so that it can be tested without an alarm. */

/** How long after events became due the alarm steps in, should the drain that starts at once not live to finish. */
export const DRAIN_GRACE_MS = 5_000;
/** The first wait after a failed attempt; doubles with each further one. */
export const RETRY_FIRST_MS = 2_000;
/** The longest wait between attempts: an outage may last for days, and each attempt costs a request. */
export const RETRY_LONGEST_MS = 300_000;

/**
 * How long to wait after a number of failed attempts in a row.
 * @param failures - at least 1
 * @example retryDelayMs(3) // 8000
 */
export function retryDelayMs(failures: number): number {
  return Math.min(RETRY_FIRST_MS * 2 ** (failures - 1), RETRY_LONGEST_MS);
}
