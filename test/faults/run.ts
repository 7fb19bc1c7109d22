/** Plays one history from beginning to end, and says what was wrong. */
import { drainWorld } from "./drain-world.ts";
import { injection } from "./injection.ts";
import type { Plan } from "./plan.ts";
import { shrink } from "./shrink.ts";
import { verify } from "./verify.ts";
import { type EvidenceEvents, evidenceEvents } from "./verify-evidence.ts";
import { World } from "./world.ts";

/** The result of a history. */
export interface Played {
  readonly problems: readonly string[];
  /** Everything that was awaited, in order. */
  readonly trace: readonly string[];
  readonly faultsStruck: number;
  /** Events that the outbound queue took, repeats included. */
  readonly published: number;
  /** Events about evidence, each once. */
  readonly evidence: EvidenceEvents;
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
    problems.push(...(await drainWorld(world)), ...(await verify(world)));
  } catch (error) {
    problems.push(error instanceof Error ? `${error.message}\n${error.stack ?? ""}` : String(error));
  }
  return {
    problems,
    trace: [...injection.trace],
    faultsStruck,
    published: injection.published.length,
    evidence: evidenceEvents(),
  };
}

/** A history that failed. */
export interface Broken {
  readonly plan: Plan;
  readonly problems: readonly string[];
}

/**
 * Tells what was wrong with histories; the first one is made smaller as long as it fails in the same way.
 * @param plays - how many plays that may take
 */
export async function reportOf(broken: readonly Broken[], plays: number): Promise<string> {
  const [first] = broken;
  if (!first) throw new RangeError("there must be a history that failed");
  const lists = broken.map(({ plan, problems }) =>
    [`seed ${plan.seed}: ${problems.length} promises broken`, ...problems].join("\n"),
  );
  const kinds = new Set(first.problems.map(kindOf));
  const fails = async (candidate: Plan) =>
    (await playHistory(candidate)).problems.some((problem) => kinds.has(kindOf(problem)));
  const smallest = await shrink(first.plan, fails, plays);
  const again = await playHistory(smallest);
  return [
    ...lists,
    `seed ${first.plan.seed} made smaller, ${again.problems.length === 0 ? "but not every time" : "with"}:`,
    ...again.problems,
    "history:",
    JSON.stringify(smallest),
    "awaited:",
    ...again.trace,
  ].join("\n");
}

/** A problem without its UUIDs and numbers: two problems of one kind have the same text. */
function kindOf(problem: string): string {
  return (
    problem
      .split("\n")[0]
      ?.replaceAll(/[\da-f]{8}-[\da-f-]{27}|\d+/g, "#")
      .slice(0, 40) ?? ""
  );
}
