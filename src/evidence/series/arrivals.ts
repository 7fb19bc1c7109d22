/** Follows a series when observations arrive: steps on from the state, or goes back to where the series first differs. */
import {
  type Change,
  compareMembers,
  isInformative,
  nameInSeries,
  type PlaceInSeries,
} from "../../core/index.ts";
import { keep, stateOf, takeState } from "./cache.ts";
import { frozen, writeEntry } from "./entry.ts";
import type { SeriesState } from "./kept-series.ts";
import { findRestart } from "./restart.ts";
import { hasStamp } from "./rules.ts";
import { Entries, lastChange, NOTHING, runOf, type SeriesInDecision, type SeriesRun } from "./run.ts";
import { isFromStart, type Start, startAfter } from "./start.ts";
import { type FollowedBy, SeriesWalk } from "./walk.ts";
import { WholeRun } from "./whole-run.ts";

/** @param changes - the accepted observations in series order, one per key */
export function followArrivals(series: SeriesInDecision, changes: readonly Change[]): SeriesRun {
  const { kept, kind, rules } = series;
  const state = stateOf(kept);
  if (kept === null || state === null) return followFromNothing(series, changes);
  if (state.singleTs !== null) return followSingle(series, state, changes);
  if (!hasStamp(state.stamp, rules.stamps[kind])) return followAnew(series, state);
  const { start, last } = state;
  const difference = firstDifference(series, start, changes);
  if (difference === null) return runOf(() => NOTHING);
  if (last === null || compareMembers(difference, last) > 0) return stepOn(series, kept, state, changes);
  return goBack(series, state, difference);
}

/** Only one observation has counted: the series is followed from it on. */
function followSingle(
  series: SeriesInDecision,
  { kind }: SeriesState,
  changes: readonly Change[],
): SeriesRun {
  // What was left out as an abstention may count for another kind.
  const whole = kind === series.kind ? series.whole() : null;
  const fromNothing = { start: null, frozen: [], stays: "always" } as const;
  const entries = new Entries([]);
  if (whole === null) return new WholeRun(series, entries, { ...fromNothing, readFromTs: -Infinity });
  const run = new WholeRun(series, entries, { ...fromNothing, readFromTs: null });
  const replaced = new Set(changes.map(({ next }) => nameInSeries(next)));
  const members = [
    ...whole.filter((member) => !replaced.has(nameInSeries(member))),
    ...changes.map(({ next }) => next),
  ];
  return runOf(() => {
    for (const member of members.toSorted(compareMembers)) run.take(member);
    return run.end();
  });
}

/** Every observation that counts is new and comes after all that have counted. */
function stepOn(
  series: SeriesInDecision,
  kept: Uint8Array,
  state: SeriesState,
  changes: readonly Change[],
): SeriesRun {
  return runOf(() => {
    const { kind } = series;
    const { start, last } = state;
    const walk = new SeriesWalk(series, takeState(kept, state));
    for (const { prior, next } of changes) {
      if (!isInformative(kind, next.value) || !isFromStart(start, next)) continue;
      // A replacement by an equal value at the same place.
      if (prior !== null && last !== null && compareMembers(next, last) <= 0) continue;
      walk.step(next);
    }
    const { added } = walk;
    if (added.length === 0) return { ...NOTHING, kept: keep(walk.state(), series, start, state) };
    return {
      kept: keep(walk.state(), series, start, lastChange(added)),
      entries: { stay: state.entries, added: added.map(writeEntry) },
      withdrawn: [],
      changed: added,
    };
  });
}

/** The series is stepped through again from the last state before the first difference. */
function goBack(series: SeriesInDecision, state: SeriesState, difference: PlaceInSeries): SeriesRun {
  const { kind } = series;
  const entries = new Entries(series.entries());
  const { from, state: restart } = findRestart(
    state,
    entries.list,
    (place) => compareMembers(place, difference) < 0,
  );
  const walk = new SeriesWalk(series, restart);
  const stay = entries.list.slice(0, restart.entries);
  return {
    readFromTs: from?.ts ?? -Infinity,
    take(member) {
      if (isInformative(kind, member.value) && isFromStart(from, member)) walk.step(member);
    },
    end() {
      const after = [...stay, ...walk.added];
      return {
        kept: keep(walk.state(), series, state.start, lastChange(after)),
        ...entries.changeTo(after),
      };
    },
  };
}

/** The secret, the threshold or the kind has changed: the series starts after what has counted, and what stands is frozen. */
function followAnew(series: SeriesInDecision, state: SeriesState): SeriesRun {
  const entries = new Entries(series.entries());
  const start = startAnew(state);
  return new WholeRun(series, entries, {
    start,
    frozen: entries.list.map(frozen),
    stays: "always",
    readFromTs: start?.ts ?? -Infinity,
  });
}

/** Nothing is kept: the series is followed from its first stored observation. */
function followFromNothing(series: SeriesInDecision, changes: readonly Change[]): SeriesRun {
  const entries = new Entries(series.entries());
  const frozenOnes = entries.list.filter(({ isFrozen }) => isFrozen);
  const whole = { start: null, frozen: frozenOnes, stays: "if_older" } as const;
  if (series.hadObservations()) return new WholeRun(series, entries, { ...whole, readFromTs: -Infinity });
  // Stored observations of a primitive without a record do not count yet: the arrivals are the whole series.
  const run = new WholeRun(series, entries, { ...whole, readFromTs: null });
  return runOf(() => {
    for (const { next } of changes) run.take(next);
    return run.end();
  });
}

/** The start of a series whose state was computed by other rules: just after the last observation that counted. */
export function startAnew({ start, last }: SeriesState): Start | null {
  return last === null ? start : startAfter(last);
}

/** The first place in the series at which what counts is no longer what has counted; null if there is none. */
function firstDifference(
  { kind }: FollowedBy,
  start: Start | null,
  changes: readonly Change[],
): PlaceInSeries | null {
  let first: PlaceInSeries | null = null;
  for (const { prior, next } of changes) {
    // New observations come in order: after the first difference only a replaced one can lie before it.
    if (prior === null && first !== null) continue;
    const place = placeOfDifference(kind, start, prior, next);
    if (place !== null && (first === null || compareMembers(place, first) < 0)) first = place;
  }
  return first;
}

function placeOfDifference(
  kind: FollowedBy["kind"],
  start: Start | null,
  prior: Change["prior"],
  next: Change["next"],
): PlaceInSeries | null {
  const counts = isInformative(kind, next.value) && isFromStart(start, next);
  if (prior === null) return counts ? next : null;
  const before = { ts: prior.ts, evidenceRef: next.evidenceRef, attackerUuid: next.attackerUuid };
  if (!isInformative(kind, prior.value) || !isFromStart(start, before)) return counts ? next : null;
  // A replacement never has an earlier ts than what it replaces.
  return counts && prior.ts === next.ts && prior.value === next.value ? null : before;
}
