/** Steps through a series from its start. */
import { compareMembers, isInformative, type Member, type PlaceInSeries } from "../../core/index.ts";
import { keep } from "./cache.ts";
import type { Entry } from "./entry.ts";
import {
  type Entries,
  lastChange,
  type SeriesInDecision,
  type SeriesOutcome,
  type SeriesRun,
} from "./run.ts";
import { isFromStart, type Start, startAfter, startAt } from "./start.ts";
import { emptyState, SeriesWalk } from "./walk.ts";

/** Where it starts, and what stands before. */
export interface WholeStart {
  readonly start: Start | null;
  /** Changes before the start that may stay. */
  readonly frozen: readonly Entry[];
  /** Whether all of them stay, or those that come before every observation that counts. */
  readonly stays: "always" | "if_older";
  readonly readFromTs: number | null;
  /**
   * Whether the start moves if it is the place of an observation that is no longer stored: to the next one that counts, else to just after
   * the last one before it. Then nothing is kept of what is gone. The whole series must be passed.
   */
  readonly isMovable?: boolean;
}

/** Decides the start with the first member that counts. */
export class WholeRun implements SeriesRun {
  readonly readFromTs: number | null;
  readonly #series: SeriesInDecision;
  readonly #entries: Entries;
  readonly #from: WholeStart;
  /** From the first observation that counts on. */
  #walk: SeriesWalk | null = null;
  #frozen: readonly Entry[];
  #first: PlaceInSeries | null = null;
  #lastBefore: PlaceInSeries | null = null;
  #isStartStored = false;

  constructor(series: SeriesInDecision, entries: Entries, from: WholeStart) {
    this.readFromTs = from.readFromTs;
    this.#series = series;
    this.#entries = entries;
    this.#from = from;
    this.#frozen = from.frozen;
  }

  take(member: Member): void {
    const { start } = this.#from;
    if (start !== null && compareMembers(member, start) === 0) this.#isStartStored = true;
    if (!isInformative(this.#series.kind, member.value)) return;
    if (!isFromStart(start, member)) {
      this.#lastBefore = member;
      return;
    }
    this.#walk ??= this.#begin(member);
    this.#walk.step(member);
  }

  end(): SeriesOutcome {
    const { kind } = this.#series;
    const after = [...this.#frozen, ...(this.#walk?.added ?? [])];
    const state = this.#walk?.state() ?? emptyState(kind, after.length);
    return {
      kept: keep(state, this.#series, this.#start(), lastChange(after)),
      ...this.#entries.changeTo(after),
    };
  }

  #begin(first: Member): SeriesWalk {
    this.#first = first;
    if (this.#from.stays === "if_older") {
      this.#frozen = this.#frozen.filter(({ last }) => compareMembers(last, first) < 0);
    }
    return new SeriesWalk(this.#series, emptyState(this.#series.kind, this.#frozen.length));
  }

  #start(): Start | null {
    const { start, isMovable = false } = this.#from;
    const isGone = start !== null && isMovable && !this.#isStartStored;
    // Whatever is frozen lies before the start.
    const isMissing = start === null && this.#frozen.length > 0;
    if (!isGone && !isMissing) return start;
    if (this.#first !== null) return startAt(this.#first);
    const before = [this.#frozen.at(-1)?.last ?? null, this.#lastBefore].filter((place) => place !== null);
    const [latest] = before.toSorted((a, b) => compareMembers(b, a));
    return latest ? startAfter(latest) : null;
  }
}
