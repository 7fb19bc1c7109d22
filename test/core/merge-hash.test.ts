/** The hash rule at its boundaries: rotations, the window's edge, ties. */
import { describe, expect, it } from "vitest";
import { type Member, merge, type State } from "../../src/core/index.ts";
import type { Outcome } from "../../src/core/merge/index.ts";
import { HASH_TAIL_LIMIT } from "../../src/core/merge/merger.ts";
import { STANDARD_THRESHOLDS, type Thresholds } from "../../src/core/thresholds.ts";
import { ATTACKER, OTHER_ATTACKER, series, TS } from "./factories.ts";

const DAY = 86_400;

/** Members of given values at given seconds after a start. */
function at(...points: [value: string, secs: number][]): Member[] {
  return points.flatMap(([value, secs], i) => series([value], { ts: TS + secs, evidenceRef: `e${i}` }));
}

function mergeHashes(members: readonly Member[], overrides: Partial<Thresholds> = {}): Outcome {
  return merge("hash", members, { ...STANDARD_THRESHOLDS, ...overrides });
}

describe("[§3 hash] rotations", () => {
  it.each<[string, State, number, number, string]>([
    ["a", "stable", 0, 1, "no_rotation"],
    ["aaaaaaaaaaaa", "stable", 0, 1, "no_rotation"],
    ["ab", "drifting", 1, 1 / 2, "few_rotations"],
    ["aba", "drifting", 1, 1 / 2, "few_rotations"],
    ["ababab", "drifting", 1, 1 / 2, "few_rotations"],
    ["abc", "drifting", 2, 1 / 3, "few_rotations"],
    ["aabbcca", "drifting", 2, 1 / 3, "few_rotations"],
    ["abcd", "conflicted", 3, 1 / 4, "many_rotations"],
    ["abcdefghij", "conflicted", 9, 1 / 10, "many_rotations"],
  ])("[§3 hash] %s: %s, %i rotations, confidence %d", (values, state, statistic, confidence, rule) => {
    expect(mergeHashes(series(values))).toEqual({
      state,
      confidence,
      statistic,
      rule,
      threshold: state === "stable" ? 0 : 2,
      currentValue: JSON.stringify(values.at(-1)),
      observationCount: values.length,
      lastObservationTs: TS + (values.length - 1) * 60,
    });
  });

  it.each<[number, string, State]>([
    [0, "ab", "conflicted"],
    [1, "ab", "drifting"],
    [1, "abc", "conflicted"],
    [3, "abcd", "drifting"],
  ])("[§3 hash] with %i rotations still drifting, %s is %s", (hashDriftRotations, values, state) => {
    expect(mergeHashes(series(values), { hashDriftRotations }).state).toBe(state);
  });

  it("[§3 hash] one observation is enough, whatever the minimum", () => {
    expect(mergeHashes(series("a"), { minimumObservations: 1_000 }).state).toBe("stable");
  });

  it("[§3 hash] all of a thousand distinct ones are counted", () => {
    const members = series(Array.from({ length: 1_000 }, (_, i) => `h${i}`));
    expect(members.length).toBeGreaterThan(HASH_TAIL_LIMIT);
    expect(mergeHashes(members)).toMatchObject({
      state: "conflicted",
      statistic: 999,
      confidence: 1 / 1_000,
    });
  });
});

describe("[§3 hash] the window", () => {
  it.each<[string, [string, number][], number]>([
    [
      "begins a day before the last, itself included",
      [
        ["a", 0],
        ["b", DAY],
      ],
      1,
    ],
    [
      "does not reach a millisecond further",
      [
        ["a", 0],
        ["b", DAY + 0.001],
      ],
      0,
    ],
    [
      "is counted from the last observation, not from the last change",
      [
        ["a", 0],
        ["b", DAY],
        ["b", DAY + 1],
      ],
      0,
    ],
    [
      "keeps a value for its latest appearance",
      [
        ["a", 0],
        ["a", 100],
        ["b", DAY + 100],
      ],
      1,
    ],
    [
      "holds what came long after another gap",
      [
        ["a", 0],
        ["b", 10 * DAY],
        ["c", 10 * DAY + 5],
      ],
      1,
    ],
  ])("[§3 hash] %s", (_, points, rotations) => {
    expect(mergeHashes(at(...points)).statistic).toBe(rotations);
  });

  it.each([
    [59.999, 0],
    [60, 1],
  ])("[§3 hash] of %d s counts %i rotations for two values a minute apart", (hashWindowSecs, rotations) => {
    expect(mergeHashes(at(["a", 0], ["b", 60]), { hashWindowSecs }).statistic).toBe(rotations);
  });

  it("[§3 hash] observations outside of it still count as observed", () => {
    expect(mergeHashes(at(["a", 0], ["b", 9 * DAY]))).toMatchObject({ observationCount: 2, state: "stable" });
  });
});

describe('[§3 hash] "unknown" is a hash like any other', () => {
  it.each<[string, State]>([
    ["?", "stable"],
    ["a?", "drifting"],
    ["?a?b?c", "conflicted"],
  ])("[§3 hash] %s: %s", (values, state) => {
    expect(mergeHashes(series(values)).state).toBe(state);
  });

  it("[§3 hash] it may be the current value", () => {
    expect(mergeHashes(series("a?")).currentValue).toBe('"unknown"');
  });
});

describe("[§3 hash] the last of equal ts is that with the greatest evidence_ref, then attacker_uuid", () => {
  it.each<[string, Partial<Member>, Partial<Member>]>([
    ["evidence_ref by its bytes", { evidenceRef: "\u{1f600}" }, { evidenceRef: "\uffee" }],
    [
      "evidence_ref before attacker_uuid",
      { evidenceRef: "b" },
      { evidenceRef: "a", attackerUuid: OTHER_ATTACKER },
    ],
    ["attacker_uuid", { attackerUuid: OTHER_ATTACKER }, { attackerUuid: ATTACKER }],
  ])("[§3 hash] %s", (_, greater, lesser) => {
    const same = { ts: TS, evidenceRef: "e" };
    const members = [
      ...series(["last"], { ...same, ...greater }),
      ...series(["first"], { ...same, ...lesser }),
    ];
    expect(mergeHashes(members).currentValue).toBe('"last"');
    expect(mergeHashes(members.toReversed()).currentValue).toBe('"last"');
  });
});
