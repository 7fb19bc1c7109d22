/**
 * The identity object: one per identity. It loads facts, lets the core decide, saves the decision in one synchronous transaction,
 * and publishes the events.
 */
import { DurableObject } from "cloudflare:workers";
import { readConfig } from "../config.ts";
import {
  type AppliedObservation,
  type Cause,
  decide,
  type Decision,
  type ObservationKey,
  type SeriesHook,
} from "../core/index.ts";
import { logError } from "../log.ts";
import {
  estimate,
  ESTIMATE_QUERIES,
  estimateRule,
  evidenceReader,
  hookWhileOff,
  prepareHook,
  readWordShares,
  seriesHook,
  seriesSummaries,
  sharesIn,
  type WordShares,
} from "../hooks.ts";
import { firstShard, shardOf, shardsOf } from "../shard.ts";
import {
  deleteObservations,
  readExistingKeys,
  readIdentityLinks,
  type SessionCursor,
} from "../storage/index.ts";
import { notify, Watchers } from "../stream/index.ts";
import { arrive, movedAttackers } from "./arrivals.ts";
import { attributionAt } from "./attribution-at.ts";
import { Budget } from "./budget.ts";
import { areCountsRight, checkRange, type RangeDigest } from "./check.ts";
import { Drain, type DrainTargets } from "./drain.ts";
import { eraseAttacker, forgetIfDeserted } from "./erase.ts";
import { Estimates } from "./estimates.ts";
import { evidenceOf } from "./evidence.ts";
import { evidencePathOf } from "./evidence-path.ts";
import { expiredKeys } from "./expire.ts";
import { backfillKey } from "./jobs/backfill.ts";
import { REBUILD, stageArrivals } from "./jobs/exchange.ts";
import { PAGE_SIZES, type PageSizes } from "./jobs/job-kind.ts";
import { JobRunner } from "./jobs/runner.ts";
import {
  type ApplyAnswer,
  type ApplyCall,
  type AttributionAnswer,
  type CheckAnswer,
  type EvidenceAnswer,
  type EvidencePathAnswer,
  type ExchangeLink,
  type ExchangePlan,
  type ExpiryAnswer,
  type IdentityLink,
  type Inspection,
  type MergeStep,
  type NewestAnswer,
  type PrimitiveAttribution,
  type RecentAnswer,
} from "./protocol.ts";
import { recentOf } from "./recent.ts";
import { DRAIN_GRACE_MS, retryDelayMs } from "./schedule.ts";
import { IdentityStore, nameOf, type RowRange } from "./store/index.ts";

const NONE: ReadonlySet<string> = new Set();

/** Recomputes all states, because they may not fit the stored observations. */
const ANEW: Cause = { kind: "recompute", forms: false, notice: null, reason: { kind: "changed" } };

export class IdentityObject extends DurableObject<Env> {
  readonly #identityUuid: string;
  readonly #store: IdentityStore;
  readonly #drain: Drain;
  readonly #jobs: JobRunner;
  readonly #watchers: Watchers;
  /** Where events are published to and observations are read from; tests replace it. */
  targets: DrainTargets;
  /** Observations that a step of a job reads; tests reduce it. */
  pageSizes: PageSizes = PAGE_SIZES;
  /** Start of the next page of an expiry. It is in memory only; after a restart the expiry starts again. */
  #expiredThrough: SessionCursor | null = null;
  /** Shares of words, as they were read last for decisions about stored observations; null if none are needed. */
  #wordShares: WordShares | null = null;
  readonly #estimates: Estimates;
  /** Runs while an estimate that is due waits. */
  #estimateTimer: ReturnType<typeof setTimeout> | null = null;
  /** Whether `targets.db` is the shard of this identity's attackers. With several shards it is known after the first attacker. */
  #isShardKnown: boolean;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { name } = ctx.id;
    if (name === undefined) throw new Error("an identity object must be reached by its identity's UUID");
    this.#identityUuid = name;
    this.#store = new IdentityStore(ctx.storage, name);
    this.#drain = new Drain(
      this.#store,
      name,
      (work) => this.#inTransaction(work),
      () => seriesSummaries(env),
    );
    this.#jobs = new JobRunner(
      this.#store,
      name,
      // What a job has staged may hold words, and nothing else here.
      () => this.#readWordShares(true),
      (change) => this.#commit(change),
    );
    this.#estimates = new Estimates(this.#store, () => estimateRule(env));
    this.#watchers = new Watchers(ctx);
    this.targets = {
      db: env.DB,
      letters: firstShard(env).db,
      queue: env.EVENT_QUEUE,
      notify: () => notify(ctx, env, this.#watchers, name),
    };
    this.#isShardKnown = shardsOf(env).length === 1;
    if (!this.#isShardKnown && !this.#store.isEmpty) this.#learnShard(this.#store.links.any());
    // The first call finds the hook prepared.
    if (prepareHook(env) !== null) void ctx.blockConcurrencyWhile(() => this.#prepareHook());
  }

  /**
   * Applies observations that D1 holds already. Idempotent: what was applied before changes nothing.
   * @throws ConfigError if a variable is wrong; nothing is applied then
   */
  apply(call: ApplyCall): ApplyAnswer {
    this.#learnShard(call.links[0]?.attackerUuid);
    const moved = movedAttackers(this.#store, call.links);
    if (moved.length > 0) return { outcome: "moved", attackerUuids: moved };
    const decision = this.#commit(() => {
      const cause = arrive(this.#store, call);
      for (const { needsBackfill, attackerUuid, linkVersion } of call.links) {
        if (needsBackfill) {
          this.#store.jobs.ensure("backfill", backfillKey(attackerUuid), { attackerUuid, linkVersion });
        }
      }
      stageArrivals(this.#store, cause.observations);
      return cause;
    }, sharesIn(call.wordShares));
    const applied = decision?.observations ?? [];
    this.#watchers.show(this.#identityUuid, applied);
    this.#workSoon();
    const transitions = decision?.events.filter(({ type }) => type === "profile.state_changed") ?? [];
    return { outcome: "applied", applied: applied.length, transitions: transitions.length };
  }

  /** Stores the link of an attacker before its first observation, and starts a backfill if needed. */
  link(link: IdentityLink): void {
    this.apply({ links: [link], observations: [] });
  }

  /** Stores that an attacker is linked to another identity since this version of its link. */
  release(attackerUuid: string, linkVersion: number): void {
    if (this.#store.isEmpty || (this.#store.links.version(attackerUuid) ?? linkVersion) >= linkVersion)
      return;
    this.#store.links.release(attackerUuid, linkVersion);
  }

  /**
   * Stores that this identity was merged into another one. Its states are kept unchanged; its attackers' observations
   * belong to the winner from now on. A call that arrives after the unmerge changes nothing.
   * @param links - its attackers, with the versions of their links to the winner
   */
  mergeAway(winnerUuid: string, links: readonly ExchangeLink[], mergeId: number): void {
    this.#learnShard(links[0]?.attackerUuid);
    this.#inTransaction(() => {
      this.#store.prepare();
      this.#store.saveWinner(winnerUuid, { mergeId, isUndone: false });
      for (const { attackerUuid, linkVersion } of links) {
        if ((this.#store.links.version(attackerUuid) ?? 0) < linkVersion) {
          this.#store.links.release(attackerUuid, linkVersion);
        }
      }
      if (this.#store.winner !== null) this.#store.jobs.dropBackfills();
    });
    this.#watchers.poke();
  }

  /**
   * Records an exchange of observations and starts it. Idempotent by the plan's key.
   * @param step - the merge or unmerge that the exchange is for; this identity is not merged into another one since that step
   * @returns whether it is done; otherwise the alarm continues it
   */
  async exchange(plan: ExchangePlan, step: MergeStep): Promise<boolean> {
    this.#learnShard((plan.load[0] ?? plan.drop[0])?.attackerUuid ?? plan.notice?.attackerUuids[0]);
    const { key, load, drop, notice } = plan;
    this.#inTransaction(() => {
      this.#store.prepare();
      this.#store.saveWinner(null, step);
      if (this.#store.jobs.isKnown(key)) return;
      this.#startExchange(key, load, drop, { notice, isWhole: false });
    });
    await this.#work();
    return !this.#store.jobs.isWaiting(key);
  }

  /**
   * Recomputes every state from D1's observations of the attackers that D1 links to this identity.
   * @returns whether it is done; otherwise the alarm continues it
   */
  async rebuild(): Promise<boolean> {
    // Read before D1: an attacker that is linked here during the read must not count as linked elsewhere.
    const held = this.#store.isEmpty ? [] : this.#store.links.all().filter(({ isLinked }) => isLinked);
    const load = await this.#readLinks();
    const linked = new Set(load.map(({ attackerUuid }) => attackerUuid));
    const drop = held
      .filter(({ attackerUuid }) => !linked.has(attackerUuid))
      .map(({ attackerUuid, linkVersion }) => ({ attackerUuid, linkVersion, firstSeenTs: null }));
    this.#learnShard((load[0] ?? drop[0])?.attackerUuid);
    this.#inTransaction(() => {
      this.#store.prepare();
      if (this.#store.winner === null) {
        this.#startExchange(REBUILD, load, drop, { notice: null, isWhole: true });
      }
    });
    await this.#work();
    return !this.#store.jobs.isWaiting(REBUILD);
  }

  /** The summary that the sweep reads first. */
  inspect(): Inspection {
    if (this.#store.isEmpty) return { winnerUuid: null, linkCount: 0, pending: 0, jobs: [] };
    return {
      winnerUuid: this.#store.winner,
      linkCount: this.#store.links.count(),
      pending: this.#store.outbox.pending().count,
      jobs: this.#store.jobs.status(),
    };
  }

  /** Whether this object has the same observations as D1 in a range of session rows over all attackers; if not, its first ones. */
  checkRange(range: RowRange, expected: RangeDigest): CheckAnswer {
    return checkRange(this.#store, range, expected);
  }

  /** Recomputes all states if a count differs from the number of stored observations. @returns whether one differed */
  async verify(): Promise<boolean> {
    await this.#readWordShares();
    if (this.#store.isEmpty || this.#store.winner !== null || areCountsRight(this.#store)) return false;
    this.#commit(() => ANEW);
    this.#workSoon();
    return true;
  }

  /** Removes observations that D1 does not have, and recomputes the states. */
  async remove(keys: readonly ObservationKey[]): Promise<void> {
    await this.#readWordShares();
    if (this.#store.isEmpty || this.#store.winner !== null) return;
    this.#commit(() => {
      this.#store.observations.remove(keys);
      this.#store.staged.remove(keys, Number.MAX_VALUE);
      this.#store.jobs.invalidateSteps();
      return ANEW;
    });
    this.#workSoon();
  }

  /**
   * Removes observations before a time that no state needs, from D1 first.
   * @param beforeTs - epoch seconds
   * @param limit - how many at most
   */
  async expire(beforeTs: number, limit: number): Promise<ExpiryAnswer> {
    if (this.#store.isEmpty || this.#store.winner !== null) return { removed: 0, hasMore: false };
    // It goes over session rows. What a job still packs expires with the next pass of the retention.
    if (!this.#store.observations.arePacked) return { removed: 0, hasMore: false };
    const { policy } = readConfig(this.env);
    const { keys, next } = expiredKeys(this.#store, policy, beforeTs, limit, this.#expiredThrough);
    this.#expiredThrough = null;
    if (keys.length === 0) return { removed: 0, hasMore: false };
    const { db } = this.targets;
    const removed = await deleteObservations(db, this.#identityUuid, keys, beforeTs);
    // D1 keeps observations that now belong to another identity, and those that were replaced.
    const kept = removed < keys.length ? new Set((await readExistingKeys(db, keys)).map(nameOf)) : NONE;
    const gone = keys.filter((key) => !kept.has(nameOf(key)));
    await this.#readWordShares();
    // D1 has removed them. If this identity was merged in the meantime, its states stay unchanged.
    if (this.#store.winner !== null) return { removed, hasMore: false };
    this.#commit(() => {
      this.#store.observations.remove(gone, beforeTs);
      this.#store.staged.remove(gone, beforeTs);
      // A running step may have read some of them.
      this.#store.jobs.invalidateSteps();
      return { ...ANEW, reason: { kind: "expired", beforeTs } };
    });
    this.#expiredThrough = next;
    this.#workSoon();
    return { removed: gone.length, hasMore: next !== null };
  }

  /**
   * Writes changes without a transition to the read model in D1. The sweep calls it, because an object that was evicted no
   * longer knows that the read model is older.
   */
  async refreshProfile(): Promise<void> {
    if (this.#store.isEmpty) return;
    if (this.#store.outbox.isEmpty) await this.#drain.refreshProfile(this.targets.db);
    this.#estimates.look();
    this.#workSoon();
  }

  /** Publishes waiting events and continues jobs, also those that have failed. */
  async drain(): Promise<void> {
    if (this.#store.isEmpty) return;
    this.#store.jobs.retryNow();
    if (this.#hasWork()) await this.#work();
  }

  /**
   * Erases an attacker; only a tombstone stays. It may be an attacker without observations here. Returns when a drain that
   * read its events before has ended: the history then holds what is to be redacted there.
   */
  async erase(attackerUuid: string, erasedTs: number): Promise<void> {
    this.#learnShard(attackerUuid);
    await this.#readWordShares();
    this.#commit(
      () => eraseAttacker(this.#store, attackerUuid, erasedTs),
      this.#wordShares,
      () => forgetIfDeserted(this.#store),
    );
    this.#workSoon();
    await this.#drain.idle();
  }

  /** Every primitive's state, by primitive; empty if nothing was ever applied. */
  attribution(): PrimitiveAttribution[] {
    return this.#store.attributions();
  }

  /**
   * The states now (null) or at a time (epoch seconds); or the winner, if this identity was merged.
   * @throws ConfigError if a variable is wrong and a time is asked for
   */
  readAttribution(asOfTs: number | null): AttributionAnswer {
    const winnerUuid = this.#store.winner;
    if (winnerUuid !== null) return { outcome: "merged_away", winnerUuid };
    if (asOfTs === null || this.#store.isEmpty) {
      return { outcome: "states", primitives: this.#store.attributionsJson() };
    }
    const { policy } = readConfig(this.env);
    return { outcome: "states", primitives: JSON.stringify(attributionAt(this.#store, policy, asOfTs)) };
  }

  /**
   * The evidence now (null) or at a time (epoch seconds); or the winner, if this identity was merged.
   * @param primitive - the only one whose series is described; null: all
   * @throws ConfigError if a variable is wrong
   */
  readEvidence(asOfTs: number | null, primitive: string | null): EvidenceAnswer {
    const winnerUuid = this.#store.winner;
    if (winnerUuid !== null) return { outcome: "merged_away", winnerUuid };
    const body = evidenceOf(this.#store, evidenceReader(this.env), asOfTs, primitive);
    return { outcome: "evidence", body: JSON.stringify(body) };
  }

  /**
   * E of a primitive over its newest observations, for its chart; or the winner, if this identity was merged.
   * @throws ConfigError if a variable is wrong
   */
  readEvidencePath(primitive: string): EvidencePathAnswer {
    const winnerUuid = this.#store.winner;
    if (winnerUuid !== null) return { outcome: "merged_away", winnerUuid };
    return { outcome: "path", path: evidencePathOf(this.#store, evidenceReader(this.env), primitive) };
  }

  /** The data for the page of this identity besides its states. */
  readRecent(): RecentAnswer {
    const winnerUuid = this.#store.winner;
    return winnerUuid === null ? recentOf(this.#store) : { outcome: "merged_away", winnerUuid };
  }

  /** The newest observations of a primitive. @param limit - how many at most */
  readNewest(primitive: string, limit: number): NewestAnswer {
    const winnerUuid = this.#store.winner;
    if (winnerUuid !== null) return { outcome: "merged_away", winnerUuid };
    const members = this.#store.isEmpty ? [] : this.#store.observations.newest(primitive, limit);
    return { outcome: "newest", observations: JSON.stringify(members) };
  }

  /** Accepts a live stream as a watcher. */
  override fetch(request: Request): Response {
    return this.#watchers.accept(request);
  }

  /** Publishes events and continues jobs. It sets the next alarm first and never throws, because the platform drops an alarm that fails. */
  override async alarm(): Promise<void> {
    try {
      await this.ctx.storage.setAlarm(Date.now() + retryDelayMs(1));
      await this.#work();
    } catch (error) {
      logError("identity_alarm_failed", error, { identity_uuid: this.#identityUuid });
    }
  }

  /** Reads what decisions need. Never rejects: without it no decision is made, and the next one has it read again. */
  async #prepareHook(): Promise<void> {
    try {
      await prepareHook(this.env)?.();
    } catch (error) {
      logError("hook_not_prepared", error, { identity_uuid: this.#identityUuid });
    }
  }

  /**
   * Reads the shares of words for decisions about stored observations, if any hold words. Never rejects.
   * @param mayHoldWords - also if no primitive here is known to
   */
  async #readWordShares(mayHoldWords = false): Promise<void> {
    if (this.#store.isEmpty || this.#store.winner !== null) return;
    try {
      this.#wordShares = await readWordShares(this.env, mayHoldWords ? null : this.#store.primitives());
    } catch (error) {
      // A wrong variable is reported by the decision.
      logError("word_shares_not_read", error, { identity_uuid: this.#identityUuid });
    }
  }

  /** What follows the series. @throws ConfigError if a variable is wrong, Error if what it needs could not be read */
  #hook(shares: WordShares | null): SeriesHook | null {
    if (prepareHook(this.env) === null) return seriesHook(this.env, shares);
    this.ctx.waitUntil(this.#prepareHook());
    throw new Error("what follows the series must be prepared before a decision; it is being prepared");
  }

  /** Derives the shard from one of this identity's attackers. */
  #learnShard(attackerUuid: string | null | undefined): void {
    if (this.#isShardKnown || !attackerUuid) return;
    this.targets = { ...this.targets, db: shardOf(this.env, attackerUuid).db };
    this.#isShardKnown = true;
  }

  /** The attackers that D1 links to this identity. While no attacker is known, it reads every shard. */
  async #readLinks(): Promise<ExchangeLink[]> {
    if (this.#isShardKnown) return readIdentityLinks(this.targets.db, this.#identityUuid);
    const links = await Promise.all(
      shardsOf(this.env).map(({ db }) => readIdentityLinks(db, this.#identityUuid)),
    );
    return links.flat();
  }

  #startExchange(
    key: string,
    load: readonly ExchangeLink[],
    drop: readonly ExchangeLink[],
    rest: { notice: ExchangePlan["notice"]; isWhole: boolean },
  ): void {
    this.#store.staged.clear(key);
    this.#store.jobs.start("exchange", key, {
      load: load.toSorted((a, b) => (a.attackerUuid < b.attackerUuid ? -1 : 1)),
      drop: [...drop],
      notice: rest.notice && { ...rest.notice, attackerUuids: [...rest.notice.attackerUuids] },
      isWhole: rest.isWhole,
    });
    void this.ctx.storage.setAlarm(Date.now() + DRAIN_GRACE_MS);
  }

  /**
   * The only function that changes states. One transaction holds a change of links, observations or jobs, the decision about it,
   * and the alarm that publishes the events.
   * @param change - makes the change and returns the cause of a decision, or null for none
   * @param shares - of the words in the observations of the decision
   * @param afterwards - runs in the same transaction after the decision is saved
   * @returns the decision, or null
   * @throws ConfigError if a variable is wrong; nothing is changed then
   */
  #commit(
    change: () => Cause | null,
    shares: WordShares | null = this.#wordShares,
    afterwards: () => void = () => {},
  ): Decision | null {
    const { policy } = readConfig(this.env);
    const hook = this.#hook(shares);
    const nowMs = Date.now();
    return this.#inTransaction(() => {
      this.#store.prepare();
      const cause = change();
      let decision: Decision | null = null;
      if (cause !== null) {
        const arrivals: readonly AppliedObservation[] = cause.kind === "arrivals" ? cause.observations : [];
        const facts = this.#store.facts(policy, nowMs / 1_000, arrivals);
        decision = decide(facts, cause, hook ?? hookWhileOff(cause));
        if (decision.records.size > 0) this.#drain.noteMoved(decision.events.length > 0, nowMs);
        this.#estimates.noteDecision(cause, decision, nowMs);
        this.#store.save(decision);
        // What was removed or replaced must not stay in the read model until something else moves.
        if (cause.kind === "recompute" && decision.records.size + decision.removed.length > 0) {
          this.#store.meta.write("profileDue", true);
        }
      }
      afterwards();
      // The alarm is part of the transaction: it is committed or rolled back with it.
      if (this.#mustWork()) void this.ctx.storage.setAlarm(nowMs + DRAIN_GRACE_MS);
      return decision;
    });
  }

  /** Runs a transaction. If it does not commit, all caches are cleared. */
  #inTransaction<T>(work: () => T): T {
    try {
      return this.ctx.storage.transactionSync(work);
    } catch (error) {
      this.#store.forget();
      throw error;
    }
  }

  #hasWork(): boolean {
    return (
      !this.#store.isEmpty && (!this.#store.jobs.isEmpty || this.#drain.hasWork() || this.#isEstimateDue())
    );
  }

  /** Whether there is work that must be done, also if the object ends now. The sweep brings the read model up to date. */
  #mustWork(): boolean {
    return !this.#store.isEmpty && (!this.#store.jobs.isEmpty || this.#drain.mustWork());
  }

  /** Starts jobs and drain in the background. */
  #workSoon(): void {
    if (this.#hasWork()) this.ctx.waitUntil(this.#work());
    else this.#estimateLater();
  }

  #isEstimateDue(): boolean {
    return this.#estimates.waitMs(Date.now()) === 0;
  }

  /** Makes a due estimate when it may be made. If the object ends before, the next decision or the sweep finds it due. */
  #estimateLater(): void {
    const waitMs = this.#estimates.waitMs(Date.now());
    if (waitMs === null || waitMs === 0 || this.#estimateTimer !== null) return;
    this.#estimateTimer = setTimeout(() => {
      this.#estimateTimer = null;
      this.#workSoon();
    }, waitMs);
  }

  /** Makes the estimate that is due, and adds an event if it is a new one; else nothing is written. Never rejects. */
  async #estimate(): Promise<void> {
    const begun = this.#estimates.begin();
    if (begun === null) return;
    try {
      const { kept } = this.#store.head;
      const estimated = await estimate(this.env, this.targets.db, this.#identityUuid, kept);
      // After a recomputation another one is due.
      if (!begun.isCurrent()) return;
      if (estimated !== null) this.#commit(() => ({ kind: "followed", ...estimated }));
      begun.end(Date.now());
    } catch (error) {
      logError("estimate_failed", error, { identity_uuid: this.#identityUuid });
    } finally {
      begun.release();
    }
  }

  /** Runs jobs and drain within the budget of one invocation. The alarm continues the rest. Never rejects. */
  async #work(): Promise<void> {
    const budget = new Budget();
    for (;;) {
      await this.#jobs.run(this.targets.db, budget, this.pageSizes);
      const drained = await this.#drain.run(this.targets, budget);
      if (drained.outcome === "failed") {
        logError("drain_failed", drained.error, { identity_uuid: this.#identityUuid });
      }
      // Outside the path of ingest: what was applied is published by now.
      if (drained.outcome === "empty" && this.#isEstimateDue() && budget.allows(ESTIMATE_QUERIES)) {
        budget.spend(ESTIMATE_QUERIES);
        await this.#estimate();
        continue;
      }
      this.#estimateLater();
      const nowMs = Date.now();
      const retryMs = drained.outcome === "failed" ? nowMs + drained.retryInMs : null;
      const jobsMs = this.#store.isEmpty ? null : this.#store.jobs.nextMs();
      // An estimate for which no queries are left is made by the alarm.
      const isDue = drained.outcome !== "failed" && (this.#drain.hasWork() || this.#isEstimateDue());
      if (!isDue && retryMs === null && jobsMs === null) return this.ctx.storage.deleteAlarm();
      const isJobDue = jobsMs !== null && jobsMs <= nowMs;
      if ((isDue || isJobDue) && budget.allows(WORTH_ANOTHER_ROUND)) continue;
      const nextMs = Math.min(...[retryMs, isDue ? nowMs : null, jobsMs].filter((ms) => ms !== null));
      return this.ctx.storage.setAlarm(Math.max(nextMs, nowMs));
    }
  }
}

/** Minimum number of queries left in a budget; with fewer the alarm continues. */
const WORTH_ANOTHER_ROUND = 20;
