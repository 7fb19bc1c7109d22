/**
 * What is known of the commands of one identity: its words, the scores of the sessions it has learnt, and the last session. Sessions are
 * taken in order of arrival. `state-codec.ts` writes it as bytes.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { COMMANDS } from "../constants.ts";
import { WordCounts } from "./scorer.ts";
import { type CommandsData, readCommands, STAMP_BYTES, writeCommands } from "./state-codec.ts";

/** What a session says. Null while there are too few sessions. */
export interface SessionScore {
  /** How foreign its commands are; see `WordCounts.score`. */
  readonly score: number | null;
  /** Share of the learnt sessions that are at least as foreign, above 0 to 1. */
  readonly p: number | null;
}

const NO_SCORE: SessionScore = { score: null, p: null };

/** Names a secret of words: hashes of another secret are other words. 8 bytes. */
export function wordSecretStamp(wordSecret: string): Uint8Array {
  return sha256(utf8ToBytes(`commands\0${wordSecret}`)).slice(0, STAMP_BYTES);
}

/** The state of an identity's commands. Mutable. */
export class CommandsState {
  readonly #stamp: Uint8Array;
  readonly #counts: WordCounts;
  readonly #scores: number[];
  #sessions: number;
  #last: SessionScore;

  private constructor(data: CommandsData) {
    this.#stamp = data.stamp;
    this.#counts = new WordCounts(data.counts, data.total);
    this.#scores = [...data.scores];
    this.#sessions = data.sessions;
    this.#last = data.last;
  }

  /** The state before the first session. @param stamp - see `wordSecretStamp` */
  static empty(stamp: Uint8Array): CommandsState {
    return new CommandsState({ stamp, counts: [], total: 0, scores: [], sessions: 0, last: NO_SCORE });
  }

  /**
   * Reads what `write` wrote. Bytes of another secret or of an unknown form give an empty state.
   * @param bytes - null for none
   * @throws RangeError if the bytes are damaged
   */
  static read(bytes: Uint8Array | null, stamp: Uint8Array): CommandsState {
    const data = bytes === null ? null : readCommands(bytes);
    const isKnown = data !== null && data.stamp.every((byte, i) => byte === stamp[i]);
    return isKnown ? new CommandsState(data) : CommandsState.empty(stamp);
  }

  /** Fresh bytes, at most 3 KB. What is read from them goes on bit for bit alike. */
  write(): Uint8Array {
    return writeCommands({
      stamp: this.#stamp,
      counts: this.#counts.counts,
      total: this.#counts.total,
      scores: this.#scores,
      sessions: this.#sessions,
      last: this.#last,
    });
  }

  /** Sessions so far, those that were not learnt included. */
  get sessions(): number {
    return this.#sessions;
  }

  /** The last session; nulls if there is none. */
  get last(): SessionScore {
    return this.#last;
  }

  /**
   * Takes the next session. An empty bag is no session: nothing changes.
   * @param words - the session's words, repeats included
   * @param shareOf - the share of a word over all identities, above 0 to 1
   */
  take(words: readonly string[], shareOf: (word: string) => number): SessionScore {
    if (words.length === 0) return NO_SCORE;
    this.#sessions = Math.min(this.#sessions + 1, MOST_SESSIONS);
    this.#last = this.#sessions <= COMMANDS.unscored ? NO_SCORE : this.#judge(words, shareOf);
    const { score, p } = this.#last;
    const isLearnt = this.#sessions <= COMMANDS.alwaysLearnt || (p !== null && p > COMMANDS.learntAbove);
    if (!isLearnt) return this.#last;
    this.#counts.learn(words);
    if (score !== null) {
      this.#scores.push(score);
      if (this.#scores.length > COMMANDS.scores) this.#scores.shift();
    }
    return this.#last;
  }

  #judge(words: readonly string[], shareOf: (word: string) => number): SessionScore {
    const score = this.#counts.score(words, shareOf);
    const asForeign = this.#scores.filter((learnt) => learnt >= score).length;
    return { score, p: (1 + asForeign) / (1 + this.#scores.length) };
  }
}

/** Sessions are counted in 32 bits. */
const MOST_SESSIONS = 0xffff_ffff;
