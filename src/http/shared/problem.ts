/** Errors as RFC 9457 problem documents: one shape, one place where each code gets its status and title. */
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";

/** Status and title of each code that an answer can have. A code names the rule that was broken. */
export const PROBLEMS = {
  unauthorized: { status: 401, title: "A bearer token is needed" },
  wrong_origin: { status: 403, title: "A write with the session cookie must come from our own pages" },
  forbidden: { status: 403, title: "The token does not have the scope for this" },
  not_found: { status: 404, title: "Nothing was found" },
  evidence_off: { status: 404, title: "No evidence is computed" },
  method_not_allowed: { status: 405, title: "The address does not take this method" },
  linked_elsewhere: { status: 409, title: "The attacker is linked to another identity" },
  different_databases: { status: 409, title: "The two are in different databases" },
  conflict_self_merge: { status: 409, title: "An identity cannot be merged into itself" },
  already_merged: { status: 409, title: "The identity is merged into another one already" },
  not_merged: { status: 409, title: "The identity is not merged into another one" },
  not_latest_merge: { status: 409, title: "A later merge must be undone first" },
  dead_letter_incomplete: { status: 409, title: "Only the beginning of the dead letter was kept" },
  message_too_large: { status: 409, title: "The dead letter is larger than a queue message may be" },
  too_large: { status: 413, title: "The body is over a limit" },
  uri_too_long: { status: 414, title: "The address is too long" },
  unsupported_media_type: { status: 415, title: "The type of the body is not supported" },
  body_incomplete: { status: 400, title: "The body ended before it was complete" },
  malformed_json: { status: 400, title: "The body is not JSON" },
  invalid_request: { status: 422, title: "The request breaks a rule" },
  all_refused: { status: 422, title: "Every event was refused" },
  rate_limited: { status: 429, title: "Too many requests" },
  queue_unavailable: { status: 503, title: "The queue did not take the messages" },
  packing_observations: { status: 503, title: "The observations are being packed" },
  internal: { status: 500, title: "An internal error occurred" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** One field that is wrong. */
export interface FieldError {
  readonly field: string;
  readonly code: string;
  readonly detail: string;
}

/** Ends a request with a problem document. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly code: ProblemCode;
  readonly detail: string;
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    detail: string,
    extensions: Readonly<Record<string, unknown>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
    this.headers = headers;
    this.code = code;
    this.detail = detail;
    this.extensions = extensions;
  }
}

/** The problem that a failure is answered as. One that is not expected here says nothing about its cause. */
export function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof HTTPException && error.status === 415) {
    return new ProblemError("unsupported_media_type", "Send the body as application/json.");
  }
  if (error instanceof HTTPException && error.status === 400) {
    return new ProblemError("malformed_json", "The body must be JSON.");
  }
  return new ProblemError("internal", "The request failed; the log says why.");
}

/** The answer for a problem. */
export function problemResponse(c: Context, problem: ProblemError): Response {
  const { status, title } = PROBLEMS[problem.code];
  const document = {
    type: "about:blank",
    title,
    status,
    code: problem.code,
    detail: problem.detail,
    ...problem.extensions,
  };
  const challenge = status === 401 ? { "www-authenticate": 'Bearer realm="attribution"' } : {};
  const headers = { "content-type": "application/problem+json", ...challenge, ...problem.headers };
  return c.body(JSON.stringify(document), status, headers);
}
