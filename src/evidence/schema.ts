/** The capability's own tables in D1. A change needs a migration; see `drizzle.config.ts`. */
import { integer, real, sqliteTable, text } from "drizzle-orm/sqlite-core";

/**
 * How often each word of commands was used, over all identities; in the first shard. Counts by hash, nothing of an attacker. Two rows: the
 * counts that are used, and those of a pass that is under way. WITHOUT ROWID.
 */
export const wordShares = sqliteTable("word_shares", {
  /** `known` or `counting`. */
  slot: text("slot").primaryKey(),
  /** Names the secret under which the words were hashed, in hexadecimal digits. */
  stamp: text("stamp").notNull(),
  /** When the pass began, epoch seconds. */
  startedTs: real("started_ts").notNull(),
  /** Raised by every step; a step is saved only over the one that it follows. */
  version: integer("version").notNull(),
  /** Where the pass is: the number of the shard, and the id of the last session row that was counted, in decimal digits. */
  shard: integer("shard").notNull(),
  afterId: text("after_id").notNull(),
  /** Uses of all words, those that are not kept included. */
  allUses: integer("all_uses").notNull(),
  /** JSON: the words in one text, 16 digits each, and the list of their uses. */
  words: text("words").notNull(),
});
