/** The shares of words over all identities, for the Worker that applies observations. */
import { logError } from "../log.ts";
import { firstShard } from "../shard.ts";
import { wordStampOf } from "./job.ts";
import { readShares, shareIn, type WordUses } from "./store.ts";

/** How long an isolate uses what it has read, and how long where there was nothing or the read failed, ms. */
const HOLDS_MS = 3_600_000;
const RETRY_MS = 60_000;

/** The share of a word that nobody is known to have used. */
export const UNSEEN_SHARE = shareIn(null, "");

interface Memo {
  readonly stamp: string;
  readonly untilMs: number;
  readonly uses: WordUses | null;
}

const memos = new WeakMap<Env, Memo>();

/**
 * The share of each of some words over all identities, above 0 to 1. It may be up to an hour behind the daily counts. Where they cannot be
 * read, those that were read before are used, or none, which gives all words the same share: a score must not stop an observation.
 * @param words - of bags, as they are stored
 * @returns by word; empty if commands are not scored
 */
export async function sharesFor(env: Env, words: Iterable<string>): Promise<Record<string, number>> {
  const stamp = wordStampOf(env);
  if (stamp === null) return {};
  const uses = await usesIn(env, stamp);
  return Object.fromEntries([...new Set(words)].map((word) => [word, shareIn(uses, word)]));
}

/** The share of any word over all identities, as of now; null if commands are not scored. Never rejects. */
export async function wordShareReader(env: Env): Promise<((word: string) => number) | null> {
  const stamp = wordStampOf(env);
  if (stamp === null) return null;
  const uses = await usesIn(env, stamp);
  return (word) => shareIn(uses, word);
}

async function usesIn(env: Env, stamp: string): Promise<WordUses | null> {
  const memo = memos.get(env);
  const before = memo?.stamp === stamp ? memo : null;
  if (before !== null && Date.now() < before.untilMs) return before.uses;
  let read = before?.uses ?? null;
  let holdsMs = RETRY_MS;
  try {
    read = await readShares(firstShard(env).db, stamp);
    if (read !== null) holdsMs = HOLDS_MS;
  } catch (error) {
    logError("word_shares_not_read", error);
  }
  memos.set(env, { stamp, untilMs: Date.now() + holdsMs, uses: read });
  return read;
}
