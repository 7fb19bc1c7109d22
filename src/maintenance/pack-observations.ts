/** Packs the observations that the version before has stored one per row into session rows. One job per shard; runs once. */
import { z } from "zod";
import { logInfo } from "../log.ts";
import { PACK_PAGE_QUERIES, packPage } from "../storage/index.ts";
import type { JobStep } from "./job-step.ts";

const stateSchema = z.object({
  /** Number of observations that were packed, also by others than the job. */
  packed: z.number(),
  /** The last page that was packed. */
  page: z.string().optional(),
  /** Attackers whose messages wait. */
  first: z.array(z.string()).default([]),
});

/** Packs pages until no old row is left or the budget is used up. */
export const packObservationsStep: JobStep = async (_env, { db }, begun, budget) => {
  let job = begun;
  let state = stateSchema.parse(JSON.parse(begun.state));
  let { first } = state;
  while (budget.has(PACK_PAGE_QUERIES)) {
    const page = await packPage(db, first.length > 0 ? first : null);
    budget.take(page.queries);
    if (page.state !== null) {
      // The page has saved the state itself.
      job = Object.assign({}, begun, { state: page.state });
      state = stateSchema.parse(JSON.parse(page.state));
    }
    if (page.isDone && first.length === 0) {
      logInfo("observations_packed", { packed: state.packed, is_done: true });
      return { outcome: "done", job };
    }
    if (page.isDone) first = [];
  }
  logInfo("observations_packed", { packed: state.packed, is_done: false });
  return { outcome: "more", job, state: { ...state, first } };
};
