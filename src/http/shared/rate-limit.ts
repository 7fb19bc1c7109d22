/**
 * Rate limits, by the platform's binding: per location, good enough against floods, not for accounting. Without the
 * binding, or when it fails, nothing is limited: an observation is worth more than a limit.
 */
import { logError } from "../../log.ts";
import { ProblemError } from "./problem.ts";

/** How long to wait after a limit was met, in seconds: the longest period a limit is counted over locally. */
const RETRY_AFTER_SECS = 10;

/** The limits there may be, as bindings; an environment may lack any. */
export interface RateLimits {
  /** Ingest requests, by token. */
  readonly INGEST_RATE_LIMIT?: RateLimit;
  /** Requests that fail to prove who they come from, by client address. */
  readonly AUTH_FAILURE_RATE_LIMIT?: RateLimit;
}

/**
 * Counts an ingest request.
 * @param caller - the hash of its token: never the token, and never logged
 * @throws ProblemError `rate_limited` over the limit
 */
export async function limitIngest(limits: RateLimits, caller: string): Promise<void> {
  await count(limits.INGEST_RATE_LIMIT, caller, "Too many ingest requests with this token.");
}

/**
 * Counts a request whose token or signature was wrong or missing. A right one is never held up by this, so whoever
 * shares an address with a guesser still gets in; guessing is hopeless by the length of the tokens.
 * @throws ProblemError `rate_limited` over the limit
 */
export async function limitAuthFailures(limits: RateLimits, request: Request): Promise<void> {
  const address = request.headers.get("cf-connecting-ip") ?? "unknown";
  await count(limits.AUTH_FAILURE_RATE_LIMIT, address, "Too many requests without a right token.");
}

async function count(limit: RateLimit | undefined, key: string, detail: string): Promise<void> {
  if (!limit || (await isWithin(limit, key))) return;
  const headers = { "retry-after": String(RETRY_AFTER_SECS) };
  throw new ProblemError("rate_limited", `${detail} Wait ${RETRY_AFTER_SECS} s.`, {}, headers);
}

async function isWithin(limit: RateLimit, key: string): Promise<boolean> {
  try {
    return (await limit.limit({ key })).success;
  } catch (error) {
    logError("rate_limit_failed", error);
    return true;
  }
}
