/**
 * Problem documents as routes describe them. A route names the problems that only it has; those that any route can have
 * (no token, no scope, a wrong parameter, an internal error) are added to the description by `openapi.ts`.
 */
import { PROBLEMS, type ProblemCode } from "./problem.ts";
import { problemSchema } from "./problem-wire.ts";

/** A problem document with such a code, as an example. */
export function exampleProblem(
  code: ProblemCode,
  detail: string,
  extensions: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const { status, title } = PROBLEMS[code];
  return { type: "about:blank", title, status, code, detail, ...extensions };
}

/** A response of a route that is a problem document. */
export function problemAnswer(
  code: ProblemCode,
  detail: string,
  extensions: Readonly<Record<string, unknown>> = {},
) {
  return {
    description: PROBLEMS[code].title,
    content: {
      "application/problem+json": {
        schema: problemSchema,
        example: exampleProblem(code, detail, extensions),
      },
    },
  };
}

/** For routes with parameters. */
export const INVALID = {
  422: problemAnswer("invalid_request", "The field limit is wrong: must be a whole number from 1 to 1000.", {
    errors: [{ field: "limit", code: "invalid_field", detail: "must be a whole number from 1 to 1000" }],
  }),
};

/** For routes that count against the limit on ingest. */
export const RATE_LIMITED = problemAnswer(
  "rate_limited",
  "Too many ingest requests with this token. Wait 10 s.",
);
