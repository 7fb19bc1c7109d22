/**
 * The identity object: one per identity, everything that is decided about it is decided here. Thin: it loads, lets the
 * core decide, saves state and outbox in one synchronous transaction, and sees to it that what is due gets published.
 */
import { DurableObject } from "cloudflare:workers";
import { readConfig } from "../config.ts";
import { logError } from "../log.ts";
import { announce, Watchers } from "../stream/index.ts";
import { applyObservations, movedLinks } from "./apply.ts";
import { Backfills } from "./backfill.ts";
import { Drain, type DrainTargets } from "./drain.ts";
import { Outbox } from "./outbox.ts";
import type { ApplyAnswer, ApplyCall, IdentityLink, PrimitiveAttribution } from "./protocol.ts";
import { DRAIN_GRACE_MS, retryDelayMs } from "./schedule.ts";
import { IdentityStore } from "./store.ts";

export class IdentityObject extends DurableObject<Env> {
  readonly #identityUuid: string;
  readonly #store: IdentityStore;
  readonly #outbox: Outbox;
  readonly #drain: Drain;
  readonly #backfills: Backfills;
  readonly #watchers: Watchers;
  /** What events are published to; tests put failing ones in their place. */
  targets: DrainTargets;

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
    this.#watchers = new Watchers(ctx);
    this.targets = {
      db: env.DB,
      queue: env.EVENT_QUEUE,
      announce: () => announce(ctx, env, this.#watchers, name),
    };
  }

  /**
   * Applies observations that D1 holds already. Idempotent: what was applied before changes nothing.
   * @throws ConfigError if a variable is wrong; nothing is applied then
   */
  apply(call: ApplyCall): ApplyAnswer {
    const moved = movedLinks(this.#store, call.links);
    if (moved.length > 0) return { outcome: "moved", attackerUuids: moved };
    const { answer, hasWork } = this.#applyInTransaction(call, () => {
      for (const link of call.links) if (link.needsBackfill) this.#backfills.add(link);
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

  /** Every primitive's state, by primitive; empty if nothing was ever applied. */
  attribution(): PrimitiveAttribution[] {
    return this.#store.attributions();
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

  #applyInTransaction(call: ApplyCall, alongside: () => void): { answer: ApplyAnswer; hasWork: boolean } {
    const config = readConfig(this.env);
    const { sql } = this.ctx.storage;
    const nowMs = Date.now();
    try {
      const { observations, ...done } = this.ctx.storage.transactionSync(() => {
        const { answer, entries, observations } = applyObservations(
          this.#store,
          sql,
          config,
          call,
          nowMs / 1_000,
        );
        this.#outbox.add(entries);
        alongside();
        const hasWork = this.#hasWork();
        // Set inside the transaction: it commits, or rolls back, with it.
        if (hasWork) void this.ctx.storage.setAlarm(nowMs + DRAIN_GRACE_MS);
        return { answer, hasWork, observations };
      });
      this.#watchers.show(this.#identityUuid, observations);
      return done;
    } catch (error) {
      this.#store.forget();
      throw error;
    }
  }

  #hasWork(): boolean {
    if (this.#store.isEmpty) return false;
    return !this.#outbox.isEmpty || !this.#backfills.isEmpty;
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
