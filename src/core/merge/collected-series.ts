/**
 * A series whose members come in any order. Session rows hold parts of many series, so a pass over them yields the members of a
 * series unordered. The answers to the questions of the mergers need memory for the newest members only.
 */
import { compareMembers } from "../order.ts";
import { isInformative, type Member, type MergeKind } from "../observation.ts";
import type { Thresholds } from "../thresholds.ts";
import { LatestMembers, NewestMembers } from "./kept-members.ts";
import type { HashWindow, Series } from "./merger.ts";

/** Collects the members of a series. */
export interface SeriesCollector {
  /** Adds a member. Each key may be added once. */
  add(member: Member): void;
  /**
   * The series of all members that were added, those added later included.
   * @param hashWindow - storage for a hash series with very many distinct values
   */
  series(hashWindow: HashWindow): Series;
}

/**
 * Starts a series.
 * @param thresholds - limit what later questions may ask for: the newest 2·N informative members and, of a hash series, the values
 *   in the hash window before the greatest ts. The series throws a RangeError at a question for more.
 * @example
 * const collector = collectSeries("categorical", thresholds);
 * for (const member of members) collector.add(member);
 * collector.series(NO_HASH_WINDOW).countInformative();
 */
export function collectSeries(kind: MergeKind, thresholds: Thresholds): SeriesCollector {
  const newest = new NewestMembers(2 * thresholds.windowSize);
  const latest = new LatestMembers();
  let count = 0;
  let informative = 0;
  let lastTs = -Infinity;
  return {
    add(member) {
      count++;
      if (member.ts > lastTs) lastTs = member.ts;
      if (!isInformative(kind, member.value)) return;
      informative++;
      newest.add(member);
      if (kind === "hash") latest.add(member, lastTs - thresholds.hashWindowSecs);
    },
    series: (hashWindow) => ({
      count: () => count,
      lastTs: () => (count === 0 ? null : lastTs),
      countInformative: () => informative,
      newestInformative: (limit) => newest.list(limit),
      latestByValue(startTs) {
        if (kind !== "hash") throw new Error(`only a hash series is asked for values, this one is ${kind}`);
        return latest.since(startTs);
      },
      hashWindow,
    }),
  };
}

/**
 * A series with further members.
 * @param members - in any order; none has the key of a member of the series, or of another one
 */
export function joinSeries(kind: MergeKind, series: Series, members: readonly Member[]): Series {
  const informative = members.filter(({ value }) => isInformative(kind, value));
  return {
    count: () => series.count() + members.length,
    lastTs() {
      const lastTs = members.reduce(
        (greatest, { ts }) => Math.max(greatest, ts),
        series.lastTs() ?? -Infinity,
      );
      return lastTs === -Infinity ? null : lastTs;
    },
    countInformative: () => series.countInformative() + informative.length,
    newestInformative: (limit) =>
      [...series.newestInformative(limit), ...informative].toSorted(compareMembers).slice(-limit),
    latestByValue(startTs) {
      const latest = new LatestMembers();
      for (const member of series.latestByValue(startTs)) latest.add(member, startTs);
      for (const member of informative) latest.add(member, startTs);
      return latest.since(startTs);
    },
    hashWindow: series.hashWindow,
  };
}
