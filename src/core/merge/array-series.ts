/** A series in memory, for merging a whole series and for models in tests. */
import { compareMembers } from "../order.ts";
import { isInformative, type Member, type MergeKind } from "../observation.ts";
import type { HashWindow, Series } from "./merger.ts";

/**
 * @param members - the series in any order
 * @param hashWindow - storage of wide hash windows; a new one by default
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

/** A hash window in memory. */
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
