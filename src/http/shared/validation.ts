/** The answer to a request that does not fit the schema of its route. */
import type { Hook } from "@hono/zod-openapi";
import type { AppEnv } from "./access.ts";
import { type FieldError, ProblemError } from "./problem.ts";

/** Turns what a schema found into a problem document that names every wrong field. */
export const rejectInvalid: Hook<unknown, AppEnv, string, Response | undefined> = (result) => {
  if (result.success) return undefined;
  const errors: FieldError[] = result.error.issues.map((issue) => ({
    field: issue.path.join(".") || result.target,
    code: "invalid_field",
    detail: issue.message,
  }));
  const [first] = errors;
  throw new ProblemError("invalid_request", `The field ${first?.field} is wrong: ${first?.detail}.`, {
    errors,
  });
};
