/** A series held in memory: what the mergers ask, answered from a list. For whole-series merging and for models. */
import { compareMembers } from "../order.ts";
import { isInformative, type Member, type MergeKind } from "../observation.ts";
import type { HashWindow, Series } from "./merger.ts";

/**
 * @param members - the series in any order
 * @param hashWindow - where wide windows are kept; a fresh one if left out
 */
export function arraySeries(
  kind: MergeKind,
  members: readonly Member[],
  hashWindow: HashWindow = mapHashWindow(),
): Series {
  const ordered = members.toSorted(compareMembers);
  const informative = ordered.filter(({ value }) => isInformative(kind, value));
  return {
    count: () => ordered.length,
    lastTs: () => ordered.at(-1)?.ts ?? null,
    countInformative: () => informative.length,
    newestInformative: (limit) => informative.slice(-limit),
    latestByValue(startTs) {
      const latest = new Map<string, Member>();
      for (const member of informative) if (member.ts >= startTs) latest.set(member.value, member);
      return [...latest.values()].toSorted(compareMembers);
    },
    hashWindow,
  };
}

/** A hash window held in memory. */
export function mapHashWindow(): HashWindow {
  const byValue = new Map<string, Member>();
  return {
    load(members) {
      byValue.clear();
      for (const member of members) byValue.set(member.value, member);
    },
    get: (value) => byValue.get(value) ?? null,
    put(member) {
      byValue.set(member.value, member);
    },
    expire(startTs) {
      const before = byValue.size;
      for (const [value, member] of byValue) if (member.ts < startTs) byValue.delete(value);
      return before - byValue.size;
    },
    clear: () => byValue.clear(),
  };
}
