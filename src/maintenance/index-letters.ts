/** Stores the attackers of dead letters that were kept before letters were indexed. Runs once. */
import { z } from "zod";
import { indexLetters } from "../storage/index.ts";
import type { JobStep } from "./job-step.ts";

const stateSchema = z.object({ after: z.number(), through: z.number() });

/** A page with very many attackers needs several statements. */
const PAGE_QUERIES = 10;

export const indexLettersStep: JobStep = async (_env, { db }, job, budget) => {
  const { after: start, through } = stateSchema.parse(JSON.parse(job.state));
  let after = start;
  while (budget.has(PAGE_QUERIES)) {
    const page = await indexLetters(db, after, through);
    budget.take(page.queries);
    if (page.after === null) return { outcome: "done", job };
    ({ after } = page);
  }
  return { outcome: "more", job, state: { after, through } };
};
