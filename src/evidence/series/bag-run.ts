/** Follows a series of bags: the words of the sessions, in the order of their arrival. No change is looked for. */
import type { Change, Member } from "../../core/index.ts";
import { CommandsState, readCommands, wordSecretStamp, wordsOfBag } from "../commands/index.ts";
import { KEPT_VERSION } from "./kept-series.ts";
import { NOTHING, runOf, type SeriesOutcome, type SeriesRun, withoutEntries } from "./run.ts";

/** Second byte of what is kept; the state of the commands follows. */
const BAG = 2;
const HEAD_BYTES = 2;

/** The words of all identities. */
export interface Words {
  /** Names the secret of the words, any text. With another one every series of bags starts anew. */
  readonly stamp: string;
  /** The share of a word over all identities, above 0 to 1. */
  shareOf(word: string): number;
}

/** A series of bags in a decision. */
export interface BagsInDecision {
  readonly kept: Uint8Array | null;
  /** Null: commands are switched off. */
  readonly words: Words | null;
  hadObservations(): boolean;
  entries(): readonly string[];
}

/** What is known of an identity's commands, in wire form. */
export interface CommandsView {
  readonly sessions: number;
  /** Of the last session; nulls if it has no score. */
  readonly last: { readonly score: number | null; readonly p: number | null };
}

/** @param changes - the accepted observations in series order; a replacement of a bag that was taken is not taken again */
export function followBagArrivals(bags: BagsInDecision, changes: readonly Change[]): SeriesRun {
  const { kept, words } = bags;
  if (words === null) return switchedOff(bags);
  const isKnown = kept !== null && holdsState(kept);
  if (!isKnown && bags.hadObservations()) return new BagRun(bags, words, null, -Infinity);
  return runOf(() => {
    const run = new BagRun(bags, words, kept, null);
    for (const { prior, next } of changes) if (prior === null || !isKnown) run.take(next);
    return run.end();
  });
}

/** @param isExpired - observations were removed because of their age: what was learnt stays */
export function followBagsAgain(bags: BagsInDecision, isExpired: boolean): SeriesRun {
  const { kept, words } = bags;
  if (words === null) return switchedOff(bags);
  if (isExpired && kept !== null && holdsState(kept)) return runOf(() => NOTHING);
  return new BagRun(bags, words, null, null);
}

/** @returns null if the bytes are none of a series of bags */
export function describeCommands(kept: Uint8Array | null): CommandsView | null {
  if (kept === null || !holdsState(kept)) return null;
  const commands = readCommands(kept.subarray(HEAD_BYTES));
  return commands && { sessions: commands.sessions, last: commands.last };
}

class BagRun implements SeriesRun {
  readonly readFromTs: number | null;
  readonly #bags: BagsInDecision;
  readonly #words: Words;
  readonly #state: CommandsState;

  /** @param kept - the bytes to go on from; null: from nothing */
  constructor(bags: BagsInDecision, words: Words, kept: Uint8Array | null, readFromTs: number | null) {
    this.readFromTs = readFromTs;
    this.#bags = bags;
    this.#words = words;
    this.#state = read(kept, words);
  }

  take({ value }: Member): void {
    // A value of another kind, from before the kind was changed, has no words, and so is no session.
    this.#state.take(wordsOfBag(value), (word) => this.#words.shareOf(word));
  }

  end(): SeriesOutcome {
    const state = this.#state.write();
    const kept = new Uint8Array(HEAD_BYTES + state.length);
    kept.set([KEPT_VERSION, BAG]);
    kept.set(state, HEAD_BYTES);
    return { ...withoutChanges(this.#bags), kept };
  }
}

function read(kept: Uint8Array | null, { stamp }: Words): CommandsState {
  const bytes = kept !== null && holdsState(kept) ? kept.subarray(HEAD_BYTES) : null;
  return CommandsState.read(bytes, wordSecretStamp(stamp));
}

/** Nothing is kept of bags while commands are switched off. */
function switchedOff(bags: BagsInDecision): SeriesRun {
  const { kept } = bags;
  if (kept === null || kept.length === HEAD_BYTES) return runOf(() => NOTHING);
  return runOf(() => ({ ...withoutChanges(bags), kept: Uint8Array.of(KEPT_VERSION, BAG) }));
}

/** Withdraws the changes of a series that has become one of bags. */
function withoutChanges(bags: BagsInDecision): SeriesOutcome {
  const { kept } = bags;
  return kept !== null && holdsBags(kept) ? NOTHING : withoutEntries(bags.entries());
}

function holdsBags(kept: Uint8Array): boolean {
  return kept[0] === KEPT_VERSION && kept[1] === BAG;
}

/** Whether anything is known of the commands. */
function holdsState(kept: Uint8Array): boolean {
  return holdsBags(kept) && kept.length > HEAD_BYTES;
}
