/** What was refused or ran out of retries: kept with its reason until it comes through or somebody deletes it. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { utf8Length } from "../core/index.ts";
import { attackersNamedIn } from "./letter-attackers.ts";
import { MARK } from "./marks.ts";
import { parameters } from "./parameters.ts";

/** Something refused, kept with its reason. */
export interface DeadLetter {
  readonly id: string;
  readonly code: string;
  readonly field: string;
  readonly detail: string;
  readonly attempts: number;
  /** Epoch seconds. */
  readonly receivedTs: number;
  /** The body, or its beginning if it is too long for a row. */
  readonly body: string;
  /** UTF-8 bytes of the whole body. */
  readonly bodyBytes: number;
  /** SHA-256 of the whole body where `body` is only its beginning, else null. */
  readonly bodySha256: string | null;
}

/**
 * Statements that keep dead letters, each with the attackers that it names. The same letter again, which a repeated
 * delivery or a replay that failed brings, changes only its attempts and reason.
 * @param condition - SQL that must hold for anything to be written
 */
export function deadLetterStatements(
  db: D1Database,
  letters: readonly DeadLetter[],
  condition = "true",
): D1PreparedStatement[] {
  const rows = letters.map((letter) => [
    letter.id,
    letter.code,
    letter.field,
    letter.detail,
    letter.attempts,
    letter.receivedTs,
    letter.body,
    letter.bodyBytes,
    letter.bodySha256,
  ]);
  const named = letters.flatMap(({ id, body }) => attackersNamedIn(body).map((uuid) => [uuid, id]));
  return [
    // Before the letters: one that is there already is left as an erasure may have left it.
    ...parameters(named).map((list) =>
      db
        .prepare(
          `INSERT INTO dead_letter_attackers (attacker_uuid, letter_id) SELECT value ->> 0, value ->> 1 FROM json_each(?1)
           WHERE ${condition} AND NOT EXISTS (SELECT 1 FROM dead_letters WHERE id = value ->> 1) ON CONFLICT DO NOTHING`,
        )
        .bind(list),
    ),
    ...parameters(rows).map((list) =>
      db
        .prepare(
          `INSERT INTO dead_letters (id, code, field, detail, attempts, received_ts, body, body_bytes, body_sha256)
           SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8
           FROM json_each(?1) WHERE ${condition}
           ON CONFLICT (id) DO UPDATE SET code = excluded.code, field = excluded.field, detail = excluded.detail, attempts = excluded.attempts
           WHERE excluded.attempts > attempts`,
        )
        .bind(list),
    ),
  ];
}

/** Code of the letters whose body is an outbound event that could not be published. */
export const UNPUBLISHABLE = "unpublishable";

/** How many events could not be published. */
export async function countUnpublishable(db: D1Database): Promise<number> {
  // The index is partial, so its condition has to stand in the query as a literal.
  const row = await db
    .prepare(`SELECT count(*) AS n FROM dead_letters WHERE code = '${UNPUBLISHABLE}'`)
    .first<{ n: number }>();
  return row?.n ?? 0;
}

/** Keeps events that cannot be sent. */
export async function keepUnpublishable(db: D1Database, letters: readonly DeadLetter[]): Promise<void> {
  await db.batch(deadLetterStatements(db, letters));
}

/** Characters of an event that a letter keeps: at three bytes each under the 2 MB of a row. */
const LONGEST_EVENT = 500_000;

/**
 * An event that is too large for the outbound queue, as the dead letter that it becomes.
 * @param event - JSON of the envelope
 * @param nowTs - epoch seconds
 */
export function unpublishableLetter(
  identityUuid: string,
  seq: number,
  event: string,
  nowTs: number,
): DeadLetter {
  const bodyBytes = utf8Length(event);
  const isWhole = event.length <= LONGEST_EVENT;
  return {
    id: `${identityUuid}:${seq}`,
    code: UNPUBLISHABLE,
    field: "event",
    detail: `The event has ${bodyBytes} bytes; a message of the outbound queue holds 128,000.`,
    attempts: 1,
    receivedTs: nowTs,
    body: isWhole ? event : event.slice(0, LONGEST_EVENT),
    bodyBytes,
    bodySha256: isWhole ? null : bytesToHex(sha256(utf8ToBytes(event))),
  };
}

/** Removes dead letters that came through after all. */
export async function resolveDeadLetters(db: D1Database, ids: readonly string[]): Promise<void> {
  await db
    .prepare("DELETE FROM dead_letters WHERE id IN (SELECT value FROM json_each(?1))")
    .bind(JSON.stringify(ids))
    .run();
}

/**
 * Keeps messages that ran out of retries, and marks the identities that they speak of, so that the sweep looks at them
 * first: their observations may be stored and not applied.
 */
export async function keepExhausted(
  db: D1Database,
  letters: readonly DeadLetter[],
  attackerUuids: readonly string[],
): Promise<void> {
  await db.batch([
    ...deadLetterStatements(db, letters),
    db
      .prepare(
        `UPDATE identities SET ${MARK} WHERE uuid IN (
           SELECT identity_uuid FROM attackers WHERE uuid IN (SELECT value FROM json_each(?1)))`,
      )
      .bind(JSON.stringify(attackerUuids)),
  ]);
}

/** A dead letter with its place in the list. */
export interface DeadLetterRow extends DeadLetter {
  readonly cursor: number;
}

const COLUMNS = `rowid AS cursor, id, code, field, detail, attempts, received_ts AS receivedTs, body,
  body_bytes AS bodyBytes, body_sha256 AS bodySha256`;

/**
 * Dead letters, oldest first.
 * @param code - only those with it, or null for all
 * @param after - the cursor of the last one seen, or 0
 */
export async function readDeadLetters(
  db: D1Database,
  code: string | null,
  after: number,
  limit: number,
): Promise<DeadLetterRow[]> {
  const { results } = await db
    .prepare(
      `SELECT ${COLUMNS} FROM dead_letters WHERE rowid > ?1 AND (?2 IS NULL OR code = ?2) ORDER BY rowid LIMIT ?3`,
    )
    .bind(after, code, limit)
    .all<DeadLetterRow>();
  return results;
}

/**
 * The next dead letters, oldest first, as many as have about `bytes` together: a letter is read if those before it in
 * the page have fewer, so the first one always is.
 * @param code - only those with it, or null for all
 * @param after - the cursor of the last one seen, or 0
 */
export async function readDeadLetterPage(
  db: D1Database,
  code: string | null,
  after: number,
  limit: number,
  bytes: number,
): Promise<DeadLetterRow[]> {
  const { results } = await db
    .prepare(
      `SELECT ${COLUMNS} FROM dead_letters WHERE rowid IN (
         SELECT place FROM (
           SELECT place, sum(size) OVER (ORDER BY place) - size AS before FROM (
             SELECT rowid AS place, body_bytes AS size FROM dead_letters
             WHERE rowid > ?1 AND (?2 IS NULL OR code = ?2) ORDER BY rowid LIMIT ?3))
         WHERE before < ?4)
       ORDER BY rowid`,
    )
    .bind(after, code, limit, bytes)
    .all<DeadLetterRow>();
  return results;
}

/** How many dead letters come after a cursor; with a code, of those with it. */
export async function countDeadLetters(db: D1Database, code: string | null, after: number): Promise<number> {
  const row = await db
    .prepare("SELECT count(*) AS n FROM dead_letters WHERE rowid > ?1 AND (?2 IS NULL OR code = ?2)")
    .bind(after, code)
    .first<{ n: number }>();
  return row?.n ?? 0;
}

/** One dead letter, or null. */
export function findDeadLetter(db: D1Database, id: string): Promise<DeadLetterRow | null> {
  return db.prepare(`SELECT ${COLUMNS} FROM dead_letters WHERE id = ?1`).bind(id).first<DeadLetterRow>();
}
