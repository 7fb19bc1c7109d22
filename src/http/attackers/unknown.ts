/** The problem of asking for an attacker that is not there. */
import { ProblemError } from "../shared/problem.ts";
import { problemAnswer } from "../shared/problem-schema.ts";

/** Describes it, for routes. */
export const UNKNOWN_ATTACKER = {
  404: problemAnswer("not_found", "No attacker 1b4e28ba-2fa1-4d2c-883f-0016d3cca427 is known."),
};

/** The problem itself. */
export function unknownAttacker(uuid: string): ProblemError {
  return new ProblemError("not_found", `No attacker ${uuid} is known.`);
}
