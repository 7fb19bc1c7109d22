/**
 * Problem documents as routes describe them. A route names the problems that are its own; those that any route can have
 * (no token, no scope, a wrong parameter, a failure of ours) are added to the description for all of them alike.
 */
import { z } from "@hono/zod-openapi";
import { PROBLEMS, type ProblemCode } from "./problem.ts";

/** RFC 9457, with what we add to it. */
export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string().openapi({ description: "What went wrong, for programs" }),
    detail: z.string().openapi({ description: "What went wrong, for people" }),
    errors: z
      .array(z.object({ field: z.string(), code: z.string(), detail: z.string() }))
      .optional()
      .openapi({ description: "Every field that is wrong" }),
  })
  .openapi("Problem");

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

/** For routes that name an attacker or an identity in their path. */
export const NOT_FOUND = {
  404: problemAnswer("not_found", "No identity 44dcda6a-0000-4000-8000-8775a8501e2c is known."),
};

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
