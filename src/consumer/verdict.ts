/** Every message gets its own verdict: done, or to be tried again later, and later each time. */

export type Verdict = { readonly kind: "done" } | { readonly kind: "retry"; readonly delaySecs: number };

/** The first wait, in seconds; doubles with each further attempt. */
export const RETRY_FIRST_SECS = 5;
/** The longest wait, in seconds. */
export const RETRY_LONGEST_SECS = 600;
/** What an overloaded object or database adds to the wait: it must not be asked again at once. */
export const OVERLOADED_EXTRA_SECS = 30;

/** The longest wait of a message put off by a pause, in seconds. */
export const PAUSED_LONGEST_SECS = 300;
/** The first and the longest wait of a dead letter that could not be kept, in seconds: an outage may last days. */
export const DEAD_LETTER_FIRST_SECS = 60;
export const DEAD_LETTER_LONGEST_SECS = 3_600;

/** Why something could not be done now. */
export type Failure = "failed" | "overloaded";

/**
 * The wait before the next attempt, in whole seconds.
 * @param attempts - how often the message was delivered, at least 1
 * @example retryDelaySecs(3, "failed") // 20
 */
export function retryDelaySecs(attempts: number, failure: Failure): number {
  const wait = RETRY_FIRST_SECS * 2 ** (Math.max(attempts, 1) - 1);
  const extra = failure === "overloaded" ? OVERLOADED_EXTRA_SECS : 0;
  return Math.min(wait + extra, RETRY_LONGEST_SECS);
}

/**
 * The verdict on a message, given what became of the identities it touched.
 * @param failures - of those that failed
 */
export function verdictOf(attempts: number, failures: readonly Failure[]): Verdict {
  if (failures.length === 0) return { kind: "done" };
  const worst = failures.includes("overloaded") ? "overloaded" : "failed";
  return { kind: "retry", delaySecs: retryDelaySecs(attempts, worst) };
}

/** What an error from D1 or an object says about trying again. */
export function failureOf(error: unknown): Failure {
  const isOverloaded =
    error instanceof Error &&
    (("overloaded" in error && error.overloaded === true) || /overloaded/i.test(error.message));
  return isOverloaded ? "overloaded" : "failed";
}

/** The wait of a message while the Worker is paused: 5 s, growing to 300 s. */
export function pausedDelaySecs(attempts: number): number {
  return Math.min(RETRY_FIRST_SECS * 2 ** (Math.max(attempts, 1) - 1), PAUSED_LONGEST_SECS);
}

/** The wait of a dead letter that could not be kept: a minute, growing to an hour. */
export function deadLetterDelaySecs(attempts: number): number {
  return Math.min(DEAD_LETTER_FIRST_SECS * 2 ** (Math.max(attempts, 1) - 1), DEAD_LETTER_LONGEST_SECS);
}
