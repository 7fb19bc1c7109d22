/** One history from beginning to end, and what was wrong with it. */
import { planOf } from "./generate.ts";
import { injection } from "./injection.ts";
import type { Plan } from "./plan.ts";
import { settle } from "./settle.ts";
import { shrink } from "./shrink.ts";
import { verify } from "./verify.ts";
import { World } from "./world.ts";

/** Plays that making a history smaller may take. */
const SHRINKING_PLAYS = 150;

/** What came of a history. */
export interface Played {
  readonly problems: readonly string[];
  /** Everything that was awaited, in order. */
  readonly trace: readonly string[];
  readonly faultsStruck: number;
  /** Events that the outbound queue took, repeats included. */
  readonly published: number;
}

/** Plays a plan. Never throws: what throws is a problem. */
export async function playHistory(plan: Plan): Promise<Played> {
  const world = new World(plan);
  const problems: string[] = [];
  let faultsStruck = 0;
  try {
    await world.begin();
    for (const step of plan.steps) await world.play(step);
    faultsStruck = injection.struck;
    problems.push(...(await settle(world)), ...(await verify(world)));
  } catch (error) {
    problems.push(error instanceof Error ? `${error.message}\n${error.stack ?? ""}` : String(error));
  }
  return { problems, trace: [...injection.trace], faultsStruck, published: injection.published.length };
}

/**
 * Plays the history of a seed.
 * @throws Error that tells the seed, what was wrong, and the smallest history found in which something is
 */
export async function playSeed(seed: number): Promise<Played> {
  const plan = planOf(seed);
  const played = await playHistory(plan);
  if (played.problems.length > 0) throw new Error(await reportOf(plan, played));
  return played;
}

async function reportOf(plan: Plan, { problems }: Played): Promise<string> {
  const fails = async (candidate: Plan) => (await playHistory(candidate)).problems.length > 0;
  const smallest = await shrink(plan, fails, SHRINKING_PLAYS);
  const again = await playHistory(smallest);
  return [
    `seed ${plan.seed}: ${problems.length} promises broken`,
    ...problems,
    `smaller, ${again.problems.length === 0 ? "but not every time" : "with"}:`,
    ...again.problems,
    "history:",
    JSON.stringify(smallest),
    "awaited:",
    ...again.trace,
  ].join("\n");
}
