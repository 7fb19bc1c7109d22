/**
 * Long work of an identity object, as rows: what is to be done, how far it is, and what failed. A job is found by its key;
 * the key of a merge's or unmerge's exchange stays when it is done, so that it is done once.
 */
import { z } from "zod";
import type { JobStatus } from "../protocol.ts";
import { Emptiness } from "./emptiness.ts";

const linkSchema = z.object({
  attackerUuid: z.string(),
  linkVersion: z.number(),
  firstSeenTs: z.number().nullable(),
});

const noticeSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("merged"), loserUuid: z.string(), attackerUuids: z.array(z.string()) }),
  z.object({ kind: z.literal("unmerged"), fromUuid: z.string(), attackerUuids: z.array(z.string()) }),
]);

/** What each kind of job is to do. */
const INPUTS = {
  /** Applies what was stored of an attacker before it was registered. */
  backfill: z.object({ attackerUuid: z.string(), linkVersion: z.number() }),
  /** Puts what D1 holds of some attackers in the place of what is held here. */
  exchange: z.object({
    /** Attackers that are linked here as of these versions: everything D1 holds of them becomes what is held of them. */
    load: z.array(linkSchema),
    /** Attackers that are linked elsewhere as of these versions: nothing of them stays. */
    drop: z.array(linkSchema),
    /** What is published before the transitions, if anything. */
    notice: noticeSchema.nullable(),
    /** Whether `load` was every attacker of the identity: then nothing of any other stays. */
    isWhole: z.boolean(),
  }),
};

const keySchema = z.object({ primitive: z.string(), evidenceRef: z.string() });

/** How far each kind of job is; null at the start. */
const PROGRESS = {
  /** The last observation applied. */
  backfill: z.object({ ts: z.number(), evidenceRef: z.string(), primitive: z.string() }).nullable(),
  exchange: z
    .discriminatedUnion("phase", [
      /** Reading: the attacker of `load` to go on with, and the last observation of it that was staged. */
      z.object({ phase: z.literal("read"), index: z.number(), after: keySchema.nullable() }),
      /** The exchange is made; D1 is still to hear that the backfills of those attackers are dealt with. */
      z.object({ phase: z.literal("confirm") }),
    ])
    .nullable(),
};

export type JobKind = keyof typeof INPUTS;
export type JobInput<K extends JobKind> = z.infer<(typeof INPUTS)[K]>;
export type JobProgress<K extends JobKind> = z.infer<(typeof PROGRESS)[K]>;

/** A job that waits. */
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
  readonly #emptiness: Emptiness;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#emptiness = new Emptiness(sql, "SELECT 1 FROM jobs WHERE input IS NOT NULL LIMIT 1");
  }

  /** Drops the cache: call it when a transaction did not commit. */
  forget(): void {
    this.#emptiness.forget();
  }

  /** Whether no job waits. */
  get isEmpty(): boolean {
    return this.#emptiness.isEmpty;
  }

  /** Adds a job, or starts one with this key over. */
  start<K extends JobKind>(kind: K, key: string, input: JobInput<K>): void {
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

  /** Whether a job with this key waits. */
  isWaiting(key: string): boolean {
    return this.#sql.exec("SELECT 1 FROM jobs WHERE key = ? AND input IS NOT NULL", key).toArray().length > 0;
  }

  /** Whether a job with this key waits or was done. */
  isKnown(key: string): boolean {
    return this.#sql.exec("SELECT 1 FROM jobs WHERE key = ?", key).toArray().length > 0;
  }

  /** The next job that may be worked on, or null. */
  next(nowMs: number): Job | null {
    const row = this.#sql
      .exec<JobRow>(
        `SELECT key, kind, input, progress, revision, failures FROM jobs
         WHERE input IS NOT NULL AND retry_ms <= ? ORDER BY position LIMIT 1`,
        nowMs,
      )
      .toArray()[0];
    return row ? toJob(row) : null;
  }

  /** The exchanges that wait. */
  exchanges(): JobOf<"exchange">[] {
    return this.#sql
      .exec<JobRow>(
        `SELECT key, kind, input, progress, revision, failures FROM jobs
         WHERE input IS NOT NULL AND kind = 'exchange' ORDER BY position`,
      )
      .toArray()
      .map(toJob)
      .filter((job) => job.kind === "exchange");
  }

  /** When the earliest job that waits may be worked on (epoch milliseconds), or null if none waits. */
  nextMs(): number | null {
    return this.#sql
      .exec<{ ms: number | null }>("SELECT min(retry_ms) AS ms FROM jobs WHERE input IS NOT NULL")
      .one().ms;
  }

  /** Whether a job is as it was when a step of it began. */
  isUnchanged({ key, revision }: Job): boolean {
    return (
      this.#sql
        .exec("SELECT 1 FROM jobs WHERE key = ? AND revision = ? AND input IS NOT NULL", key, revision)
        .toArray().length > 0
    );
  }

  /** Notes how far a job is. */
  moveOn<K extends JobKind>({ key }: JobOf<K>, progress: JobProgress<K>): void {
    this.#sql.exec(
      "UPDATE jobs SET progress = ?, revision = revision + 1, failures = 0, error = NULL, retry_ms = 0 WHERE key = ?",
      JSON.stringify(progress),
      key,
    );
  }

  /** Makes every step that is under way read again: what it has read may hold observations that are gone since. */
  invalidateSteps(): void {
    if (!this.isEmpty) this.#sql.exec("UPDATE jobs SET revision = revision + 1 WHERE input IS NOT NULL");
  }

  /** Ends a job; its key is kept if it is to be done once. */
  finish(key: string, isKeyKept: boolean): void {
    if (isKeyKept) {
      this.#sql.exec(
        "UPDATE jobs SET input = NULL, progress = NULL, revision = revision + 1, failures = 0, error = NULL WHERE key = ?",
        key,
      );
    } else this.#sql.exec("DELETE FROM jobs WHERE key = ?", key);
  }

  /** Notes that a step failed, and when the next attempt may start (epoch milliseconds). */
  fail({ key, revision }: Job, error: string, retryMs: number): void {
    this.#sql.exec(
      "UPDATE jobs SET failures = failures + 1, error = ?, retry_ms = ? WHERE key = ? AND revision = ?",
      error,
      retryMs,
      key,
      revision,
    );
  }

  /** Lets every job be worked on again at once, whatever failed before. */
  retryNow(): void {
    if (!this.isEmpty) this.#sql.exec("UPDATE jobs SET retry_ms = 0 WHERE retry_ms > 0");
  }

  /** Ends every backfill: the winner of a merge reads all of D1 itself. */
  dropBackfills(): void {
    this.#sql.exec("DELETE FROM jobs WHERE kind = 'backfill'");
  }

  /** What waits. */
  status(): JobStatus[] {
    return this.#sql
      .exec<{ key: string; kind: string; failures: number; error: string | null }>(
        "SELECT key, kind, failures, error FROM jobs WHERE input IS NOT NULL ORDER BY position",
      )
      .toArray();
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
    default:
      throw new Error(`a job must be of a known kind, ${row.key} is of ${kind}`);
  }
}
