/**
 * The identity object: one per identity, everything that is decided about it is decided here. Thin: it loads, lets the
 * core decide, saves state and outbox in one synchronous transaction, and sees to it that what is due gets published.
 */
import { DurableObject } from "cloudflare:workers";
import { cellOf, cellsOf } from "../cells.ts";
import { readConfig } from "../config.ts";
import { deleteObservations, readIdentityLinks } from "../storage/index.ts";
import { logError } from "../log.ts";
import { announce, Watchers } from "../stream/index.ts";
import { applyObservations, movedLinks } from "./apply.ts";
import { answerAttribution } from "./attribution-at.ts";
import { Backfills } from "./backfill.ts";
import {
  areCountsRight,
  digestPage,
  type ObservationKey,
  type PageDigest,
  type PageRange,
  readRange,
  removeKeys,
} from "./check.ts";
import { Drain, type DrainTargets } from "./drain.ts";
import { eraseAttacker } from "./erase.ts";
import { expiredKeys } from "./expire.ts";
import { type Exchanged, type ExchangeContext, exchangeStaged, recomputeAll } from "./exchange.ts";
import { Outbox } from "./outbox.ts";
import type {
  ApplyAnswer,
  ApplyCall,
  AttributionAnswer,
  CheckAnswer,
  IdentityLink,
  Inspection,
  MergeStep,
  NewestAnswer,
  PrimitiveAttribution,
  RecentAnswer,
} from "./protocol.ts";
import { readNewest, readRecent } from "./recent.ts";
import { DRAIN_GRACE_MS, retryDelayMs } from "./schedule.ts";
import { IdentityStore } from "./store.ts";
import { type SyncJob, type SyncLink, type SyncPlan, Syncs } from "./sync.ts";

export class IdentityObject extends DurableObject<Env> {
  readonly #identityUuid: string;
  readonly #store: IdentityStore;
  readonly #outbox: Outbox;
  readonly #drain: Drain;
  readonly #backfills: Backfills;
  readonly #watchers: Watchers;
  readonly #syncs: Syncs;
  /** What events are published to; tests put failing ones in their place. */
  targets: DrainTargets;
  /** Whether `targets.db` is the database of this identity's attackers: where several are bound, once one is heard of. */
  #isAtHome: boolean;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { name } = ctx.id;
    if (name === undefined) throw new Error("an identity object must be reached by its identity's UUID");
    const { sql } = ctx.storage;
    this.#identityUuid = name;
    this.#store = new IdentityStore(sql, name);
    this.#outbox = new Outbox(sql);
    this.#drain = new Drain(this.#outbox, sql, name);
    this.#backfills = new Backfills(sql);
    this.#syncs = new Syncs(sql);
    this.#watchers = new Watchers(ctx);
    this.targets = {
      db: env.DB,
      queue: env.EVENT_QUEUE,
      announce: () => announce(ctx, env, this.#watchers, name),
    };
    this.#isAtHome = cellsOf(env).length === 1;
    if (!this.#isAtHome) this.#settle(this.#store.anyAttacker());
  }

  /**
   * Applies observations that D1 holds already. Idempotent: what was applied before changes nothing.
   * @throws ConfigError if a variable is wrong; nothing is applied then
   */
  apply(call: ApplyCall): ApplyAnswer {
    this.#settle(call.links[0]?.attackerUuid);
    const moved = movedLinks(this.#store, call.links);
    if (moved.length > 0) return { outcome: "moved", attackerUuids: moved };
    if (this.#store.winner() !== null) {
      return { outcome: "moved", attackerUuids: call.links.map(({ attackerUuid }) => attackerUuid) };
    }
    const { answer, hasWork } = this.#applyInTransaction(call, () => {
      for (const link of call.links) if (link.needsBackfill) this.#backfills.add(link);
      if (!this.#syncs.isEmpty) this.#syncs.stage(call.observations);
    });
    if (hasWork) this.ctx.waitUntil(this.#work());
    return answer;
  }

  /** Makes an attacker known here before its first observation, and starts applying what D1 holds of it if need be. */
  link(link: IdentityLink): void {
    this.apply({ links: [link], observations: [] });
  }

  /** Learns that an attacker was linked elsewhere, as of this version of its link. */
  release(attackerUuid: string, linkVersion: number): void {
    if (this.#store.isEmpty || (this.#store.linkVersion(attackerUuid) ?? linkVersion) >= linkVersion) return;
    this.#store.releaseLink(attackerUuid, linkVersion);
  }

  /**
   * Learns that this identity is merged away. Its states stay as they are, for the record; its attackers' observations
   * belong to the winner from now on. Heard too late, after the merge was undone, it changes nothing.
   * @param links - the attackers it brings, at the versions of their links to the winner
   */
  mergeAway(winnerUuid: string, links: readonly SyncLink[], mergeId: number): void {
    this.#settle(links[0]?.attackerUuid);
    this.#inTransaction(() => {
      this.#store.prepare();
      this.#store.saveWinner(winnerUuid, { mergeId, isUndone: false });
      for (const { attackerUuid, linkVersion } of links) {
        if ((this.#store.linkVersion(attackerUuid) ?? 0) < linkVersion) {
          this.#store.releaseLink(attackerUuid, linkVersion);
        }
      }
      if (this.#store.winner() !== null) this.#backfills.clear();
    });
    this.#watchers.poke();
  }

  /**
   * Records an exchange of observations and works it off. Idempotent by the plan's key.
   * @param step - the merge that the exchange is for, or its undoing: as of it this identity stands on its own
   * @returns whether it is done; if not, the alarm goes on with it
   */
  async sync(plan: SyncPlan, step: MergeStep | null): Promise<boolean> {
    this.#settle((plan.load[0] ?? plan.drop[0])?.attackerUuid);
    this.#inTransaction(() => {
      this.#store.prepare();
      if (step) this.#store.saveWinner(null, step);
      this.#syncs.add(plan);
      void this.ctx.storage.setAlarm(Date.now() + DRAIN_GRACE_MS);
    });
    await this.#work();
    return this.#syncs.isEmpty;
  }

  /** Recomputes every state from what D1 holds of the attackers that it links here. */
  async rebuild(): Promise<boolean> {
    // Held first: whoever is linked here while D1 is being read is not taken for a stranger.
    const held = this.#store.links().filter(({ isLinked }) => isLinked);
    const load = await this.#readLinks();
    const linked = new Set(load.map(({ attackerUuid }) => attackerUuid));
    const drop = held
      .filter(({ attackerUuid }) => !linked.has(attackerUuid))
      .map(({ attackerUuid, linkVersion }) => ({ attackerUuid, linkVersion, firstSeenTs: null }));
    return this.sync({ key: null, load, drop, announce: null }, null);
  }

  /** What the sweep asks first. */
  inspect(): Inspection {
    const winnerUuid = this.#store.winner();
    const pending = this.#store.isEmpty ? 0 : this.#outbox.pending().count;
    return { winnerUuid, links: this.#store.links(), pending };
  }

  /** Whether this object holds the same as D1 in a range; if not, what it holds. */
  checkPage(range: PageRange, page: PageDigest): CheckAnswer {
    const rows = this.#store.isEmpty ? [] : readRange(this.ctx.storage.sql, range);
    const { count, digest } = digestPage(rows);
    if (count === page.count && digest === page.digest) return { outcome: "same" };
    return { outcome: "differs", rows };
  }

  /** Brings every state to the observations held, if their numbers say that one is out of step; says whether it was. */
  verify(): boolean {
    if (this.#store.isEmpty || areCountsRight(this.#store, this.ctx.storage.sql)) return false;
    this.#exchangeInTransaction((context) => recomputeAll(context, this.#store.head(), (record) => record));
    if (this.#hasWork()) this.ctx.waitUntil(this.#work());
    return true;
  }

  /** Removes observations that D1 does not have (any more), and brings the states to what is left. */
  remove(attackerUuid: string, keys: readonly ObservationKey[]): void {
    this.#exchangeInTransaction((context) => {
      removeKeys(context.sql, attackerUuid, keys);
      return recomputeAll(context, this.#store.head(), (record) => record);
    });
    if (this.#hasWork()) this.ctx.waitUntil(this.#work());
  }

  /**
   * Lets go of observations before a time that no state needs, in D1 first.
   * @param beforeTs - epoch seconds
   * @param limit - how many at most
   * @returns how many went
   */
  async expire(beforeTs: number, limit: number): Promise<number> {
    const { sql } = this.ctx.storage;
    const keys = expiredKeys(this.#store, sql, beforeTs, limit);
    if (keys.length === 0) return 0;
    await deleteObservations(this.targets.db, keys, beforeTs);
    this.#exchangeInTransaction((context) => {
      for (const { attackerUuid, ...key } of keys) {
        sql.exec(
          "DELETE FROM observations WHERE primitive = ? AND evidence_ref = ? AND attacker_uuid = ? AND ts < ?",
          key.primitive,
          key.evidenceRef,
          attackerUuid,
          beforeTs,
        );
      }
      return recomputeAll(context, this.#store.head(), (record) => record);
    });
    if (this.#hasWork()) this.ctx.waitUntil(this.#work());
    return keys.length;
  }

  /** Publishes what waits, if anything does; for a drain that was forgotten. */
  async drain(): Promise<void> {
    if (this.#hasWork()) await this.#work();
  }

  /** Erases an attacker: nothing of it stays but a tombstone. */
  erase(attackerUuid: string, erasedTs: number): void {
    this.#settle(attackerUuid);
    this.#exchangeInTransaction((context) => {
      // It may be asked about an attacker whose first observation never got here.
      this.#store.prepare();
      return eraseAttacker(context, attackerUuid, erasedTs);
    });
    if (this.#hasWork()) this.ctx.waitUntil(this.#work());
  }

  /** Every primitive's state, by primitive; empty if nothing was ever applied. */
  attribution(): PrimitiveAttribution[] {
    return this.#store.attributions();
  }

  /**
   * The states as they are, or as they were at a time (epoch seconds; null for now); where to ask, once merged away.
   * @throws ConfigError if a variable is wrong and a time is asked for
   */
  readAttribution(asOfTs: number | null): AttributionAnswer {
    return answerAttribution(this.#store, this.ctx.storage.sql, this.env, asOfTs);
  }

  /** What the page of this identity shows besides its states. */
  readRecent(): RecentAnswer {
    const winnerUuid = this.#store.winner();
    if (winnerUuid !== null) return { outcome: "merged_away", winnerUuid };
    if (this.#store.isEmpty)
      return { outcome: "recent", attackerCount: 0, firstSeenTs: null, observations: "[]" };
    const { attackerUuids, firstSeenTs } = this.#store.linked();
    const observations = JSON.stringify(readRecent(this.ctx.storage.sql));
    return { outcome: "recent", attackerCount: attackerUuids.length, firstSeenTs, observations };
  }

  /** The newest observations of a primitive. @param limit - how many at most */
  readNewest(primitive: string, limit: number): NewestAnswer {
    const winnerUuid = this.#store.winner();
    if (winnerUuid !== null) return { outcome: "merged_away", winnerUuid };
    const members = this.#store.isEmpty ? [] : readNewest(this.ctx.storage.sql, primitive, limit);
    return { outcome: "newest", observations: JSON.stringify(members) };
  }

  /** Accepts a live stream as a watcher. */
  override fetch(request: Request): Response {
    return this.#watchers.accept(request);
  }

  /** Publishes what is due and goes on with backfills. Re-arms itself first and never throws: it would be given up. */
  override async alarm(): Promise<void> {
    try {
      await this.ctx.storage.setAlarm(Date.now() + retryDelayMs(1));
      await this.#work();
    } catch (error) {
      logError("identity_alarm_failed", error, { identity_uuid: this.#identityUuid });
    }
  }

  /** Learns from one of this identity's attackers which database it is at home in. */
  #settle(attackerUuid: string | null | undefined): void {
    if (this.#isAtHome || !attackerUuid) return;
    this.targets = { ...this.targets, db: cellOf(this.env, attackerUuid).DB };
    this.#isAtHome = true;
  }

  /** The attackers that D1 links here; every database is asked while none was heard of. */
  async #readLinks(): Promise<SyncLink[]> {
    if (this.#isAtHome) return readIdentityLinks(this.targets.db, this.#identityUuid);
    const links = await Promise.all(
      cellsOf(this.env).map(({ DB }) => readIdentityLinks(DB, this.#identityUuid)),
    );
    return links.flat();
  }

  #applyInTransaction(call: ApplyCall, alongside: () => void): { answer: ApplyAnswer; hasWork: boolean } {
    const { policy } = readConfig(this.env);
    const { sql } = this.ctx.storage;
    const nowMs = Date.now();
    const { applied, ...done } = this.#inTransaction(() => {
      const { answer, entries, observations } = applyObservations(
        this.#store,
        sql,
        policy,
        call,
        nowMs / 1_000,
      );
      this.#outbox.add(entries);
      alongside();
      const hasWork = this.#hasWork();
      // Set inside the transaction: it commits, or rolls back, with it.
      if (hasWork) void this.ctx.storage.setAlarm(nowMs + DRAIN_GRACE_MS);
      return { answer, hasWork, applied: observations };
    });
    this.#watchers.show(this.#identityUuid, applied);
    return done;
  }

  /** Puts other observations in place and saves what follows from it, all or nothing. */
  #exchangeInTransaction(exchange: (context: ExchangeContext) => Exchanged): void {
    const { sql } = this.ctx.storage;
    const nowMs = Date.now();
    const context = { store: this.#store, sql, policy: readConfig(this.env).policy, nowTs: nowMs / 1_000 };
    this.#inTransaction(() => {
      const { entries, removed, head } = exchange(context);
      this.#outbox.add(entries);
      this.#outbox.addRemovals(removed, head.seq);
      void this.ctx.storage.setAlarm(nowMs + DRAIN_GRACE_MS);
    });
  }

  /** All of it or nothing: what memory holds of the storage goes when a transaction does not commit. */
  #inTransaction<T>(work: () => T): T {
    try {
      return this.ctx.storage.transactionSync(work);
    } catch (error) {
      this.#store.forget();
      this.#outbox.forget();
      this.#backfills.forget();
      this.#syncs.forget();
      throw error;
    }
  }

  #exchangeStaged(job: SyncJob, finish: () => void): void {
    this.#exchangeInTransaction((context) => {
      const exchanged = exchangeStaged(context, job.plan);
      finish();
      return exchanged;
    });
  }

  #hasWork(): boolean {
    if (this.#store.isEmpty) return false;
    return (
      !this.#outbox.isEmpty || !this.#outbox.hasNoRemovals || !this.#backfills.isEmpty || !this.#syncs.isEmpty
    );
  }

  /** Works off backfills and outbox; what is left waits for the alarm. */
  async #work(): Promise<void> {
    let retryInMs: number | null = null;
    try {
      await this.#backfills.run(this.targets.db, (link, page, mark) => {
        this.#applyInTransaction({ links: [link], observations: page }, mark);
      });
    } catch (error) {
      retryInMs = retryDelayMs(1);
      logError("backfill_failed", error, { identity_uuid: this.#identityUuid });
    }
    try {
      await this.#syncs.run(this.targets.db, (job, finish) => this.#exchangeStaged(job, finish));
    } catch (error) {
      retryInMs = retryDelayMs(1);
      logError("sync_failed", error, { identity_uuid: this.#identityUuid });
    }
    const drained = await this.#drain.run(this.targets);
    if (drained.outcome === "failed") {
      retryInMs = Math.max(retryInMs ?? 0, drained.retryInMs);
      logError("drain_failed", drained.error, { identity_uuid: this.#identityUuid });
    }
    if (retryInMs !== null) await this.ctx.storage.setAlarm(Date.now() + retryInMs);
    else if (this.#hasWork()) this.ctx.waitUntil(this.#work());
    else await this.ctx.storage.deleteAlarm();
  }
}
