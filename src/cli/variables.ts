/** Checks the Worker's variables before anything is created or started, with the readers of the Worker itself. */
import { configProblems } from "../config.ts";

/**
 * What is wrong with variables that would pause the Worker: every wrong one with its range, or null if all are right.
 * @param variables - by name
 * @param where - where they are set, for the message
 */
export function describeWrongVariables(
  variables: Readonly<Record<string, unknown>>,
  where: string,
): string | null {
  const problems = configProblems(variables);
  if (problems.length === 0) return null;
  return [`correct the variables in ${where} first:`, ...problems.map((problem) => `  ${problem}`)].join(
    "\n",
  );
}
