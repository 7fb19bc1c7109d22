/**
 * How foreign the commands of a session are to an identity: the mean surprise at its words under what the identity has used so far, less
 * that under what everybody uses. A repeated word counts by the root of its uses, so that a loop does not decide alone.
 */
import { COMMANDS } from "../constants.ts";
import { usesOf, wordKeyOf } from "./words.ts";

/** A word of an identity. */
export interface WordCount {
  /** See `wordKeyOf`. */
  readonly key: string;
  /** Sum of the roots of its uses per session, above 0. */
  readonly count: number;
}

/** The words that an identity has used. A mutable counter of at most `COMMANDS.words` words. */
export class WordCounts {
  /** From the oldest to the newest word; the values are the counts. */
  readonly #counts: Map<string, number>;
  #total: number;

  /**
   * @param counts - from the oldest word to the newest
   * @param total - sum over all words that were ever added, ≥ 0
   */
  constructor(counts: readonly WordCount[] = [], total = 0) {
    this.#counts = new Map(counts.map(({ key, count }) => [key, count]));
    this.#total = total;
  }

  /** Sum over all words that were ever added, also those that were pushed out. */
  get total(): number {
    return this.#total;
  }

  /** From the oldest word to the newest. */
  get counts(): WordCount[] {
    return [...this.#counts].map(([key, count]) => ({ key, count }));
  }

  /**
   * The score of a session: 0 means that its words are as frequent for the identity as for everybody, more that they are more foreign to it.
   * Finite; 0 for no words.
   * @param shareOf - the share of a word over all identities, above 0 to 1
   */
  score(words: readonly string[], shareOf: (word: string) => number): number {
    let sum = 0;
    let weights = 0;
    for (const [word, uses] of usesOf(words)) {
      const weight = Math.sqrt(uses);
      const count = this.#counts.get(wordKeyOf(word)) ?? 0;
      const own = (count + COMMANDS.countPrior) / (this.#total + COMMANDS.totalPrior);
      sum += weight * (Math.log(own) - Math.log(within(shareOf(word))));
      weights += weight;
    }
    return weights === 0 ? 0 : 0 - sum / weights;
  }

  /** Counts the words of a session. A new word pushes out the one with the smallest count (of equal ones the oldest) if there is no room. */
  learn(words: readonly string[]): void {
    for (const [word, uses] of usesOf(words)) {
      const key = wordKeyOf(word);
      const weight = Math.sqrt(uses);
      const known = this.#counts.get(key);
      if (known === undefined && this.#counts.size >= COMMANDS.words) this.#pushOut();
      this.#counts.set(key, (known ?? 0) + weight);
      this.#total += weight;
    }
  }

  #pushOut(): void {
    let smallest: WordCount | null = null;
    for (const [key, count] of this.#counts) {
      if (smallest === null || count < smallest.count) smallest = { key, count };
    }
    if (smallest !== null) this.#counts.delete(smallest.key);
  }
}

/** A share that is no positive number is taken for the least one, so that no score is infinite or NaN. */
function within(share: number): number {
  return share > COMMANDS.leastShare ? Math.min(share, 1) : COMMANDS.leastShare;
}

/** Scores the sessions of one identity. What is learnt is up to the caller. */
export interface CommandScorer {
  /** The score under what was learnt so far. @param words - the words of a session, repeats included */
  score(words: readonly string[]): number;
  learn(words: readonly string[]): void;
}

/**
 * A scorer that has learnt nothing.
 * @param options - `p`: the share of a word over all identities, above 0 to 1
 * @example
 * const scorer = commandScorer({ p: () => 1 / 900 });
 * scorer.learn(["uname", "cat"]);
 * scorer.score(["uname"]) < scorer.score(["wget"]) // true
 */
export function commandScorer({ p }: { readonly p: (word: string) => number }): CommandScorer {
  const counts = new WordCounts();
  return {
    score: (words) => counts.score(words, p),
    learn: (words) => counts.learn(words),
  };
}
