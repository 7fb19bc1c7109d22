/**
 * Calculates the state of a series whose observations are applied one by one, in series order. It gives the state of a
 * primitive at an earlier time. The caller reads the observations.
 */
import { type Attribution, compare } from "./attribution.ts";
import { advance, arraySeries, mapHashWindow, type Series, summarize, type Tail } from "./merge/index.ts";
import type { Member, MergeKind } from "./observation.ts";
import type { Thresholds } from "./thresholds.ts";

/** The state of a series that grows at its end. */
export interface AttributionSoFar {
  /**
   * Applies the next member.
   * @throws RangeError if it is out of order
   */
  add(member: Member): void;
  /** The state after the members so far; null if there are none. */
  attribution(): Attribution | null;
}

/**
 * Starts an empty series. After each member the outcome equals that of merging all members so far. `lastChangeTs` is the ts of
 * the member that last changed the state, so it depends on the members and not on their arrival.
 */
export function attributionSoFar(kind: MergeKind, thresholds: Thresholds): AttributionSoFar {
  let attribution: Attribution | null = null;
  let tail: Tail | null = null;
  const series = tailOnlySeries();
  return {
    add(member) {
      if (tail !== null && member.ts < tail.lastTs) {
        throw new RangeError(`members must be in series order, ${member.ts} came after ${tail.lastTs}`);
      }
      tail =
        tail === null
          ? summarize(kind, arraySeries(kind, [member]), thresholds)
          : advance(tail, { prior: null, next: member }, thresholds, series);
      ({ attribution } = compare(attribution, tail, thresholds));
    },
    attribution: () => attribution,
  };
}

/**
 * Applies members one after the other, as `attributionSoFar` does.
 * @param members - in series order, one per key; read once, so they need not be in memory together
 * @returns null if there are none
 * @throws RangeError if they are out of order
 * @example attributionInOrder("hash", [{ value: '"a"', ts: 1, evidenceRef: "e", attackerUuid: "u" }], STANDARD_THRESHOLDS)?.lastChangeTs // 1
 */
export function attributionInOrder(
  kind: MergeKind,
  members: Iterable<Member>,
  thresholds: Thresholds,
): Attribution | null {
  const soFar = attributionSoFar(kind, thresholds);
  for (const member of members) soFar.add(member);
  return soFar.attribution();
}

/** A series for members that are new and last: a tail then reads nothing but its hash window. */
function tailOnlySeries(): Series {
  return {
    count: refuse,
    lastTs: refuse,
    countInformative: refuse,
    newestInformative: refuse,
    latestByValue: refuse,
    hashWindow: mapHashWindow(),
  };
}

function refuse(): never {
  throw new Error("a tail must answer for members that come in order, it asked its series");
}
