/**
 * The jobs of a shard: long work over several objects, done in steps that are safe to repeat. A job is recorded in the
 * transaction that makes it necessary, and leaves the table when it is done. A step is saved only if the job is still
 * in the state that the step read, so a step that ran twice, or for an older request, changes nothing.
 */

/** What kinds of jobs there are. */
export type JobKind =
  | "erasure"
  | "merge"
  | "index_letters"
  | "pack_observations"
  | "rebuild"
  | "retention"
  /** Work of a capability, which the subject names (`src/hooks.ts`). */
  | "capability";

/** A job as it is stored. */
export interface Job {
  readonly kind: JobKind;
  readonly subject: string;
  /** JSON. */
  readonly state: string;
  /** Attempts in a row that failed. */
  readonly failures: number;
  /** Why the last attempt failed, or null. */
  readonly error: string | null;
}

const JOB = "kind, subject, state, failures, error";

/** The jobs that are due by a time (epoch seconds), the longest waiting first. One query. */
export async function readDueJobs(
  db: D1Database,
  kinds: readonly JobKind[],
  dueTs: number,
  limit: number,
): Promise<Job[]> {
  const { results } = await db
    .prepare(
      `SELECT ${JOB} FROM jobs WHERE due_ts <= ?1 AND kind IN (SELECT value FROM json_each(?2)) ORDER BY due_ts LIMIT ?3`,
    )
    .bind(dueTs, JSON.stringify(kinds), limit)
    .all<Job>();
  return results;
}

/** When the next job is due, epoch seconds, or null if there is none. One query. */
export async function readNextDueTs(db: D1Database): Promise<number | null> {
  const row = await db
    .prepare("SELECT min(due_ts) AS dueTs FROM jobs WHERE due_ts IS NOT NULL")
    .first<{ dueTs: number | null }>();
  return row?.dueTs ?? null;
}

/** One job, or null. One query. */
export function findJob(db: D1Database, kind: JobKind, subject: string): Promise<Job | null> {
  return db
    .prepare(`SELECT ${JOB} FROM jobs WHERE kind = ?1 AND subject = ?2`)
    .bind(kind, subject)
    .first<Job>();
}

/** Records a job unless there is one of its kind and subject. One query. */
export async function addJob(
  db: D1Database,
  kind: JobKind,
  subject: string,
  state: unknown,
  dueTs: number,
): Promise<void> {
  await db
    .prepare("INSERT INTO jobs (kind, subject, state, due_ts) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")
    .bind(kind, subject, JSON.stringify(state), dueTs)
    .run();
}

/** Records a job, or starts it anew if it is finished. One query. */
export async function restartJob(
  db: D1Database,
  kind: JobKind,
  subject: string,
  state: unknown,
  dueTs: number,
): Promise<void> {
  await db
    .prepare(
      `INSERT INTO jobs (kind, subject, state, due_ts) VALUES (?1, ?2, ?3, ?4)
       ON CONFLICT DO UPDATE SET state = excluded.state, due_ts = excluded.due_ts, failures = 0, error = NULL
       WHERE due_ts IS NULL`,
    )
    .bind(kind, subject, JSON.stringify(state), dueTs)
    .run();
}

const IS_UNCHANGED = "kind = ?1 AND subject = ?2 AND state = ?3";

/**
 * Saves how far a job is after a step that succeeded. One query.
 * @param dueTs - when it goes on, epoch seconds; null: it is finished, and kept for its result
 */
export async function saveJob(db: D1Database, job: Job, state: unknown, dueTs: number | null): Promise<void> {
  await db
    .prepare(`UPDATE jobs SET state = ?4, due_ts = ?5, failures = 0, error = NULL WHERE ${IS_UNCHANGED}`)
    .bind(job.kind, job.subject, job.state, JSON.stringify(state), dueTs)
    .run();
}

/** Removes a job that is done. One query. */
export async function finishJob(db: D1Database, job: Job): Promise<void> {
  await db.prepare(`DELETE FROM jobs WHERE ${IS_UNCHANGED}`).bind(job.kind, job.subject, job.state).run();
}

/** Says that a step failed, why, and when the next attempt is due, whatever the job's state is by now. One query. */
export async function failJob(db: D1Database, job: Job, error: string, dueTs: number): Promise<void> {
  await db
    .prepare(
      "UPDATE jobs SET failures = failures + 1, error = ?3, due_ts = ?4 WHERE kind = ?1 AND subject = ?2",
    )
    .bind(job.kind, job.subject, error, dueTs)
    .run();
}
