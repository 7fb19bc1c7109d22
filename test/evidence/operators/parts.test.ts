/** The parts of the operator model that are algorithms with a known result. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { learntChain, mixtureChain, rowChain } from "../../../src/evidence/operators/chain.ts";
import { ForwardBackwardOfTwo } from "../../../src/evidence/operators/forward-backward-of-two.ts";
import { ForwardBackwardOfAny } from "../../../src/evidence/operators/forward-backward.ts";
import { logGamma } from "../../../src/evidence/operators/log-gamma.ts";
import { numbersOf } from "../../../src/evidence/operators/numbers.ts";
import { groupings } from "../../../src/evidence/operators/starts.ts";
import { sumOfRows, timesVector } from "../../../src/evidence/operators/sums.ts";
import { traitsOf } from "../../../src/evidence/operators/traits.ts";
import { firstEigenvector, Inverter } from "../../../src/evidence/operators/triangle.ts";

const logs = (sessions: number) =>
  fc.array(fc.double({ min: -1e4, max: 0, noNaN: true }), {
    minLength: 2 * sessions,
    maxLength: 2 * sessions,
  });

describe("forward and backward", () => {
  it("for two is what it is for any number", () => {
    const chains = [learntChain(2, 0.75), rowChain(2), mixtureChain(2, Float64Array.of(1, 1, 1, 0, 0, 0))];
    fc.assert(
      fc.property(logs(6), fc.constantFrom(...chains), (values, chain) => {
        const [two, any] = [new ForwardBackwardOfTwo(6), new ForwardBackwardOfAny(6, 2)];
        const [weights, others] = [new Float64Array(12), new Float64Array(12)];
        const likelihood = two.run(Float64Array.from(values), chain, weights);
        expect(likelihood).toBeCloseTo(any.run(Float64Array.from(values), chain, others), 6);
        expect(Number.isFinite(likelihood)).toBe(true);
        for (const [at, weight] of weights.entries()) expect(weight).toBeCloseTo(others[at] ?? NaN, 9);
        for (const [at, count] of two.expected.entries())
          expect(count).toBeCloseTo(any.expected[at] ?? NaN, 9);
      }),
    );
  });

  it("the likelihood is the sum over all paths", () => {
    const chain = learntChain(3, 0.5);
    const values = Float64Array.from({ length: 12 }, (_, at) => -((at * 7) % 5));
    let sum = 0;
    for (let path = 0; path < 81; path++) {
      const operators = [0, 1, 2, 3].map((i) => Math.floor(path / 3 ** i) % 3);
      sum += operators.reduce((product, k, i) => {
        const before = i === 0 ? 1 / 3 : chain.transitions[3 * (operators[i - 1] ?? 0) + k];
        return product * (before ?? NaN) * Math.exp(values[4 * k + i] ?? NaN);
      }, 1);
    }
    const weights = new Float64Array(12);
    const run = new ForwardBackwardOfAny(4, 3);
    expect(run.run(values, chain, weights)).toBeCloseTo(Math.log(sum), 10);
    for (let i = 0; i < 4; i++) {
      expect((weights[i] ?? 0) + (weights[4 + i] ?? 0) + (weights[8 + i] ?? 0)).toBeCloseTo(1, 12);
    }
    expect(run.expected.reduce((total, count) => total + count, 0)).toBeCloseTo(3, 12);
  });
});

describe("matrices", () => {
  it("a matrix times its inverse is 1, and the determinant is that of its factor", () => {
    const inverter = new Inverter(3);
    const logDeterminant = inverter.invert(Float64Array.of(4, 2, 5, 1, 3, 6));
    // |4 2 1; 2 5 3; 1 3 6| = 67
    expect(logDeterminant).toBeCloseTo(Math.log(67), 12);
    const expected = [21, -9, 23, 1, -10, 16].map((cofactor) => cofactor / 67);
    for (const [at, value] of inverter.inverse.entries()) expect(value).toBeCloseTo(expected[at] ?? NaN, 12);
  });

  it("the first eigenvector is along the largest axis", () => {
    const vector = firstEigenvector(Float64Array.of(2, 1, 2), 2);
    expect((vector[0] ?? 0) / (vector[1] ?? 0)).toBeCloseTo(1, 9);
    expect([...firstEigenvector(Float64Array.of(1, 0, 9), 2)].map((value) => Math.round(value))).toEqual([
      0, 1,
    ]);
  });

  it.each([1, 3, 4, 9])("sums over %d rows", (count) => {
    const rows = Float64Array.from({ length: 2 * count }, (_, at) => at + 1);
    const sums = new Float64Array(2);
    sumOfRows(rows, new Float64Array(count).fill(2), sums);
    expect([...sums]).toEqual([2 * count ** 2, 2 * count * (count + 1)]);
    const products = new Float64Array(count);
    timesVector(rows, Float64Array.of(1, -1), products);
    expect([...products]).toEqual(Array.from({ length: count }, () => -1));
  });

  it.each([
    [0.5, Math.log(Math.PI) / 2],
    [1, 0],
    [1.25, -0.09827183642181316],
    [5, Math.log(24)],
    [17.5, 32.08111489594736],
  ])("ln Γ(%d)", (x, expected) => {
    expect(logGamma(x)).toBeCloseTo(expected, 9);
  });
});

describe("numbers", () => {
  it("are standardised on the scale of least variance; a missing one is 0, and constants are left out", () => {
    const powers = Float64Array.from({ length: 9 }, (_, i) => 10 ** (i - 4));
    const numbers = numbersOf(
      [powers, new Float64Array(9).fill(3), Float64Array.of(1, 2, NaN, 1, 2, 1, 2, 1, 2)],
      9,
    );
    expect(numbers?.width).toBe(2);
    const column = (a: number) => Array.from({ length: 9 }, (_, i) => numbers?.rows[2 * i + a] ?? NaN);
    // Their logarithms are equally far apart.
    const step = (column(0)[1] ?? 0) - (column(0)[0] ?? 0);
    for (const [i, value] of column(0).entries()) expect(value).toBeCloseTo((i - 4) * step, 12);
    expect(column(0).reduce((sum, value) => sum + value ** 2, 0) / 9).toBeCloseTo(1, 12);
    expect(column(1)[2]).toBe(0);
    expect(numbers?.covariance[0]).toBeCloseTo(1.02, 12);
  });

  it("are not transformed if one is not positive", () => {
    const numbers = numbersOf([Float64Array.of(0, 1, 2, 3, 4)], 5);
    const [first = 0, second = 0, third] = numbers?.rows ?? [];
    expect(third).toBeCloseTo(0, 12);
    expect(first / second).toBeCloseTo(2, 12);
  });
});

describe("fits start from groups", () => {
  const groupsOf = (
    values: readonly (number | string | null)[],
    kind: "numeric" | "categorical",
    operators: number,
  ) => {
    const sessions = values.map((value) => (value === null ? {} : { a: value }));
    return groupings(traitsOf(sessions, { a: kind }), operators).map((groups) => groups.join(""));
  };

  it("numbers are cut at the median and at the widest gap in the middle", () => {
    expect(groupsOf([0, 1, 2, 3, 4, 9, 10, 11], "numeric", 2)).toEqual(["00001111", "00000111"]);
    expect(groupsOf([0, 1, 2, 13, 14, 15, 29, 30, 31], "numeric", 3)).toEqual(["000111222"]);
  });

  it("other values are the commonest and the rest, missing ones included; those seen first come first", () => {
    expect(groupsOf(["b", "a", "c", "a", "b", "b", null, "c"], "categorical", 2)).toEqual(["01110011"]);
    expect(groupsOf(["b", "a", "c", "a", "b", "b", null, "c"], "categorical", 3)).toEqual(["01210022"]);
    expect(groupsOf(["a", "a", "a"], "categorical", 2)).toEqual([]);
  });
});
