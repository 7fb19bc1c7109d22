/**
 * A series that is read once, in series order. It answers the questions of the mergers, so a series of any length needs one
 * pass and memory for its newest members only.
 */
import { isInformative, type Member, type MergeKind } from "../observation.ts";
import type { Thresholds } from "../thresholds.ts";
import type { HashWindow, Series } from "./merger.ts";

/**
 * Reads a series.
 * @param members - in series order, one per key; read to the end at once
 * @param thresholds - limit the number of members and the length of the window that later questions may ask for
 * @param hashWindow - storage for a hash series with very many distinct values
 * @throws RangeError if members are out of order
 */
export function orderedSeries(
  kind: MergeKind,
  members: Iterable<Member>,
  thresholds: Thresholds,
  hashWindow: HashWindow,
): Series {
  const capacity = 2 * thresholds.windowSize;
  let count = 0;
  let informative = 0;
  let lastTs: number | null = null;
  // It holds at most twice the capacity and is cut when full, so that appending is fast.
  let newest: Member[] = [];
  // Ordered by the latest member of each value. Members that left the window are removed from the front.
  const latest = new Map<string, Member>();
  for (const member of members) {
    if (lastTs !== null && member.ts < lastTs) {
      throw new RangeError(`members must be in series order, ${member.ts} came after ${lastTs}`);
    }
    count++;
    lastTs = member.ts;
    if (!isInformative(kind, member.value)) continue;
    informative++;
    if (kind === "hash") {
      latest.delete(member.value);
      latest.set(member.value, member);
      dropBefore(latest, lastTs - thresholds.hashWindowSecs);
    } else {
      newest.push(member);
      if (newest.length === 2 * capacity) newest = newest.slice(-capacity);
    }
  }
  return {
    count: () => count,
    lastTs: () => lastTs,
    countInformative: () => informative,
    newestInformative: (limit) => {
      if (limit > capacity)
        throw new RangeError(`at most ${capacity} members are kept, ${limit} were asked for`);
      return newest.slice(-limit);
    },
    latestByValue: (startTs) => [...latest.values()].filter(({ ts }) => ts >= startTs),
    hashWindow,
  };
}

function dropBefore(latest: Map<string, Member>, startTs: number): void {
  for (const [value, { ts }] of latest) {
    if (ts >= startTs) return;
    latest.delete(value);
  }
}
