/** One series' part in a decision, and what it gives. */
import type { EntriesChange, Member } from "../../core/index.ts";
import { type Entry, readEntry, writeEntry } from "./entry.ts";
import type { SeriesFigures } from "./kept-series.ts";
import type { FollowedBy } from "./walk.ts";

/** A series in a decision. */
export interface SeriesInDecision extends FollowedBy {
  /** What is kept of it; null if nothing is. */
  readonly kept: Uint8Array | null;
  /** Whether there were observations before the decision. */
  hadObservations(): boolean;
  /** The series before the decision, in its order and without abstentions, if it is at hand; else null. */
  whole(): readonly Member[] | null;
  /** Costs a query. */
  entries(): readonly string[];
}

/** The part of one series; `end` is called once, after the last member. */
export interface SeriesRun {
  /** The members from this ts on must be passed to `take`; null: none. */
  readonly readFromTs: number | null;
  /** Takes a member of the series as it is after the decision, in its order. */
  take(member: Member): void;
  end(): SeriesOutcome;
}

/** What a decision changes of one series. */
export interface SeriesOutcome {
  /** New bytes; null if they stay. */
  readonly kept: Uint8Array | null;
  /** Null if the entries stay. */
  readonly entries: EntriesChange | null;
  /** The ids of published changes that no longer stand, oldest first. */
  readonly withdrawn: readonly string[];
  /** Changes that stand and are not published, oldest first. */
  readonly changed: readonly Entry[];
}

/** Nothing changes. */
export const NOTHING: SeriesOutcome = { kept: null, entries: null, withdrawn: [], changed: [] };

/** A run that takes no members. */
export function runOf(end: () => SeriesOutcome): SeriesRun {
  return { readFromTs: null, take: () => {}, end };
}

/** The entries of a series before a decision. Those that stay as they are keep their text. */
export class Entries {
  readonly texts: readonly string[];
  readonly list: readonly Entry[];

  constructor(texts: readonly string[]) {
    this.texts = texts;
    this.list = texts.map(readEntry);
  }

  /** What changes if other entries stand after a decision. */
  changeTo(after: readonly Entry[]): Omit<SeriesOutcome, "kept"> {
    const texts = after.map(writeEntry);
    let stay = 0;
    while (stay < texts.length && texts[stay] === this.texts[stay]) stay++;
    const isSame = stay === texts.length && stay === this.texts.length;
    const standing = new Set(after.map(({ id }) => id));
    const published = new Set(this.list.map(({ id }) => id));
    return {
      entries: isSame ? null : { stay, added: texts.slice(stay) },
      withdrawn: this.list.filter(({ id }) => !standing.has(id)).map(({ id }) => id),
      changed: after.filter(({ id }) => !published.has(id)),
    };
  }
}

/** The outcome of a series that has no changes any more. @param before - the entries before the decision */
export function withoutEntries(before: readonly string[]): SeriesOutcome {
  return { kept: null, ...new Entries(before).changeTo([]) };
}

/** The last change among entries, for the head of the series. */
export function lastChange(entries: readonly Entry[]): Omit<SeriesFigures, "e"> {
  const last = entries.at(-1);
  return { changedSinceTs: last?.since.ts ?? null, changedTs: last?.last.ts ?? null };
}
