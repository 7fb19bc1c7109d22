/** What a test used of each limit: the highest use, and every call that was refused. */
import { env } from "cloudflare:workers";
import { currentInvocation } from "./invocation.ts";
import { type LimitName, LIMITS, type Refusal, refusalOf, type TestUse, type Use } from "./platform.ts";

declare global {
  namespace Cloudflare {
    interface Env {
      /** Queries that an invocation may make, in place of the paid plan's. */
      readonly LIMIT_QUERIES?: string;
    }
  }
}

let queriesOfTest: number | null = null;
let uses: Partial<Record<LimitName, Use>> = {};
let refusals: Refusal[] = [];
let notes: string[] = [];

/** Forgets what was used: another test begins. */
export function startTest(): void {
  queriesOfTest = null;
  uses = {};
  refusals = [];
  notes = [];
}

/** What the test has used so far. */
export function testUse(): TestUse {
  return { uses, refusals, notes };
}

/** Takes the refusals so far off the record, for a test that provokes them. */
export function takeRefusals(): readonly Refusal[] {
  const taken = refusals;
  refusals = [];
  return taken;
}

/** Adds a measured figure to the report. */
export function report(figure: string): void {
  notes.push(figure);
}

/** How much of a limit is allowed in this run. */
export function allowed(limit: LimitName): number {
  if (limit !== "d1_queries") return LIMITS[limit].allowed;
  return queriesOfTest ?? (env.LIMIT_QUERIES ? Number(env.LIMIT_QUERIES) : LIMITS[limit].allowed);
}

/** Gives the test that runs the queries of the paid plan, whatever the run has. */
export function allowPaidPlan(): void {
  queriesOfTest = LIMITS.d1_queries.allowed;
}

/**
 * Notes that something of this size is used at once.
 * @param what - what uses it, for the report
 * @throws what the platform throws if it is more than the limit
 */
export function use(limit: LimitName, used: number, what: () => string): void {
  const highest = uses[limit]?.used ?? -1;
  const most = allowed(limit);
  if (used <= highest && used <= most) return;
  const name = currentInvocation()?.name ?? "test";
  const by = `${name}: ${what()}`;
  if (used > most) {
    refusals.push({ limit, used, by });
    note(limit, used, most, by);
    throw refusalOf(limit, used, most);
  }
  note(limit, used, most, by);
}

/** Counts something into the invocation that is running. @throws what the platform throws past the limit */
export function count(limit: LimitName, added: number, what: () => string): void {
  const invocation = currentInvocation();
  if (!invocation) return;
  const used = (invocation.used[limit] ?? 0) + added;
  invocation.used[limit] = used;
  use(limit, used, what);
}

function note(limit: LimitName, used: number, most: number, by: string): void {
  if (used > (uses[limit]?.used ?? -1)) uses[limit] = { used, allowed: most, by };
}
