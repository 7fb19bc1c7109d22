/** Simulates verdicts: a message is delivered again and again, with random results of its identities. */
import {
  DEAD_LETTER_FIRST_SECS,
  DEAD_LETTER_LONGEST_SECS,
  deadLetterDelaySecs,
  type Failure,
  failureOf,
  OVERLOADED_EXTRA_SECS,
  PAUSED_LONGEST_SECS,
  pausedDelaySecs,
  RETRY_FIRST_SECS,
  RETRY_LONGEST_SECS,
  verdictOf,
} from "../../src/consumer/verdict.ts";
import type { Random } from "../../src/simulate/random.ts";

/** Maximum delay of a queue, in seconds: 24 hours. */
const QUEUE_LONGEST_SECS = 86_400;

/** Delivers one message until it is done or out of retries. @returns one sentence per failed check */
export function deliverAtRandom(random: Random): string[] {
  const problems: string[] = [];
  const bounds = (what: string, secs: number, first: number, longest: number, before: number) => {
    const isFine = Number.isInteger(secs) && secs >= first && secs <= longest && secs >= before;
    if (!isFine || secs > QUEUE_LONGEST_SECS) problems.push(`${what}: ${secs} s after ${before} s`);
  };
  let [retry, paused, letter] = [0, 0, 0];
  const deliveries = random.integer(1, 100);
  for (let attempts = 1; attempts <= deliveries; attempts++) {
    const failures = Array.from({ length: random.integer(0, 3) }, () => failureOf(failure(random)));
    const verdict = verdictOf(attempts, failures);
    if ((verdict.kind === "done") !== (failures.length === 0))
      problems.push(`${verdict.kind} with ${failures.join()}`);
    if (verdict.kind === "retry") {
      const extra = failures.includes("overloaded") ? OVERLOADED_EXTRA_SECS : 0;
      const secs = verdict.delaySecs - (verdict.delaySecs < RETRY_LONGEST_SECS ? extra : 0);
      bounds("retry", verdict.delaySecs, RETRY_FIRST_SECS + extra, RETRY_LONGEST_SECS, secs);
      bounds("retry", secs, RETRY_FIRST_SECS, RETRY_LONGEST_SECS, retry - extra);
      retry = secs;
    }
    bounds("paused", pausedDelaySecs(attempts), RETRY_FIRST_SECS, PAUSED_LONGEST_SECS, paused);
    paused = pausedDelaySecs(attempts);
    bounds("letter", deadLetterDelaySecs(attempts), DEAD_LETTER_FIRST_SECS, DEAD_LETTER_LONGEST_SECS, letter);
    letter = deadLetterDelaySecs(attempts);
  }
  return problems;
}

const EXPECTED: readonly (readonly [unknown, Failure])[] = [
  [new Error("D1_ERROR: no such table"), "failed"],
  [new Error("D1 DB is overloaded. Requests queued for too long."), "overloaded"],
  [Object.assign(new Error("reset"), { overloaded: true }), "overloaded"],
  [Object.assign(new Error("reset"), { overloaded: false }), "failed"],
  ["a text", "failed"],
  [null, "failed"],
];

function failure(random: Random): unknown {
  const [error, expected] = EXPECTED[random.integer(0, EXPECTED.length - 1)] ?? [null, "failed"];
  if (failureOf(error) !== expected) throw new Error(`${String(error)} must be ${expected}`);
  return error;
}
