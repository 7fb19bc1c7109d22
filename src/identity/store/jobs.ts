/**
 * The jobs of an identity object, as rows: input, progress and failures. A job is identified by its key. The key of a merge or
 * unmerge stays after it is done, so that it runs only once.
 */
import { z } from "zod";
import type { JobStatus } from "../protocol.ts";
import { Emptiness } from "./emptiness.ts";
import type { Tables } from "./tables.ts";

const linkSchema = z.object({
  attackerUuid: z.string(),
  linkVersion: z.number(),
  firstSeenTs: z.number().nullable(),
});

const noticeSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("merged"), loserUuid: z.string(), attackerUuids: z.array(z.string()) }),
  z.object({ kind: z.literal("unmerged"), fromUuid: z.string(), attackerUuids: z.array(z.string()) }),
]);

/** The input of each kind of job. */
const INPUTS = {
  /** Applies the observations that were stored before their attacker was registered. */
  backfill: z.object({ attackerUuid: z.string(), linkVersion: z.number() }),
  /** Replaces the observations of some attackers by those of D1. */
  exchange: z.object({
    /** Attackers that are linked here since these versions. Their observations become those of D1. */
    load: z.array(linkSchema),
    /** Attackers that are linked elsewhere since these versions. Their observations are removed. */
    drop: z.array(linkSchema),
    /** An event to publish before the transitions, or null. */
    notice: noticeSchema.nullable(),
    /** Whether `load` has every attacker of the identity. Observations of all others are then removed. */
    isWhole: z.boolean(),
  }),
  /** Moves the observations of a store of version 1 into session rows. */
  pack: z.object({}),
};

/** The session row that was read last. */
const cursorSchema = z.object({ attackerUuid: z.string(), place: z.number() });

/** The progress of each kind of job; null at the start. */
const PROGRESS = {
  /** The last observation applied. */
  backfill: z.object({ ts: z.number(), evidenceRef: z.string(), primitive: z.string() }).nullable(),
  exchange: z
    .discriminatedUnion("phase", [
      /** Reading: the current attacker of `load`, and the last session row that is staged. */
      z.object({ phase: z.literal("read"), index: z.number(), after: cursorSchema.nullable() }),
      /** The exchange is made. D1 must still be told that the backfills of these attackers are done. */
      z.object({ phase: z.literal("confirm") }),
    ])
    .nullable(),
  /** What was moved is no longer in `observation_rows`. */
  pack: z.null(),
};

export type JobKind = keyof typeof INPUTS;
export type JobInput<K extends JobKind> = z.infer<(typeof INPUTS)[K]>;
export type JobProgress<K extends JobKind> = z.infer<(typeof PROGRESS)[K]>;

/** A waiting job. */
export type Job = { readonly [K in JobKind]: JobOf<K> }[JobKind];

export interface JobOf<K extends JobKind> {
  readonly key: string;
  readonly kind: K;
  readonly input: JobInput<K>;
  readonly progress: JobProgress<K>;
  readonly revision: number;
  readonly failures: number;
}

interface JobRow extends Record<string, SqlStorageValue> {
  key: string;
  kind: string;
  input: string;
  progress: string | null;
  revision: number;
  failures: number;
}

export class Jobs {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;
  readonly #emptiness: Emptiness;

  constructor(sql: SqlStorage, tables: Tables) {
    this.#sql = sql;
    this.#tables = tables;
    this.#emptiness = new Emptiness(sql, "SELECT 1 FROM jobs WHERE input IS NOT NULL LIMIT 1");
  }

  /** Clears the cache. Call it after a transaction that did not commit. */
  forget(): void {
    this.#emptiness.forget();
  }

  /** Whether no job waits. */
  get isEmpty(): boolean {
    return !this.#exist || this.#emptiness.isEmpty;
  }

  /** Adds a job, or restarts the one with this key. */
  start<K extends JobKind>(kind: K, key: string, input: JobInput<K>): void {
    this.#tables.need("jobs");
    this.#emptiness.forget();
    this.#sql.exec(
      `INSERT INTO jobs (key, kind, position, input, progress, revision, failures, error, retry_ms)
       VALUES (?, ?, (SELECT coalesce(max(position), 0) + 1 FROM jobs), ?, NULL, 0, 0, NULL, 0)
       ON CONFLICT DO UPDATE SET input = excluded.input, position = excluded.position, progress = NULL,
         revision = revision + 1, failures = 0, error = NULL, retry_ms = 0`,
      key,
      kind,
      JSON.stringify(input),
    );
  }

  /** Adds a job, unless one with this key and this input waits: that one keeps its progress. */
  ensure<K extends JobKind>(kind: K, key: string, input: JobInput<K>): void {
    if (!this.#finds("key = ? AND input = ?", key, JSON.stringify(input))) this.start(kind, key, input);
  }

  /** Whether a job with this key waits. */
  isWaiting(key: string): boolean {
    return this.#finds("key = ? AND input IS NOT NULL", key);
  }

  /** Whether a job with this key waits or was done. */
  isKnown(key: string): boolean {
    return this.#finds("key = ?", key);
  }

  /** The next job that is due, or null. */
  next(nowMs: number): Job | null {
    if (!this.#exist) return null;
    const row = this.#sql
      .exec<JobRow>(
        `SELECT key, kind, input, progress, revision, failures FROM jobs
         WHERE input IS NOT NULL AND retry_ms <= ? ORDER BY position LIMIT 1`,
        nowMs,
      )
      .toArray()[0];
    return row ? toJob(row) : null;
  }

  /** The waiting exchanges. */
  exchanges(): JobOf<"exchange">[] {
    if (!this.#exist) return [];
    return this.#sql
      .exec<JobRow>(
        `SELECT key, kind, input, progress, revision, failures FROM jobs
         WHERE input IS NOT NULL AND kind = 'exchange' ORDER BY position`,
      )
      .toArray()
      .map(toJob)
      .filter((job) => job.kind === "exchange");
  }

  /** Time at which the next waiting job is due (epoch milliseconds), or null if none waits. */
  nextMs(): number | null {
    if (!this.#exist) return null;
    return this.#sql
      .exec<{ ms: number | null }>("SELECT min(retry_ms) AS ms FROM jobs WHERE input IS NOT NULL")
      .one().ms;
  }

  /** Whether a job has not changed since a step began. */
  isUnchanged({ key, revision }: Job): boolean {
    return this.#finds("key = ? AND revision = ? AND input IS NOT NULL", key, revision);
  }

  /** Saves the progress of a job. */
  moveOn<K extends JobKind>({ key }: JobOf<K>, progress: JobProgress<K>): void {
    this.#sql.exec(
      "UPDATE jobs SET progress = ?, revision = revision + 1, failures = 0, error = NULL, retry_ms = 0 WHERE key = ?",
      JSON.stringify(progress),
      key,
    );
  }

  /** Makes an exchange that waits start over with another input. */
  restart(key: string, input: JobInput<"exchange">): void {
    this.#sql.exec(
      "UPDATE jobs SET input = ?, progress = NULL, revision = revision + 1 WHERE key = ?",
      JSON.stringify(input),
      key,
    );
  }

  /** Makes every running step read again, because it may have read observations that were removed since. */
  invalidateSteps(): void {
    if (!this.isEmpty) this.#sql.exec("UPDATE jobs SET revision = revision + 1 WHERE input IS NOT NULL");
  }

  /** Ends a job. Its key is kept if it must run only once. */
  finish(key: string, isKeyKept: boolean): void {
    if (!this.#exist) return;
    if (isKeyKept) {
      this.#sql.exec(
        "UPDATE jobs SET input = NULL, progress = NULL, revision = revision + 1, failures = 0, error = NULL WHERE key = ?",
        key,
      );
    } else this.#sql.exec("DELETE FROM jobs WHERE key = ?", key);
  }

  /** Saves that a step failed, and the time of the next attempt (epoch milliseconds). */
  fail({ key, revision }: Job, error: string, retryMs: number): void {
    this.#sql.exec(
      "UPDATE jobs SET failures = failures + 1, error = ?, retry_ms = ? WHERE key = ? AND revision = ?",
      error,
      retryMs,
      key,
      revision,
    );
  }

  /** Makes every job due at once, also failed ones. */
  retryNow(): void {
    if (!this.isEmpty) this.#sql.exec("UPDATE jobs SET retry_ms = 0 WHERE retry_ms > 0");
  }

  /** Ends every backfill: the winner of a merge reads all of D1 itself. */
  dropBackfills(): void {
    if (this.#exist) this.#sql.exec("DELETE FROM jobs WHERE kind = 'backfill'");
  }

  /** All waiting jobs. */
  status(): JobStatus[] {
    if (!this.#exist) return [];
    return this.#sql
      .exec<{ key: string; kind: string; failures: number; error: string | null }>(
        "SELECT key, kind, failures, error FROM jobs WHERE input IS NOT NULL ORDER BY position",
      )
      .toArray();
  }

  /** Whether there was ever a job. */
  get #exist(): boolean {
    return this.#tables.has("jobs");
  }

  #finds(condition: string, ...bindings: readonly SqlStorageValue[]): boolean {
    if (!this.#exist) return false;
    const rows = this.#sql.exec(`SELECT 1 FROM jobs WHERE ${condition}`, ...bindings);
    return rows.toArray().length > 0;
  }
}

function toJob({ kind, input, progress, ...row }: JobRow): Job {
  const [given, far]: [unknown, unknown] = [
    JSON.parse(input),
    progress === null ? null : JSON.parse(progress),
  ];
  switch (kind) {
    case "backfill":
      return { ...row, kind, input: INPUTS.backfill.parse(given), progress: PROGRESS.backfill.parse(far) };
    case "exchange":
      return { ...row, kind, input: INPUTS.exchange.parse(given), progress: PROGRESS.exchange.parse(far) };
    case "pack":
      return { ...row, kind, input: INPUTS.pack.parse(given), progress: PROGRESS.pack.parse(far) };
    default:
      throw new Error(`a job must be of a known kind, ${row.key} is of ${kind}`);
  }
}
