/** For routes that answer stored observations, while those of the version before are not packed yet. */
import { hasOldRows, packAttackers } from "../../storage/index.ts";
import { ProblemError } from "./problem.ts";
import { problemAnswer } from "./problem-schema.ts";

/** Pages that a request packs: a few tenths of a second. */
const REQUEST_PAGES = 2;
const RETRY_AFTER_SECS = 10;

/**
 * Packs the observations that a request asks for. Takes no query once everything is packed.
 * @throws ProblemError `packing_observations` if too many of them are left
 */
export async function requirePacked(
  db: D1Database,
  asked: readonly string[] | { readonly identityUuid: string },
): Promise<void> {
  if (!(await hasOldRows(db)) || !(await packAttackers(db, asked, REQUEST_PAGES)).left) return;
  throw new ProblemError(
    "packing_observations",
    `The observations of an earlier version are being packed. Wait ${RETRY_AFTER_SECS} s.`,
    {},
    { "retry-after": String(RETRY_AFTER_SECS) },
  );
}

/** The answer of such a route then. */
export const PACKING = {
  503: problemAnswer(
    "packing_observations",
    `The observations of an earlier version are being packed. Wait ${RETRY_AFTER_SECS} s.`,
  ),
};
