/**
 * The tail of categorical and numeric series: how it is read from a series, and how one observation moves it.
 * A new or replaced observation never moves down in series order (replacing takes a greater ts), so the tail
 * answers for itself unless one of its members abstains and something below must move up.
 */
import { compareMembers } from "../order.ts";
import { isInformative, type Member } from "../observation.ts";
import type { Thresholds } from "../thresholds.ts";
import { type Change, isSameKey, lastTsOf, type Series, type WindowTail } from "./merger.ts";

/** The last N informative members, and the N before them. */
export interface Windows {
  readonly recent: readonly Member[];
  readonly older: readonly Member[];
}

/** Reads the tail from the whole series. */
export function summarizeWindow(
  kind: WindowTail["kind"],
  series: Series,
  thresholds: Thresholds,
): WindowTail {
  return {
    kind,
    count: series.count(),
    informative: series.countInformative(),
    lastTs: lastTsOf(series),
    newest: series.newestInformative(2 * thresholds.windowSize),
  };
}

/** The tail after one observation, new or replacing. */
export function advanceWindow(
  tail: WindowTail,
  change: Change,
  thresholds: Thresholds,
  series: Series,
): WindowTail {
  const { prior, next } = change;
  const capacity = 2 * thresholds.windowSize;
  const wasInformative = prior !== null && isInformative(tail.kind, prior.value);
  const isNowInformative = isInformative(tail.kind, next.value);
  const count = tail.count + (prior === null ? 1 : 0);
  const informative = tail.informative + Number(isNowInformative) - Number(wasInformative);
  const lastTs = Math.max(tail.lastTs, next.ts);
  const others = wasInformative ? tail.newest.filter((member) => !isSameKey(member, next)) : tail.newest;
  const base = { kind: tail.kind, count, informative, lastTs };

  if (isNowInformative) return { ...base, newest: insert(others, next, capacity) };
  const isShort = others.length < Math.min(capacity, informative);
  return { ...base, newest: isShort ? series.newestInformative(capacity) : others };
}

/** Puts a member in its place; what then lies below the capacity goes, be it the member itself. */
function insert(members: readonly Member[], member: Member, capacity: number): readonly Member[] {
  let place = members.length;
  for (
    let below = members[place - 1];
    below && compareMembers(below, member) > 0;
    below = members[place - 1]
  ) {
    place--;
  }
  return [...members.slice(0, place), member, ...members.slice(place)].slice(-capacity);
}

/** The two windows of a tail. */
export function windowsOf(tail: WindowTail, thresholds: Thresholds): Windows {
  const split = Math.max(0, tail.newest.length - thresholds.windowSize);
  const start = Math.max(0, split - thresholds.windowSize);
  return { recent: tail.newest.slice(split), older: tail.newest.slice(start, split) };
}

/** The last informative value, or the abstention if there is none. */
export function lastValue(tail: WindowTail): string {
  return tail.newest.at(-1)?.value ?? '"unknown"';
}
