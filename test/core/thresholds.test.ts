/** The constants: values of the contract, variables and ranges, and the id of a policy. */
import { describe, expect, it } from "vitest";
import { readThresholds, makePolicy } from "../../src/core/index.ts";
import {
  STANDARD_THRESHOLDS,
  THRESHOLD_SPECS,
  type ThresholdProblem,
  type Thresholds,
} from "../../src/core/thresholds.ts";

type Name = keyof Thresholds;

/** Name, variable, value of the contract, minimum, maximum, a value in between, and values just outside the range. */
const TABLE: [Name, string, number, number, number, number, string, string][] = [
  ["windowSize", "WINDOW_SIZE", 5, 1, 20, 7, "0", "21"],
  ["minimumObservations", "MINIMUM_OBSERVATIONS", 3, 1, 1_000, 4, "0", "1001"],
  ["categoricalMajority", "CATEGORICAL_MAJORITY", 4, 1, 20, 3, "0", "21"],
  ["multiActorConfidenceCap", "MULTI_ACTOR_CONFIDENCE_CAP", 0.6, 0, 1, 0.5, "-0.1", "1.1"],
  ["multiActorPrimitives", "MULTI_ACTOR_PRIMITIVES", 2, 1, 100, 3, "0", "101"],
  ["numericEwmaAlpha", "NUMERIC_EWMA_ALPHA", 0.3, 1e-6, 1, 0.5, "0", "1.01"],
  ["numericDriftShift", "NUMERIC_DRIFT_SHIFT", 0.3, 0, 1_000, 0.25, "-0.1", "1001"],
  ["numericConflictCv", "NUMERIC_CONFLICT_CV", 1, 0, 1_000, 2, "-0.1", "1001"],
  ["hashDriftRotations", "HASH_DRIFT_ROTATIONS", 2, 0, 15, 3, "-1", "16"],
  ["hashWindowSecs", "HASH_WINDOW_SECS", 86_400, 0, 31_622_400, 3_600, "-1", "31622401"],
];
const WHOLE = new Set<Name>([
  "windowSize",
  "minimumObservations",
  "categoricalMajority",
  "multiActorPrimitives",
  "hashDriftRotations",
]);

function readWith(variables: Record<string, string>): Thresholds | ThresholdProblem[] {
  const result = readThresholds((variable) => variables[variable]);
  return result.ok ? result.thresholds : result.problems;
}

describe("[§3] the constants", () => {
  it("[§3] the table has every constant", () => {
    expect(TABLE.map(([name]) => name)).toEqual(Object.keys(THRESHOLD_SPECS));
    expect(Object.keys(STANDARD_THRESHOLDS)).toEqual(Object.keys(THRESHOLD_SPECS));
  });

  it("[§3] without variables all constants have their standard value", () => {
    expect(readWith({})).toEqual(STANDARD_THRESHOLDS);
    expect(readWith(Object.fromEntries(TABLE.map(([, variable]) => [variable, " "])))).toEqual(
      STANDARD_THRESHOLDS,
    );
  });

  it.each(TABLE)(
    "[§3] %s (%s) is %d; %d…%d, say %d, are taken",
    (name, variable, standard, min, max, between) => {
      expect(STANDARD_THRESHOLDS[name]).toBe(standard);
      for (const value of [min, max, between]) {
        expect(readWith({ [variable]: String(value) })).toEqual({ ...STANDARD_THRESHOLDS, [name]: value });
        expect(readWith({ [variable]: ` ${value}\n` })).toEqual({ ...STANDARD_THRESHOLDS, [name]: value });
      }
    },
  );

  it.each(TABLE)(
    "[§3] %s: what %s must not hold is named",
    (name, variable, _, min, max, _between, below, above) => {
      const isWhole = WHOLE.has(name);
      const expected = `${isWhole ? "a whole number" : "a number"} from ${min} to ${max}`;
      for (const found of [
        below,
        above,
        "abc",
        "1,5",
        "NaN",
        "Infinity",
        "1 2",
        ...(isWhole ? ["1.5"] : []),
      ]) {
        expect(readWith({ [variable]: found })).toEqual([{ variable, expected, found }]);
      }
    },
  );

  it("[§3] all wrong variables are reported together, and long texts are cut", () => {
    const problems = readWith({
      WINDOW_SIZE: "x".repeat(1_000),
      NUMERIC_EWMA_ALPHA: "2",
      HASH_WINDOW_SECS: "60",
    });
    expect(problems).toMatchObject([
      { variable: "WINDOW_SIZE", found: "x".repeat(64) },
      { variable: "NUMERIC_EWMA_ALPHA", found: "2" },
    ]);
  });
});

const versionOf = (thresholds: Thresholds) => makePolicy(thresholds).id;

describe("[policies] the id of a policy", () => {
  it.each(TABLE)("[§4] differs when %s does, and only then", (name, _variable, _standard, min, max) => {
    const versions = [min, max].map((value) => versionOf({ ...STANDARD_THRESHOLDS, [name]: value }));
    expect(versions[0]).not.toBe(versions[1]);
    expect(versionOf({ ...STANDARD_THRESHOLDS, [name]: min })).toBe(versions[0]);
  });

  it("[§4] does not depend on the order in which a set was written", () => {
    const reversed = { ...STANDARD_THRESHOLDS };
    const entries = Object.entries(STANDARD_THRESHOLDS).toReversed();
    expect(versionOf(Object.assign(reversed, Object.fromEntries(entries)))).toBe(
      versionOf(STANDARD_THRESHOLDS),
    );
  });

  it("[§4] two sets that swap two values are not the same", () => {
    const set = { ...STANDARD_THRESHOLDS, windowSize: 4, categoricalMajority: 3 };
    const swapped = { ...set, windowSize: 3, categoricalMajority: 4 };
    expect(versionOf(set)).not.toBe(versionOf(swapped));
  });
});
