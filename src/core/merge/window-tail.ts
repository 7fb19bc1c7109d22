/**
 * The tail of categorical and numeric series, and of bags: it is read from a series and changed by observations. An observation never moves
 * down in series order (a replacement has a greater ts), so the tail is enough, except when one of its members becomes an
 * abstention and an older member must enter the tail.
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

/** Members that a tail holds. The state of a bag depends on none, so only the last one is kept, for the current value. */
function capacityOf(kind: WindowTail["kind"], thresholds: Thresholds): number {
  return kind === "bag" ? 1 : 2 * thresholds.windowSize;
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
    newest: series.newestInformative(capacityOf(kind, thresholds)),
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
  const capacity = capacityOf(tail.kind, thresholds);
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

/** Inserts a member at its position. The oldest member beyond the capacity is removed, which may be the inserted one. */
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
