/**
 * The maintenance object: one for the Worker. Drives what goes over all identities (rebuilding everything, retention)
 * in small steps by its alarm, so that it survives restarts, and knows how far each is.
 */
import { DurableObject } from "cloudflare:workers";
import pMap from "p-map";
import { cellsOf } from "../cells.ts";
import { readConfig } from "../config.ts";
import { logError } from "../log.ts";
import { countIdentities } from "../storage/index.ts";
import { nextIdentities } from "./next-identities.ts";
import { expireStep } from "./retention.ts";

/** Identities rebuilt in one step, and at a time. */
const PAGE_IDENTITIES = 50;
const PARALLEL_CALLS = 8;
/** How long after a step that failed the next one starts. */
const RETRY_MS = 10_000;
/** Seconds between two walks of retention over everything. */
const RETENTION_PAUSE_SECS = 3_600;

/** How far rebuilding everything is. Times are epoch seconds. */
export interface RebuildProgress {
  readonly state: "never" | "running" | "finished";
  readonly done: number;
  readonly total: number;
  readonly failed: number;
  readonly startedTs: number | null;
  readonly finishedTs: number | null;
}

interface RebuildRow extends Record<string, SqlStorageValue> {
  after_uuid: string;
  done: number;
  total: number;
  failed: number;
  started_ts: number;
  finished_ts: number | null;
}

/** The name of the one maintenance object. */
export const MAINTENANCE = "maintenance";

export class MaintenanceObject extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS rebuild (
        id INTEGER PRIMARY KEY CHECK (id = 1), after_uuid TEXT NOT NULL, done INTEGER NOT NULL, total INTEGER NOT NULL,
        failed INTEGER NOT NULL, started_ts REAL NOT NULL, finished_ts REAL
      );
      CREATE TABLE IF NOT EXISTS retention (
        id INTEGER PRIMARY KEY CHECK (id = 1), after_uuid TEXT NOT NULL, finished_ts REAL NOT NULL
      );`);
  }

  /** Starts rebuilding everything; while that runs, only says how far it is. */
  async startRebuild(): Promise<RebuildProgress> {
    const running = this.progress();
    if (running.state === "running") return running;
    const counts = await Promise.all(cellsOf(this.env).map(({ DB }) => countIdentities(DB)));
    const total = counts.reduce((sum, count) => sum + count, 0);
    this.ctx.storage.sql.exec(
      `INSERT OR REPLACE INTO rebuild (id, after_uuid, done, total, failed, started_ts, finished_ts)
       VALUES (1, '', 0, ?, 0, ?, NULL)`,
      total,
      Date.now() / 1_000,
    );
    await this.ctx.storage.setAlarm(Date.now());
    return this.progress();
  }

  progress(): RebuildProgress {
    const row = this.#rebuild();
    if (!row) return { state: "never", done: 0, total: 0, failed: 0, startedTs: null, finishedTs: null };
    return {
      state: row.finished_ts === null ? "running" : "finished",
      done: row.done,
      total: row.total,
      failed: row.failed,
      startedTs: row.started_ts,
      finishedTs: row.finished_ts,
    };
  }

  /** Goes on with whatever is under way; called by cron, in case an alarm was given up. */
  async wake(): Promise<void> {
    const isDue = readConfig(this.env).retentionDays !== null && this.#isRetentionDue();
    if (this.progress().state === "running" || isDue) await this.ctx.storage.setAlarm(Date.now());
  }

  /** One step of each; re-arms itself first and never throws. */
  override async alarm(): Promise<void> {
    try {
      await this.ctx.storage.setAlarm(Date.now() + RETRY_MS);
      const hasMore = [await this.#rebuildStep(), await this.#retentionStep()].includes(true);
      if (hasMore) await this.ctx.storage.setAlarm(Date.now());
      else await this.ctx.storage.deleteAlarm();
    } catch (error) {
      logError("maintenance_failed", error);
    }
  }

  #rebuild(): RebuildRow | null {
    return this.ctx.storage.sql.exec<RebuildRow>("SELECT * FROM rebuild").toArray()[0] ?? null;
  }

  async #rebuildStep(): Promise<boolean> {
    const row = this.#rebuild();
    if (!row || row.finished_ts !== null) return false;
    const page = await nextIdentities(this.env, row.after_uuid, PAGE_IDENTITIES);
    let failed = 0;
    await pMap(
      page,
      async (uuid) => {
        try {
          await this.env.IDENTITIES.getByName(uuid).rebuild();
        } catch (error) {
          failed++;
          logError("rebuild_failed", error, { identity_uuid: uuid });
        }
      },
      { concurrency: PARALLEL_CALLS },
    );
    const isLast = page.length < PAGE_IDENTITIES;
    this.ctx.storage.sql.exec(
      "UPDATE rebuild SET after_uuid = ?, done = done + ?, failed = failed + ?, finished_ts = ? WHERE started_ts = ? AND after_uuid = ? AND finished_ts IS NULL",
      page.at(-1) ?? row.after_uuid,
      page.length,
      failed,
      isLast ? Date.now() / 1_000 : null,
      row.started_ts,
      // A step that ran twice counts once.
      row.after_uuid,
    );
    return !isLast;
  }

  #isRetentionDue(): boolean {
    const row = this.ctx.storage.sql
      .exec<{ after_uuid: string; finished_ts: number }>("SELECT after_uuid, finished_ts FROM retention")
      .toArray()[0];
    return !row || row.after_uuid !== "" || row.finished_ts < Date.now() / 1_000 - RETENTION_PAUSE_SECS;
  }

  async #retentionStep(): Promise<boolean> {
    const { retentionDays } = readConfig(this.env);
    if (retentionDays === null || !this.#isRetentionDue()) return false;
    const row = this.ctx.storage.sql
      .exec<{ after_uuid: string }>("SELECT after_uuid FROM retention")
      .toArray()[0];
    const nowTs = Date.now() / 1_000;
    const step = await expireStep(this.env, nowTs - retentionDays * 86_400, row?.after_uuid ?? "");
    this.ctx.storage.sql.exec(
      "INSERT OR REPLACE INTO retention (id, after_uuid, finished_ts) VALUES (1, ?, ?)",
      step.afterUuid,
      nowTs,
    );
    return step.afterUuid !== "";
  }
}
