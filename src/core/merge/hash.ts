/**
 * Merges hashes (contract §3, hash): counts the distinct ones within the window before the last observation. The tail keeps the
 * latest member of each distinct value. If there are very many, it keeps the newest, and `HashWindow` keeps the others.
 */
import { compareMembers } from "../order.ts";
import { isInformative, type Member } from "../observation.ts";
import type { Thresholds } from "../thresholds.ts";
import {
  type Change,
  HASH_LISTED,
  HASH_TAIL_LIMIT,
  type HashTail,
  isSameKey,
  lastTsOf,
  type Merger,
  type Series,
  type Verdict,
} from "./merger.ts";

export const hash: Merger<HashTail> = { summarize, advance, judge };

function summarize(series: Series, thresholds: Thresholds): HashTail {
  const lastTs = lastTsOf(series);
  const base = { kind: "hash", count: series.count(), lastTs } as const;
  return tailOf(base, series.latestByValue(lastTs - thresholds.hashWindowSecs), series);
}

/** The tail for a window of which all latest members are given. */
function tailOf(
  base: Pick<HashTail, "kind" | "count" | "lastTs">,
  latest: readonly Member[],
  series: Series,
): HashTail {
  if (latest.length <= HASH_TAIL_LIMIT) return { ...base, distinct: latest.length, latest };
  series.hashWindow.load(latest);
  return { ...base, distinct: latest.length, latest: latest.slice(-HASH_LISTED) };
}

function advance(tail: HashTail, change: Change, thresholds: Thresholds, series: Series): HashTail {
  const { prior, next } = change;
  const count = tail.count + (prior === null ? 1 : 0);
  const lastTs = Math.max(tail.lastTs, next.ts);
  const startTs = lastTs - thresholds.hashWindowSecs;
  const base = { kind: "hash", count, lastTs } as const;
  if (lostItsLatest(tail, change, series)) {
    series.hashWindow.clear();
    return tailOf(base, series.latestByValue(startTs), series);
  }
  return isWide(tail)
    ? advanceWide({ ...tail, ...base }, next, startTs, series)
    : advanceNarrow({ ...tail, ...base }, next, startTs, series);
}

/** Whether the replaced observation was the latest of a value that it no longer has. */
function lostItsLatest(tail: HashTail, { prior, next }: Change, series: Series): boolean {
  if (prior === null || prior.value === next.value) return false;
  const latest = isWide(tail)
    ? series.hashWindow.get(prior.value)
    : tail.latest.find((member) => member.value === prior.value);
  return latest !== null && latest !== undefined && isSameKey(latest, next);
}

function isWide(tail: HashTail): boolean {
  return tail.distinct > tail.latest.length;
}

function advanceNarrow(tail: HashTail, next: Member, startTs: number, series: Series): HashTail {
  let latest: readonly Member[] = tail.latest;
  const known = latest.find((member) => member.value === next.value);
  const isLatest =
    isInformative("hash", next.value) && next.ts >= startTs && (!known || compareMembers(known, next) < 0);
  if (isLatest) latest = withMember(latest, next);
  return tailOf(tail, latest.some((member) => member.ts < startTs) ? since(latest, startTs) : latest, series);
}

function advanceWide(tail: HashTail, next: Member, startTs: number, series: Series): HashTail {
  const window = series.hashWindow;
  let { distinct, latest } = tail;
  const known = window.get(next.value);
  const isLatest =
    isInformative("hash", next.value) && next.ts >= startTs && (!known || compareMembers(known, next) < 0);
  if (isLatest) {
    window.put(next);
    if (!known) distinct++;
    latest = withMember(latest, next).slice(-HASH_LISTED);
  }
  distinct -= window.expire(startTs);
  latest = since(latest, startTs);
  // The listed members are the newest. When no others are left, the tail keeps them without `HashWindow`.
  if (distinct === latest.length) window.clear();
  return { ...tail, distinct, latest };
}

function since(members: readonly Member[], startTs: number): readonly Member[] {
  return members.filter((member) => member.ts >= startTs);
}

/** The list with a member at its position, in place of the one with the same value. */
function withMember(members: readonly Member[], member: Member): readonly Member[] {
  const others = members.filter(({ value }) => value !== member.value);
  const after = others.findIndex((other) => compareMembers(other, member) > 0);
  const place = after === -1 ? others.length : after;
  return [...others.slice(0, place), member, ...others.slice(place)];
}

function judge(tail: HashTail, thresholds: Thresholds): Verdict {
  const last = tail.latest.at(-1);
  if (last === undefined) {
    // A series holds values that are not hashes only after the kind of the primitive was changed.
    return {
      state: "unknown",
      currentValue: '"unknown"',
      confidence: 0,
      rule: "too_few_observations",
      statistic: 0,
      threshold: 1,
    };
  }
  const rotations = tail.distinct - 1;
  const base = { currentValue: last.value, confidence: 1 / (1 + rotations), statistic: rotations };
  const drifting = thresholds.hashDriftRotations;
  if (rotations === 0) return { ...base, state: "stable", rule: "no_rotation", threshold: 0 };
  if (rotations <= drifting)
    return { ...base, state: "drifting", rule: "few_rotations", threshold: drifting };
  return { ...base, state: "conflicted", rule: "many_rotations", threshold: drifting };
}
