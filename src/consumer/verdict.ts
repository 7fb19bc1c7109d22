/** The verdict on each message: done, or to be delivered again after a wait that grows with each attempt. */

/**
 * Why a message is delivered again: something failed; the Worker is paused, by a switch or by a wrong variable, or for an attacker
 * by observations that are not packed yet; or its turn did not come in this batch.
 */
export type RetryReason = "failure" | "paused" | "postponed";

export type Verdict =
  | { readonly kind: "done" }
  | { readonly kind: "retry"; readonly reason: RetryReason; readonly delaySecs: number };

/** The first wait, in seconds; doubles with each further attempt. */
export const RETRY_FIRST_SECS = 5;
/** The longest wait, in seconds. */
export const RETRY_LONGEST_SECS = 600;
/** Seconds added to the wait after an object or a database was overloaded: an early retry would add to the load. */
export const OVERLOADED_EXTRA_SECS = 30;

/** The longest wait of a message that is put off by a pause, in seconds. */
export const PAUSED_LONGEST_SECS = 300;
/** The first and the longest wait of a dead letter that could not be kept, in seconds: an outage may last days. */
export const DEAD_LETTER_FIRST_SECS = 60;
export const DEAD_LETTER_LONGEST_SECS = 3_600;

/** The verdict on a message whose turn did not come: a short wait, however often it was delivered. */
export const POSTPONED: Verdict = { kind: "retry", reason: "postponed", delaySecs: RETRY_FIRST_SECS };

/** Why something could not be done now. */
export type Failure = "failed" | "overloaded";

/**
 * The wait before the next attempt, in whole seconds.
 * @param attempts - how often the message was delivered, at least 1
 * @example retryDelaySecs(3, "failed") // 20
 */
export function retryDelaySecs(attempts: number, failure: Failure): number {
  const extra = failure === "overloaded" ? OVERLOADED_EXTRA_SECS : 0;
  return Math.min(doubled(RETRY_FIRST_SECS, attempts) + extra, RETRY_LONGEST_SECS);
}

/**
 * The verdict on a message, given what became of the identities in it.
 * @param failures - of the identities that failed
 */
export function verdictOf(attempts: number, failures: readonly Failure[]): Verdict {
  if (failures.length === 0) return { kind: "done" };
  const worst = failures.includes("overloaded") ? "overloaded" : "failed";
  return { kind: "retry", reason: "failure", delaySecs: retryDelaySecs(attempts, worst) };
}

/** The verdict on a message while the Worker is paused. */
export function pausedVerdict(attempts: number): Verdict {
  return { kind: "retry", reason: "paused", delaySecs: pausedDelaySecs(attempts) };
}

/**
 * The verdict on a message that has one in each of two databases: done only where both are, else the longer wait. A
 * pause in one of them is a pause of the message.
 */
export function laterOf(a: Verdict, b: Verdict): Verdict {
  if (a.kind === "done") return b;
  if (b.kind === "done") return a;
  const isPaused = a.reason === "paused" || b.reason === "paused";
  const later = b.delaySecs > a.delaySecs ? b : a;
  return isPaused ? { ...later, reason: "paused" } : later;
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
  return Math.min(doubled(RETRY_FIRST_SECS, attempts), PAUSED_LONGEST_SECS);
}

/** The wait of a dead letter that could not be kept: a minute, growing to an hour. */
export function deadLetterDelaySecs(attempts: number): number {
  return Math.min(doubled(DEAD_LETTER_FIRST_SECS, attempts), DEAD_LETTER_LONGEST_SECS);
}

function doubled(firstSecs: number, attempts: number): number {
  return firstSecs * 2 ** (Math.max(attempts, 1) - 1);
}
