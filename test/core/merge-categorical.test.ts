/** The categorical rule at its boundaries. A letter is a value, `?` an abstention, `|` the end of the older window. */
import { describe, expect, it } from "vitest";
import { type Member, merge, type State } from "../../src/core/index.ts";
import type { Outcome } from "../../src/core/merge/index.ts";
import { STANDARD_THRESHOLDS, type Thresholds } from "../../src/core/thresholds.ts";
import { ATTACKER, OTHER_ATTACKER, series, TS } from "./factories.ts";

function mergeValues(values: string | readonly unknown[], overrides: Partial<Thresholds> = {}): Outcome {
  const list = typeof values === "string" ? values.replace("|", "") : values;
  return merge("categorical", series(list), { ...STANDARD_THRESHOLDS, ...overrides });
}

describe("[§3 categorical] fewer informative values than the minimum", () => {
  it.each([
    ["a", "a"],
    ["aa", "a"],
    ["ab", "b"],
    ["?", "unknown"],
    ["????", "unknown"],
    ["a?", "a"],
    ["?b?", "b"],
    ["a?b??????", "b"],
  ])("[§3 categorical] %s: unknown, confidence 0, current value %s", (values, current) => {
    expect(mergeValues(values)).toMatchObject({
      state: "unknown",
      confidence: 0,
      currentValue: JSON.stringify(current),
      observationCount: values.length,
      lastObservationTs: TS + (values.length - 1) * 60,
      rule: "too_few_observations",
      statistic: values.replaceAll("?", "").length,
      threshold: 3,
    });
  });
});

describe("[§3 categorical] recent without older", () => {
  it.each<[string, State, number, string]>([
    ["aaa", "stable", 1, "a"],
    ["aab", "conflicted", 2 / 3, "b"],
    ["aba", "conflicted", 2 / 3, "a"],
    ["abc", "conflicted", 1 / 3, "c"],
    ["aaaa", "stable", 1, "a"],
    ["aaab", "conflicted", 3 / 4, "b"],
    ["baaa", "conflicted", 3 / 4, "a"],
    ["abab", "multi_actor", 1 / 2, "b"],
    ["abba", "multi_actor", 1 / 2, "a"],
    ["aaba", "multi_actor", 0.6, "a"],
    ["abaa", "multi_actor", 0.6, "a"],
    ["aabb", "conflicted", 1 / 2, "b"],
    ["abac", "conflicted", 1 / 2, "c"],
    ["abcd", "conflicted", 1 / 4, "d"],
    ["aaaaa", "stable", 1, "a"],
    ["aaaab", "stable", 4 / 5, "a"],
    ["baaaa", "stable", 4 / 5, "a"],
    ["aabaa", "stable", 4 / 5, "a"],
    ["ababa", "multi_actor", 3 / 5, "a"],
    ["aabab", "multi_actor", 3 / 5, "b"],
    ["abbab", "multi_actor", 3 / 5, "b"],
    ["aabba", "conflicted", 3 / 5, "a"],
    ["abbba", "conflicted", 3 / 5, "a"],
    ["aaabb", "conflicted", 3 / 5, "b"],
    ["abcab", "conflicted", 2 / 5, "b"],
    ["abcba", "conflicted", 2 / 5, "a"],
  ])("[§3 categorical] %s: %s, confidence %d, current value %s", (values, state, confidence, current) => {
    expect(mergeValues(values)).toMatchObject({ state, confidence, currentValue: JSON.stringify(current) });
  });
});

describe("[§3 categorical] with a majority in recent, older decides", () => {
  it.each<[string, State, string]>([
    ["a|aaaaa", "stable", "clear_as_before"],
    ["b|aaaaa", "drifting", "clear_but_changed"],
    ["aa|aaaaa", "stable", "clear_as_before"],
    ["ab|aaaaa", "drifting", "clear_after_unclear"],
    ["aab|aaaaa", "drifting", "clear_after_unclear"],
    ["aaa|aaaaa", "stable", "clear_as_before"],
    ["aaab|aaaaa", "drifting", "clear_after_unclear"],
    ["aaaa|aaaaa", "stable", "clear_as_before"],
    ["aaabb|aaaaa", "drifting", "clear_after_unclear"],
    ["ababa|aaaaa", "drifting", "clear_after_unclear"],
    ["aaaab|aaaaa", "stable", "clear_as_before"],
    ["abbbb|aaaaa", "drifting", "clear_but_changed"],
    ["bbbbb|aaaab", "drifting", "clear_but_changed"],
    ["bbbbbaaaaa|aaaaa", "stable", "clear_as_before"],
    ["baaaa|abaaa", "stable", "clear_as_before"],
  ])("[§3 categorical] %s: %s, by %s, current value a", (values, state, rule) => {
    expect(mergeValues(values)).toMatchObject({ state, rule, currentValue: '"a"', threshold: 4 / 5 });
  });

  it.each<[string, State]>([
    ["aaaaa|ababa", "multi_actor"],
    ["aaaaa|aabba", "conflicted"],
    ["ccccc|ababa", "multi_actor"],
  ])("[§3 categorical] %s: recent has no majority, so older has no influence: %s", (values, state) => {
    expect(mergeValues(values).state).toBe(state);
  });
});

describe("[§3 categorical] the outcome holds the deciding rule and statistic", () => {
  it.each([
    ["aaa", "clear_without_older", 1, 1],
    ["aaaab", "clear_without_older", 4 / 5, 4 / 5],
    ["aab", "not_clear", 2 / 3, 1],
    ["aabba", "not_clear", 3 / 5, 4 / 5],
    ["abab", "alternating", 3, 2],
    ["abba", "alternating", 2, 2],
    ["ababa", "alternating", 4, 2],
    ["aabab", "alternating", 3, 2],
  ])("[§3 categorical] %s: %s, %d against %d", (values, rule, statistic, threshold) => {
    expect(mergeValues(values)).toMatchObject({ rule, statistic, threshold });
  });
});

describe("[§3 categorical] other constants", () => {
  it("[§3 categorical] of two equally frequent values the later one counts", () => {
    expect(mergeValues("aabb", { categoricalMajority: 2 })).toMatchObject({
      state: "stable",
      currentValue: '"b"',
    });
    expect(mergeValues("abba", { categoricalMajority: 2 })).toMatchObject({
      state: "stable",
      currentValue: '"a"',
    });
  });

  it.each<[number, State]>([
    [3, "stable"],
    [4, "multi_actor"],
  ])("[§3 categorical] with a majority of %i, aaba is %s", (categoricalMajority, state) => {
    expect(mergeValues("aaba", { categoricalMajority }).state).toBe(state);
  });

  it("[§3 categorical] a lower cap reduces the confidence of alternation only", () => {
    expect(mergeValues("abab", { multiActorConfidenceCap: 0.25 }).confidence).toBe(0.25);
    expect(mergeValues("aabb", { multiActorConfidenceCap: 0.25 }).confidence).toBe(0.5);
  });

  it("[§3 categorical] windows of 2 use the last four values", () => {
    expect(mergeValues("bbbb|aaaa", { windowSize: 2, minimumObservations: 2 }).state).toBe("stable");
    expect(mergeValues("bbbbaaa", { windowSize: 2, minimumObservations: 2 }).rule).toBe(
      "clear_after_unclear",
    );
  });

  it("[§3 categorical] the minimum counts the whole series, not a window", () => {
    expect(mergeValues("aaaaaaa", { windowSize: 2, minimumObservations: 7 }).state).toBe("stable");
    expect(mergeValues("aaaaaa", { windowSize: 2, minimumObservations: 7 }).state).toBe("unknown");
  });
});

describe("[§3 categorical] abstentions affect only count and time", () => {
  it.each(["abab", "aaa", "bbbbb|aaaaa", "aabba", "b|aaaaa"])(
    "[§3 categorical] %s with abstentions in between",
    (values) => {
      const plain = mergeValues(values);
      const strewn = mergeValues(`?${values.replace("|", "").split("").join("??")}?`);
      const { observationCount: _, lastObservationTs: __, ...outcome } = plain;
      expect(strewn).toMatchObject(outcome);
      expect(strewn.observationCount).toBe(3 * plain.observationCount);
      expect(strewn.lastObservationTs).toBe(TS + (strewn.observationCount - 1) * 60);
    },
  );

  it.each([[["unknown"]], [{ unknown: "unknown" }], ["Unknown"], ["unknown "]])(
    "[§3 categorical] %j is none",
    (value) => {
      expect(mergeValues([value, value, value]).state).toBe("stable");
    },
  );
});

describe("[§3 categorical] values are opaque", () => {
  it.each<[string, unknown[], State]>([
    [
      "objects, whatever the order of their members",
      [
        { a: 1, b: [2] },
        { b: [2], a: 1 },
        { a: 1, b: [2] },
      ],
      "stable",
    ],
    ["objects that differ deep inside", [{ a: { b: 1 } }, { a: { b: 1 } }, { a: { b: 2 } }], "conflicted"],
    [
      "lists in one order",
      [
        ["x", "y"],
        ["x", "y"],
        ["x", "y"],
      ],
      "stable",
    ],
    [
      "lists in another order",
      [
        ["x", "y"],
        ["y", "x"],
        ["x", "y"],
      ],
      "conflicted",
    ],
    ["a number and its text", [1, "1", 1], "conflicted"],
    ["a boolean and its text", [true, "true", true], "conflicted"],
    ["zero and minus zero", [0, -0, 0], "stable"],
    ["texts that only normalization makes equal", ["\u00e9", "e\u0301", "\u00e9"], "conflicted"],
  ])("[§3 categorical] %s", (_, values, state) => {
    expect(mergeValues(values).state).toBe(state);
  });

  it("[§3 categorical] two alternating objects are an alternation", () => {
    expect(mergeValues([{ a: 1 }, { a: 2 }, { a: 1 }, { a: 2 }])).toMatchObject({
      state: "multi_actor",
      currentValue: '{"a":2}',
    });
  });
});

/** A series of one member at a given time. */
function at(value: string, evidenceRef: string, attackerUuid = ATTACKER, ts = TS): Member[] {
  return series([value], { evidenceRef, attackerUuid, ts });
}

describe("[§3] members with equal ts are ordered by evidence_ref, then attacker_uuid", () => {
  it("[§3] by the bytes of evidence_ref, not its UTF-16 code units", () => {
    const members = [...at("last", "\u{1f600}"), ...at("first", "\uffee"), ...at("second", "\uffff")];
    expect(merge("categorical", members, STANDARD_THRESHOLDS).currentValue).toBe('"last"');
  });

  it("[§3] then by attacker_uuid", () => {
    const members = [...at("last", "e", OTHER_ATTACKER), ...at("first", "e", ATTACKER)];
    expect(merge("categorical", members, STANDARD_THRESHOLDS).currentValue).toBe('"last"');
  });

  it("[§3] ts comes before both", () => {
    const members = [
      ...series(["last"], { evidenceRef: "a", ts: TS + 0.001 }),
      ...at("first", "z", OTHER_ATTACKER),
    ];
    expect(merge("categorical", members, STANDARD_THRESHOLDS).currentValue).toBe('"last"');
  });
});

describe("[§3] a series without observations", () => {
  it.each(["categorical", "numeric", "hash", "bag"] as const)(
    "[§3 %s] cannot be merged and throws",
    (kind) => {
      expect(() => merge(kind, [], STANDARD_THRESHOLDS)).toThrow(RangeError);
    },
  );
});
