/** The numeric rule at its boundaries: means, variation, shift. */
import { describe, expect, it } from "vitest";
import { merge, type State } from "../../src/core/index.ts";
import { STANDARD_THRESHOLDS, type Thresholds } from "../../src/core/thresholds.ts";
import { type Outcome } from "../../src/core/merge/index.ts";
import { ewma } from "../../src/core/merge/numeric.ts";
import { series, TS } from "./factories.ts";

/** Three values whose CV is exactly 1 in doubles. With the next double as last value it is above 1. */
const CV_OF_ONE = [1, 1, 6.794_361_719_689_457];
const CV_PAST_ONE = [1, 1, 6.794_361_719_689_458];

function mergeNumbers(values: readonly unknown[], overrides: Partial<Thresholds> = {}): Outcome {
  return merge("numeric", series(values), { ...STANDARD_THRESHOLDS, ...overrides });
}

function five(value: number): number[] {
  return [value, value, value, value, value];
}

describe("[§3 numeric] the weighted mean", () => {
  it.each([
    [[10], 0.3, 10],
    [[10, 20], 0.3, 13],
    [[10, 20, 30], 0.5, 22.5],
    [[10, 20, 30], 1, 30],
    [[0, 0, 0], 0.3, 0],
    [[-10, 10], 0.5, 0],
  ])("[§3 numeric] of %j at %d is %d", (values, alpha, mean) => {
    expect(ewma(values, alpha)).toBe(mean);
  });

  it("[§3 numeric] of an empty list throws", () => {
    expect(() => ewma([], 0.3)).toThrow(RangeError);
    expect(() => ewma([], 0.3)).toThrow("ewma needs at least one value, got none");
  });
});

describe("[§3 numeric] fewer than the minimum", () => {
  it.each<[unknown[], string]>([
    [[5], "5"],
    [[5, -7.5], "-7.5"],
    [[5, true], "1"],
    [[true, false], "0"],
  ])("[§3 numeric] %j: unknown, confidence 0, current value %s", (values, currentValue) => {
    expect(mergeNumbers(values)).toMatchObject({
      state: "unknown",
      confidence: 0,
      currentValue,
      observationCount: values.length,
      statistic: values.length,
      threshold: 3,
    });
  });
});

describe("[§3 numeric] variation", () => {
  it("[§3 numeric] a CV of exactly 1 is no conflict and has confidence 0", () => {
    expect(mergeNumbers(CV_OF_ONE)).toMatchObject({
      state: "stable",
      confidence: 0,
      statistic: 1,
      threshold: 1,
    });
  });

  it("[§3 numeric] the next greater double is a conflict with confidence 0.5", () => {
    const outcome = mergeNumbers(CV_PAST_ONE);
    expect(outcome).toMatchObject({ state: "conflicted", confidence: 0.5, rule: "variation_above_conflict" });
    expect(outcome.statistic).toBeGreaterThan(1);
  });

  it.each<[unknown[], number, State, number]>([
    [five(100), 0, "stable", 1],
    [five(-100), 0, "stable", 1],
    [[0, 0, 0], 0, "stable", 1],
    [[8, 12, 8, 12, 8], 0.2, "stable", 0.8],
  ])("[§3 numeric] %j: CV about %d, %s, confidence about %d", (values, cv, state, confidence) => {
    const outcome = mergeNumbers(values);
    expect(outcome.state).toBe(state);
    expect(outcome.statistic).toBeCloseTo(cv, 1);
    expect(outcome.confidence).toBeCloseTo(confidence, 1);
    expect(outcome.confidence).toBe(1 - outcome.statistic);
  });

  it("[§3 numeric] it is that of recent around its own mean", () => {
    const [mean, n] = [0.3 * 30 + 0.7 * (0.3 * 20 + 0.7 * 10), 3];
    const cv = Math.sqrt(((10 - mean) ** 2 + (20 - mean) ** 2 + (30 - mean) ** 2) / n) / mean;
    expect(mergeNumbers([10, 20, 30])).toMatchObject({
      statistic: cv,
      confidence: 1 - cv,
      currentValue: String(mean),
    });
  });

  it("[§3 numeric] a mean of 0 with deviations is a CV of 1e9", () => {
    const values = [-1, 1, 0];
    expect(ewma(values, 0.5)).toBe(0);
    const outcome = mergeNumbers(values, { numericEwmaAlpha: 0.5 });
    expect(outcome).toMatchObject({
      state: "conflicted",
      confidence: 0.5,
      currentValue: "0",
      statistic: 1e9,
    });
  });

  it("[§3 numeric] with a higher threshold it is no conflict and has confidence 0", () => {
    expect(mergeNumbers(CV_PAST_ONE, { numericConflictCv: 2 })).toMatchObject({
      state: "stable",
      confidence: 0,
    });
  });

  it("[§3 numeric] older has no influence while recent is conflicted", () => {
    expect(mergeNumbers([...five(100), 1, 100, 1, 1, 1_000]).state).toBe("conflicted");
  });
});

describe("[§3 numeric] shift of the mean", () => {
  it.each<[number, number, State, number]>([
    [100, 130, "drifting", 0.3],
    [100, 129.999, "stable", 0.299_99],
    [100, 70, "drifting", 0.3],
    [100, 70.001, "stable", 0.299_99],
    [-100, -130, "drifting", 0.3],
    [-100, -129.999, "stable", 0.299_99],
    [100, 100, "stable", 0],
    [0, 0.3, "drifting", 0.3],
    [0, -0.3, "drifting", 0.3],
    [0, 0.299_99, "stable", 0.299_99],
    [0, 0, "stable", 0],
    [100, 0, "drifting", 1],
    [100, -100, "drifting", 2],
  ])("[§3 numeric] five of %d, then five of %d: %s", (before, after, state, shift) => {
    const outcome = mergeNumbers([...five(before), ...five(after)]);
    expect(outcome).toMatchObject({ state, threshold: 0.3, confidence: 1, currentValue: String(after) });
    expect(outcome.rule).toBe(state === "drifting" ? "mean_shifted" : "mean_held");
    expect(outcome.statistic).toBeCloseTo(shift, 4);
    expect(outcome.statistic >= 0.3).toBe(state === "drifting");
  });

  it("[§3 numeric] one older value is enough to compare with", () => {
    expect(mergeNumbers([200, ...five(100)])).toMatchObject({ state: "drifting", statistic: 0.5 });
  });

  it("[§3 numeric] values before older have no influence", () => {
    expect(mergeNumbers([...five(1e6), ...five(100), ...five(100)]).state).toBe("stable");
  });

  it("[§3 numeric] a quotient too large for a double is still a number in JSON", () => {
    const outcome = mergeNumbers([...five(1e-300), ...five(1e100)]);
    expect(outcome).toMatchObject({ state: "drifting", statistic: Number.MAX_VALUE });
    expect(JSON.parse(JSON.stringify(outcome))).toEqual(outcome);
  });
});

describe("[§3 numeric] booleans are 1 and 0", () => {
  it.each<[unknown[], unknown[]]>([
    [
      [true, true, true],
      [1, 1, 1],
    ],
    [
      [false, false, false],
      [0, 0, 0],
    ],
    [
      [true, false, true, 1, 0],
      [1, 0, 1, 1, 0],
    ],
    [
      [false, false, true, true, true],
      [0, 0, 1, 1, 1],
    ],
  ])("[§3 numeric] %j merges as %j", (booleans, numbers) => {
    expect(mergeNumbers(booleans)).toEqual(mergeNumbers(numbers));
  });
});

describe("[§3 numeric] outcome", () => {
  it("[§3 numeric] counts every observation and ends with the last", () => {
    expect(mergeNumbers(Array.from({ length: 30 }, () => 1))).toMatchObject({
      observationCount: 30,
      lastObservationTs: TS + 29 * 60,
    });
  });

  it("[§3 numeric] does not depend on the order in which the members are given", () => {
    const members = series([1, 5, 2, 8, 3, 9, 4, 7]);
    expect(merge("numeric", members.toReversed(), STANDARD_THRESHOLDS)).toEqual(
      merge("numeric", members, STANDARD_THRESHOLDS),
    );
  });
});
