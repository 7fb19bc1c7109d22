/**
 * Rate limits, by the platform's binding, which counts per location: enough against floods, not for accounting. Without
 * the binding, or if it fails, nothing is limited, so that no observation is lost.
 */
import { logError } from "../../log.ts";
import { ProblemError } from "./problem.ts";

/** How long to wait after a limit was reached, in seconds: the longest period of the local limits. */
const RETRY_AFTER_SECS = 10;

/** The limits, as bindings; an environment may lack any of them. */
interface RateLimits {
  /** Ingest requests and registrations, by token. */
  readonly INGEST_RATE_LIMIT?: RateLimit;
  /** Requests with a wrong or missing token, ticket or signature, by client address. */
  readonly AUTH_FAILURE_RATE_LIMIT?: RateLimit;
}

/**
 * Counts an ingest request or a registration.
 * @param caller - the hash of its token: never the token, and never logged
 * @throws ProblemError `rate_limited` over the limit
 */
export async function limitIngest(limits: RateLimits, caller: string): Promise<void> {
  await count(limits.INGEST_RATE_LIMIT, caller, "Too many ingest requests with this token.");
}

/**
 * Counts a request whose token, ticket or signature was wrong or missing. A request with a right one is never counted,
 * so it is let in even from the address of somebody who guesses.
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
