/**
 * Follows a series after observations were removed because of their age. What was found in regimes that are still whole is not computed again:
 * the series then starts at the first of them. If the current regime has lost observations, it starts at its oldest one that is left.
 */
import { compareMembers, isInformative, type Member, type PlaceInSeries } from "../../core/index.ts";
import { Regime } from "../change/index.ts";
import { keep } from "./cache.ts";
import { frozen } from "./entry.ts";
import { readCheckpoint, type SeriesState } from "./kept-series.ts";
import {
  Entries,
  lastChange,
  NOTHING,
  type SeriesInDecision,
  type SeriesOutcome,
  type SeriesRun,
} from "./run.ts";
import { isFromStart, type Start, startAfter, startAt } from "./start.ts";
import { emptyState, SeriesWalk } from "./walk.ts";

/** Counts the observations that are left of each regime, and steps through those of the current one. */
export class ExpiredRun implements SeriesRun {
  readonly readFromTs = null;
  readonly #series: SeriesInDecision;
  readonly #state: SeriesState;
  readonly #now: Regime;
  readonly #entries: Entries;
  /** The number of the regime at hand: that of the change that ends it among the entries. */
  #regime: number;
  /** Observations that are left of each regime. */
  readonly #left: number[];
  /** The current regime from its oldest observation that is left on; null if it cannot have lost any. */
  readonly #walk: SeriesWalk | null;
  #oldest: PlaceInSeries | null = null;

  /** @param beforeTs - only earlier observations were removed, epoch seconds */
  constructor(series: SeriesInDecision, state: SeriesState, beforeTs: number) {
    const { kind, first, now, entries } = state;
    this.#series = series;
    this.#state = state;
    this.#now = Regime.read(kind, now);
    this.#entries = new Entries(entries === 0 ? [] : series.entries());
    const { list } = this.#entries;
    this.#regime = list.filter(({ isFrozen }) => isFrozen).length;
    this.#left = Array.from({ length: list.length + 1 }, () => 0);
    this.#walk =
      first === null || first.ts >= beforeTs ? null : new SeriesWalk(series, emptyState(kind, list.length));
  }

  take(member: Member): void {
    if (!isInformative(this.#state.kind, member.value) || !isFromStart(this.#state.start, member)) return;
    const { list } = this.#entries;
    for (
      let end = list[this.#regime];
      end && compareMembers(member, end.last) > 0;
      end = list[this.#regime]
    ) {
      this.#regime++;
    }
    this.#left[this.#regime] = (this.#left[this.#regime] ?? 0) + 1;
    if (this.#regime < list.length) return;
    this.#oldest ??= member;
    this.#walk?.step(member);
  }

  end(): SeriesOutcome {
    const { list } = this.#entries;
    const current = list.length;
    const isCut = this.#walk !== null && this.#left[current] !== this.#now.count;
    if (isCut && this.#walk !== null) return this.#cut(this.#walk);
    let whole = current;
    while (whole > 0 && this.#isWhole(whole - 1)) whole--;
    const before = list[whole - 1];
    if (before === undefined || before.isFrozen) return NOTHING;
    const { first, last, checkpoints } = this.#state;
    const firstOfWhole = list[whole]?.first ?? first;
    const start = firstOfWhole ? startAt(firstOfWhole) : startAfter(before.last);
    const after = list.map((entry, i) => (i < whole ? frozen(entry) : entry));
    const state = {
      regime: this.#now,
      first,
      // What comes before the start has not counted.
      last: firstOfWhole ? last : null,
      entries: current,
      checkpoints: checkpoints.filter((bytes) => readCheckpoint(bytes).entries >= whole),
    };
    return { kept: keep(state, this.#series, start, lastChange(after)), ...this.#entries.changeTo(after) };
  }

  /** Whether a regime before the current one is no frozen one and has all its observations. */
  #isWhole(regime: number): boolean {
    const entry = this.#entries.list[regime];
    return entry !== undefined && !entry.isFrozen && this.#left[regime] === entry.observations;
  }

  /** The current regime has lost observations. */
  #cut(walk: SeriesWalk): SeriesOutcome {
    const after = [...this.#entries.list.map(frozen), ...walk.added];
    return {
      kept: keep(walk.state(), this.#series, this.#start(), lastChange(after)),
      ...this.#entries.changeTo(after),
    };
  }

  #start(): Start | null {
    if (this.#oldest !== null) return startAt(this.#oldest);
    const { last, start } = this.#state;
    return last === null ? start : startAfter(last);
  }
}
