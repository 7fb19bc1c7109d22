/**
 * The maintenance object: one for the Worker. Its alarm runs the jobs of all shards in steps, so that they survive restarts. It
 * stores nothing itself; the jobs are rows of the shards.
 */
import { DurableObject } from "cloudflare:workers";
import { readConfig } from "../config.ts";
import { logError } from "../log.ts";
import { type Shard, shardsOf } from "../shard.ts";
import { readNextDueTs } from "../storage/index.ts";
import { ALL_KINDS, ensureCapabilityJobs, runJobs } from "./jobs.ts";
import { INVOCATION_QUERIES, QueryBudget } from "./query-budget.ts";
import { readRebuildProgress, type RebuildProgress, startRebuild } from "./rebuild.ts";
import { ensureRetention } from "./retention.ts";
import { sweep } from "./sweep.ts";

/** Delay of the next alarm after one that did not finish. */
const RETRY_MS = 10_000;
/** Minimum queries for the jobs of a shard. With very many shards an alarm handles some of them. */
const LEAST_SHARE = 15;

export class MaintenanceObject extends DurableObject<Env> {
  /** The shard that the next alarm begins with. It is in memory only; any shard is right after a restart. */
  #firstShard = 0;
  /** Outstanding runs of the sweep after the one that cron started. A restart loses them; the next cron event starts new ones. */
  #sweeps = 0;
  /** Counts calls that set the alarm: an alarm that was running meanwhile must not put theirs off. */
  #wakes = 0;

  /** Starts a rebuild of all identities. While one is running it only returns the progress. */
  async startRebuild(): Promise<RebuildProgress> {
    await startRebuild(this.env, Date.now() / 1_000);
    this.#wakes++;
    await this.ctx.storage.setAlarm(Date.now());
    return readRebuildProgress(this.env);
  }

  /** The progress of the rebuild of all identities. */
  progress(): Promise<RebuildProgress> {
    return readRebuildProgress(this.env);
  }

  /**
   * Runs due jobs.
   * @param sweeps - number of runs of the sweep to make
   */
  async wake(sweeps = 0): Promise<void> {
    this.#sweeps = Math.max(this.#sweeps, sweeps);
    await this.#ensureRetention();
    await this.#ensureCapabilityJobs();
    this.#wakes++;
    await this.ctx.storage.setAlarm(Date.now());
  }

  /** Runs due steps. It sets the next alarm first and never throws, because the platform drops an alarm that fails. */
  override async alarm(): Promise<void> {
    try {
      await this.ctx.storage.setAlarm(Date.now() + RETRY_MS);
      const wakes = this.#wakes;
      const nextMs = this.#sweeps > 0 ? await this.#sweep() : await this.#runJobs();
      if (this.#wakes !== wakes) await this.ctx.storage.setAlarm(Date.now());
      else if (nextMs === null) await this.ctx.storage.deleteAlarm();
      else await this.ctx.storage.setAlarm(nextMs);
    } catch (error) {
      logError("maintenance_failed", error);
    }
  }

  async #sweep(): Promise<number> {
    this.#sweeps--;
    try {
      const { hasMore } = await sweep(this.env);
      if (!hasMore) this.#sweeps = 0;
    } catch (error) {
      logError("sweep_not_run", error);
    }
    return Date.now();
  }

  /** Runs jobs of some shards. @returns the time of the next alarm, or null for none */
  async #runJobs(): Promise<number | null> {
    const shards = this.#nextShards();
    const share = Math.floor(INVOCATION_QUERIES / shards.length);
    const next = await Promise.all(shards.map((shard) => this.#runShard(shard, share)));
    const isPart = shards.length < shardsOf(this.env).length;
    const dueMs = Math.min(...next, isPart ? Date.now() + RETRY_MS : Infinity);
    return dueMs === Infinity ? null : Math.max(dueMs, Date.now());
  }

  #nextShards(): Shard[] {
    const all = shardsOf(this.env);
    const count = Math.min(all.length, Math.floor(INVOCATION_QUERIES / LEAST_SHARE));
    const start = this.#firstShard % all.length;
    this.#firstShard = start + count;
    return [...all.slice(start), ...all.slice(0, start)].slice(0, count);
  }

  /** Runs the jobs of a shard. An error does not stop other shards. @returns when it is due again, ms; Infinity for never */
  async #runShard(shard: Shard, queries: number): Promise<number> {
    try {
      const budget = new QueryBudget(queries - 1);
      const { hasMore } = await runJobs(this.env, shard, ALL_KINDS, Date.now() / 1_000, budget);
      if (hasMore) return 0;
      const dueTs = await readNextDueTs(shard.db);
      return dueTs === null ? Infinity : dueTs * 1_000;
    } catch (error) {
      logError("jobs_not_run", error, { shard: shard.name });
      return Date.now() + RETRY_MS;
    }
  }

  /** Starts the jobs of capabilities that are missing. Never rejects: a failure is logged, and the next call tries again. */
  async #ensureCapabilityJobs(): Promise<void> {
    try {
      await ensureCapabilityJobs(this.env, Date.now() / 1_000);
    } catch (error) {
      logError("capability_jobs_not_started", error);
    }
  }

  /** A wrong variable does not stop other work. */
  async #ensureRetention(): Promise<void> {
    try {
      if (readConfig(this.env).retentionDays !== null) await ensureRetention(this.env, Date.now() / 1_000);
    } catch (error) {
      logError("retention_not_started", error);
    }
  }
}
