/** The capability's tables in D1: how often each word of commands was used. */
import { z } from "zod";
import { shareOfUses, wordKeyOf } from "./commands/index.ts";

/** How often words were used, over all identities. */
export interface WordUses {
  /** By key (see `wordKeyOf`). */
  readonly uses: ReadonlyMap<string, number>;
  /** Of all words, those without an entry included. */
  readonly all: number;
}

/** A pass over all sessions. */
export interface Counting extends WordUses {
  /** When it began, epoch seconds. */
  readonly startedTs: number;
  /** Steps that are saved. */
  readonly version: number;
  /** Where it is. */
  readonly shard: number;
  readonly afterId: string;
}

/** The share of a word over all identities, above 0 to 1. Without uses, every word has the same. */
export function shareIn(known: WordUses | null, word: string): number {
  return shareOfUses(known?.uses.get(wordKeyOf(word)) ?? 0, known?.all ?? 0);
}

/**
 * The uses that the last complete pass counted; null if there is none of this secret. One query.
 * @param stamp - names the secret
 */
export async function readShares(db: D1Database, stamp: string): Promise<WordUses | null> {
  const row = await db
    .prepare("SELECT all_uses AS allUses, words FROM word_shares WHERE slot = 'known' AND stamp = ?1")
    .bind(stamp)
    .first<{ allUses: number; words: string }>();
  return row && { all: row.allUses, uses: readWords(row.words) };
}

/** What is known of passes under a secret: when the last complete one began (epoch seconds), and the one under way. One query. */
export async function readPasses(
  db: D1Database,
  stamp: string,
): Promise<{ completeTs: number | null; counting: Counting | null }> {
  const { results } = await db
    .prepare(
      `SELECT slot, started_ts AS startedTs, version, shard, after_id AS afterId, all_uses AS allUses,
         iif(slot = 'counting', words, NULL) AS words FROM word_shares WHERE stamp = ?1`,
    )
    .bind(stamp)
    .all<PassRow>();
  const known = results.find(({ slot }) => slot === "known");
  const row = results.find(({ slot }) => slot === "counting");
  return {
    completeTs: known?.startedTs ?? null,
    counting: row ? { ...row, all: row.allUses, uses: readWords(row.words ?? "") } : null,
  };
}

interface PassRow {
  readonly slot: string;
  readonly startedTs: number;
  readonly version: number;
  readonly shard: number;
  readonly afterId: string;
  readonly allUses: number;
  readonly words: string | null;
}

/** Values of the columns in the order of `INSERT`. */
function valuesOf(stamp: string, { startedTs, version, shard, afterId, all, uses }: Counting): unknown[] {
  return [stamp, startedTs, version, shard, afterId, all, writeWords(uses)];
}

const COLUMNS = "slot, stamp, started_ts, version, shard, after_id, all_uses, words";
const REPLACED = `stamp = excluded.stamp, started_ts = excluded.started_ts, version = excluded.version, shard = excluded.shard,
  after_id = excluded.after_id, all_uses = excluded.all_uses, words = excluded.words`;

/**
 * Saves how far a pass is, over the step before it. Saves nothing if another pass or step was saved meanwhile; a pass of another secret is
 * replaced. One query.
 */
export async function saveCounting(db: D1Database, stamp: string, counting: Counting): Promise<void> {
  await db
    .prepare(
      `INSERT INTO word_shares (${COLUMNS}) VALUES ('counting', ?1, ?2, ?3, ?4, ?5, ?6, ?7)
       ON CONFLICT DO UPDATE SET ${REPLACED}
       WHERE stamp <> excluded.stamp OR (started_ts = excluded.started_ts AND version = excluded.version - 1)`,
    )
    .bind(...valuesOf(stamp, counting))
    .run();
}

/** Makes a complete pass the one that is used, unless another one was begun later and is complete. Two queries. */
export async function replaceShares(db: D1Database, stamp: string, counted: Counting): Promise<void> {
  await db.batch([
    db
      .prepare(
        `INSERT INTO word_shares (${COLUMNS}) VALUES ('known', ?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT DO UPDATE SET ${REPLACED} WHERE stamp <> excluded.stamp OR started_ts <= excluded.started_ts`,
      )
      .bind(...valuesOf(stamp, counted)),
    db
      .prepare("DELETE FROM word_shares WHERE slot = 'counting' AND (stamp <> ?1 OR started_ts <= ?2)")
      .bind(stamp, counted.startedTs),
  ]);
}

/** Removes everything, because commands are not scored any more. One query. */
export async function removeShares(db: D1Database): Promise<void> {
  await db.prepare("DELETE FROM word_shares").run();
}

const DIGITS = 16;
const wordsSchema = z.tuple([z.string(), z.array(z.number())]);

function writeWords(uses: ReadonlyMap<string, number>): string {
  return JSON.stringify([[...uses.keys()].join(""), [...uses.values()]] satisfies z.infer<
    typeof wordsSchema
  >);
}

function readWords(text: string): Map<string, number> {
  const [keys, counts] = wordsSchema.parse(JSON.parse(text));
  return new Map(counts.map((count, i) => [keys.slice(i * DIGITS, (i + 1) * DIGITS), count]));
}
