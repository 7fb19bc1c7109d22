/** The problem of asking for an identity that is not there. */
import { ProblemError } from "../shared/problem.ts";
import { problemAnswer } from "../shared/problem-schema.ts";

/** Describes it, for routes. */
export const UNKNOWN_IDENTITY = {
  404: problemAnswer("not_found", "No identity 44dcda6a-0000-4000-8000-8775a8501e2c is known."),
};

/** The problem itself. */
export function unknownIdentity(uuid: string): ProblemError {
  return new ProblemError("not_found", `No identity ${uuid} is known.`);
}
