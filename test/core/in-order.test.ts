/** Merging a series step by step: the final state is that of the merger over the whole series, with the time of its last change. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Member,
  merge,
  type MergeKind,
  attributionInOrder,
  attributionSoFar,
} from "../../src/core/index.ts";
import { STANDARD_THRESHOLDS } from "../../src/core/thresholds.ts";

/** One member every `gap` seconds, in series order. */
function seriesOf(values: readonly unknown[], gap = 60): Member[] {
  return values.map((value, i) => ({
    value: JSON.stringify(value),
    ts: 1_000 + i * gap,
    evidenceRef: `e${String(i).padStart(5, "0")}`,
    attackerUuid: "u",
  }));
}

/** The contract step by step: the merger over every prefix. */
function stepwise(kind: MergeKind, members: readonly Member[]) {
  let before: string | null = null;
  let lastChangeTs = Number.NaN;
  for (const [i, member] of members.entries()) {
    const { state } = merge(kind, members.slice(0, i + 1), STANDARD_THRESHOLDS);
    if (state !== before) lastChangeTs = member.ts;
    before = state;
  }
  const { currentValue, state, confidence, observationCount, lastObservationTs } = merge(
    kind,
    members,
    STANDARD_THRESHOLDS,
  );
  return { currentValue, state, confidence, observationCount, lastChangeTs, lastObservationTs };
}

describe("replay", () => {
  it.each<[MergeKind, fc.Arbitrary<unknown>]>([
    ["categorical", fc.constantFrom("a", "b", "c", "unknown", true, ["x"])],
    ["numeric", fc.constantFrom(0, 1, 100, 130, -100, 1e100)],
    ["hash", fc.constantFrom("h1", "h2", "h3", "h4", "h5")],
    ["bag", fc.constantFrom(["a"], ["a", "b"], [])],
  ])("[§3, §4] %s: the result is that of merging every prefix", (kind, value) => {
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 30 }),
        fc.constantFrom(0, 1, 30_000),
        (values, gap) => {
          const members = seriesOf(values, gap);
          expect(attributionInOrder(kind, members, STANDARD_THRESHOLDS)).toEqual(stepwise(kind, members));
        },
      ),
    );
  });

  it.each<MergeKind>(["categorical", "numeric", "hash"])(
    "[§4] %s: tells the state after each member",
    (kind) => {
      const values = kind === "numeric" ? [1, 1, 1, 100, 100, -5] : ["a", "a", "a", "b", "b", "a"];
      const members = seriesOf(values);
      const soFar = attributionSoFar(kind, STANDARD_THRESHOLDS);
      expect(soFar.attribution()).toBeNull();
      for (const [i, member] of members.entries()) {
        soFar.add(member);
        expect(soFar.attribution()).toEqual(stepwise(kind, members.slice(0, i + 1)));
      }
    },
  );

  it("[§3 hash] more distinct values than a tail holds, which then leave the window", () => {
    const members = seriesOf(
      Array.from({ length: 400 }, (_, i) => `h${i % 150}`),
      700,
    );
    for (const length of [64, 65, 100, 125, 200, 400]) {
      const part = members.slice(0, length);
      expect(attributionInOrder("hash", part, STANDARD_THRESHOLDS)).toEqual(stepwise("hash", part));
    }
  });

  it("[§4] an unchanged state keeps its last change, whatever the confidence", () => {
    const members = seriesOf(["a", "a", "a", "a", "b", "a"]);
    expect(attributionInOrder("categorical", members, STANDARD_THRESHOLDS)).toMatchObject({
      state: "stable",
      confidence: 0.8,
      lastChangeTs: members[2]?.ts,
      lastObservationTs: members[5]?.ts,
    });
  });

  it("reads its input once, and returns nothing for an empty series", () => {
    let read = 0;
    function* once() {
      for (const member of seriesOf(["a", "a", "a"])) {
        read++;
        yield member;
      }
    }
    expect(attributionInOrder("categorical", once(), STANDARD_THRESHOLDS)?.state).toBe("stable");
    expect(read).toBe(3);
    expect(attributionInOrder("categorical", [], STANDARD_THRESHOLDS)).toBeNull();
  });

  it("throws if members are out of order", () => {
    expect(() =>
      attributionInOrder("categorical", seriesOf(["a", "b"]).toReversed(), STANDARD_THRESHOLDS),
    ).toThrow("members must be in series order, 1000 came after 1060");
  });
});
