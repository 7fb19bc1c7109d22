/**
 * The sweep: compares identities' objects with D1 and repairs differences. A run selects marked identities and the longest
 * unchecked ones in turn, so that neither group has to wait for the other. A selected identity moves to the end of its list at
 * once, also if its comparison fails. A run makes a bounded number of queries; the next run continues an identity that is too
 * large for one.
 */
import { logError, logInfo } from "../log.ts";
import { type Shard, shardsOf } from "../shard.ts";
import {
  hasOldRows,
  type LinkedAttacker,
  readSweepCandidates,
  readUnfilledLinks,
  takeUpIdentity,
} from "../storage/index.ts";
import { REPAIR_KINDS, runJobs } from "./jobs.ts";
import { INVOCATION_QUERIES, QueryBudget } from "./query-budget.ts";
import { LEAST_QUERIES, sweepIdentity } from "./sweep-identity.ts";
import { addReports, NOTHING_DONE, type SweepReport } from "./sweep-report.ts";

/** Limits of one run; several shards share them evenly. */
export interface SweepLimits {
  readonly identities: number;
  /** Session rows of D1 to compare. */
  readonly rows: number;
  /** Observations compared at a time. */
  readonly page: number;
  /** D1 queries; each member of a batch counts as one. */
  readonly queries: number;
}

/** Runs every five minutes. Together they select at most 100 identities and compare 50,000 session rows. */
export const SWEEP_RUNS = 5;

const STANDARD_LIMITS: SweepLimits = {
  identities: 20,
  rows: 10_000,
  // A page with values of the maximum length has 5 MB; a call to an object may have 32 MB.
  page: 1_000,
  queries: INVOCATION_QUERIES,
};

/** Minimum queries per shard. With very many shards a run handles some of them. */
const LEAST_SHARE = 15;
/** Queries for candidates and backfills. */
const CHOOSE_QUERIES = 2;
/** Maximum backfills started in one run. */
const MAX_BACKFILLS = 1_000;
/** One of this many selected identities is unmarked, if there is one. */
const TURN = 4;

/** The report of a run, and whether there is more to do. */
export interface SweepRun extends SweepReport {
  readonly hasMore: boolean;
}

/**
 * Runs once. A shard, job or identity that fails does not stop the others.
 * @throws the error of a shard that could not be read, after the others are done
 */
export async function sweep(env: Env, limits: Partial<SweepLimits> = {}): Promise<SweepRun> {
  const all = { ...STANDARD_LIMITS, ...limits };
  const shards = chooseShards(env, all.queries);
  const share = {
    identities: Math.ceil(all.identities / shards.length),
    rows: Math.ceil(all.rows / shards.length),
    page: all.page,
    queries: Math.floor(all.queries / shards.length),
  };
  const outcomes = await Promise.allSettled(shards.map((shard) => sweepShard(env, shard, share)));
  const runs = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const report = addReports(runs);
  logInfo("sweep", { ...report });
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  return { ...report, hasMore: runs.some(({ hasMore }) => hasMore) };
}

/** All shards, or as many as the queries allow; then a random part of them each time. */
function chooseShards(env: Env, queries: number): Shard[] {
  const all = shardsOf(env);
  const count = Math.max(1, Math.min(all.length, Math.floor(queries / LEAST_SHARE)));
  const start = count === all.length ? 0 : Math.floor(Math.random() * all.length);
  return [...all.slice(start), ...all.slice(0, start)].slice(0, count);
}

async function sweepShard(env: Env, shard: Shard, limits: SweepLimits): Promise<SweepRun> {
  const report = { ...NOTHING_DONE };
  const budget = new QueryBudget(limits.queries);
  const forJobs = budget.part(Math.ceil(limits.queries / 2));
  const { done, failed, hasMore } = await runJobs(env, shard, REPAIR_KINDS, Infinity, forJobs);
  report.merges += done.merge ?? 0;
  report.erasures += done.erasure ?? 0;
  report.failed += failed;
  if (!budget.has(1 + CHOOSE_QUERIES + LEAST_QUERIES)) return { ...report, hasMore: true };
  budget.take(1 + CHOOSE_QUERIES);
  // Until everything is packed, D1 would seem to miss observations.
  if (await hasOldRows(shard.db)) return { ...report, hasMore };
  const { marked, others } = await readSweepCandidates(shard.db, limits.identities);
  const chosen = inTurn(marked, others).slice(0, limits.identities);
  const unfilled = Map.groupBy(
    chosen.length > 0 ? await readUnfilledLinks(shard.db, chosen, MAX_BACKFILLS) : [],
    ({ identityUuid }) => identityUuid,
  );
  const isEverythingTaken = marked.length + others.length <= chosen.length;
  for (const uuid of chosen) {
    if (report.rows >= limits.rows || !budget.has(LEAST_QUERIES)) return { ...report, hasMore: true };
    await takeUp(env, shard, uuid, unfilled.get(uuid) ?? [], limits, report, budget);
  }
  return { ...report, hasMore: hasMore || !isEverythingTaken };
}

async function takeUp(
  env: Env,
  shard: Shard,
  uuid: string,
  unfilled: readonly LinkedAttacker[],
  limits: SweepLimits,
  report: SweepReport,
  budget: QueryBudget,
): Promise<void> {
  try {
    budget.take(1);
    const identity = await takeUpIdentity(shard.db, uuid, Date.now() / 1_000);
    // A large identity must not use the queries that others need.
    const part = budget.part(Math.max(LEAST_QUERIES, Math.floor(limits.queries / 2)));
    if (identity) await sweepIdentity({ env, shard, uuid, limits, report, budget: part }, identity, unfilled);
  } catch (error) {
    report.failed++;
    logError("sweep_failed", error, { identity_uuid: uuid });
  }
}

/** The marked identities, with an unmarked one after every few of them. */
function inTurn(marked: readonly string[], others: readonly string[]): string[] {
  const chosen: string[] = [];
  let [i, j] = [0, 0];
  for (;;) {
    const isOthersTurn = i >= marked.length || (chosen.length % TURN === TURN - 1 && j < others.length);
    const next = isOthersTurn ? others[j++] : marked[i++];
    if (next === undefined) return chosen;
    chosen.push(next);
  }
}
