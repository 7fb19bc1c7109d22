/** What was used of each limit in a test file: the highest use with its test, and every call that was refused. */
import { env } from "cloudflare:workers";
import { currentInvocation } from "./invocation.ts";
import { type FileUse, type LimitName, LIMITS, type Refusal, refusalOf, type Use } from "./platform.ts";

declare global {
  namespace Cloudflare {
    interface Env {
      /** Queries that an invocation may make, in place of the paid plan's. */
      readonly LIMIT_QUERIES?: string;
    }
  }
}

const uses: Partial<Record<LimitName, Use>> = {};
const refusals: Refusal[] = [];
let currentTest = "(between tests)";
let reported = 0;

/** Names the test that runs from now on. */
export function startTest(name: string): void {
  currentTest = name;
}

/** What the file has used so far. */
export function fileUse(): FileUse {
  return { uses: { ...uses }, refusals: [...refusals] };
}

/** The refusals since this was last asked. */
export function takeRefusals(): readonly Refusal[] {
  const taken = refusals.slice(reported);
  reported = refusals.length;
  return taken;
}

/** How much of a limit is allowed in this run. */
export function allowed(limit: LimitName): number {
  const { LIMIT_QUERIES } = env;
  return limit === "d1_queries" && LIMIT_QUERIES ? Number(LIMIT_QUERIES) : LIMITS[limit].allowed;
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
    refusals.push({ limit, used, test: currentTest, by });
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
  if (used > (uses[limit]?.used ?? -1)) uses[limit] = { used, allowed: most, test: currentTest, by };
}
