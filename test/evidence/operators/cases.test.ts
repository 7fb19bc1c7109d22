/** Series whose operators are known: who sat at which session, and how often one operator is called several. */
import { describe, expect, it } from "vitest";
import {
  adjustedRand,
  ONE_OPERATOR,
  THREE_OPERATORS,
  TWO_OPERATORS,
} from "../../../src/cli/evaluate/operator-cases.ts";
import { estimateOperators, operators } from "../../../src/evidence/index.ts";
import { OPERATORS } from "../../../src/evidence/constants.ts";
import { KINDS, sessionsBy } from "./sessions.ts";

describe("operators are sessions that behave alike and come back", () => {
  it("two that alternate are two, numbered by first appearance", () => {
    const path = Array.from({ length: 40 }, (_, i) => i % 2);
    expect(operators(sessionsBy(path), KINDS)).toEqual({ estimate: 2, path, active: 1 });
    const swapped = path.map((operator) => 1 - operator);
    expect(operators(sessionsBy(swapped), KINDS)).toEqual({ estimate: 2, path, active: 1 });
  });

  it("two that come back in blocks are two", () => {
    const path = Array.from({ length: 40 }, (_, i) => Math.floor(i / 5) % 2);
    expect(operators(sessionsBy(path), KINDS)).toMatchObject({ estimate: 2, path });
  });

  it("three in turn are three", () => {
    const path = Array.from({ length: 48 }, (_, i) => i % 3);
    expect(operators(sessionsBy(path), KINDS)).toEqual({ estimate: 3, path, active: 2 });
  });

  it.each([1 / 4, 1 / 2, 3 / 4])("one that changes once, after %d of the sessions, is one", (cut) => {
    const path = Array.from({ length: 60 }, (_, i) => (i < cut * 60 ? 0 : 1));
    expect(operators(sessionsBy(path), KINDS)).toMatchObject({ estimate: 1, active: 0 });
  });

  it("one that changes twice and does not come back is one", () => {
    const path = Array.from({ length: 60 }, (_, i) => Math.floor(i / 20));
    expect(operators(sessionsBy(path), KINDS).estimate).toBe(1);
  });

  it.each([
    [2, 3, 1],
    [2, 4, 2],
    [3, 7, 2],
    [3, 8, 3],
  ])("%d that come back in blocks, with %d switches, are called %d", (count, switches, estimate) => {
    const length = 5 * (switches + 1);
    const sessions = Array.from({ length }, (_session, i) => ({ a: `client ${Math.floor(i / 5) % count}` }));
    expect(operators(sessions, { a: "hash" }).estimate).toBe(estimate);
  });

  it("two in random order whose numbers overlap are one: order does not tell them apart, nor does distance", () => {
    const random = TWO_OPERATORS.filter(({ name }) => /^(two|four) numbers, random$/.test(name));
    expect(random).toHaveLength(2);
    for (const { series } of random) {
      for (let seed = 1; seed <= 12; seed++) {
        const { sessions, kinds } = series(64, seed);
        expect(operators(sessions, kinds).estimate).toBe(1);
      }
    }
  });

  it("one that never changes is one", () => {
    const path = Array.from({ length: 60 }, () => 0);
    expect(operators(sessionsBy(path), KINDS)).toEqual({ estimate: 1, path, active: 0 });
  });

  it("a single session that differs is none", () => {
    const path = Array.from({ length: 40 }, (_, i) => (i === 20 ? 1 : 0));
    expect(operators(sessionsBy(path), KINDS).estimate).toBe(1);
  });

  it("the gain is that of the last number accepted, and says what was needed", () => {
    const path = Array.from({ length: 40 }, (_, i) => i % 2);
    const two = estimateOperators(sessionsBy(path), KINDS);
    expect(two).toMatchObject({ primitives: 3, needed: 6 + 3 + 2 * 1.5 });
    expect(two.gain).toBeGreaterThan(12);
    const three = estimateOperators(sessionsBy(Array.from({ length: 48 }, (_, i) => i % 3)), KINDS);
    expect(three).toMatchObject({ estimate: 3, primitives: 3, needed: 6 + 3 + 1 + 2 * 1.5 });
    const one = estimateOperators(sessionsBy(Array.from({ length: 48 }, () => 0)), KINDS);
    expect(one).toMatchObject({ estimate: 1, primitives: 3, needed: 12 });
    expect(one.gain).toBeLessThan(12);
  });

  it("the probability of a session without traits is lower than that of one with them", () => {
    const path = Array.from({ length: 40 }, (_, i) => i % 2);
    const sessions = sessionsBy(path).with(20, {});
    const model = estimateOperators(sessions, KINDS);
    expect(model).toMatchObject({ estimate: 2, path });
    expect(model.probabilities[20]).toBeLessThan(Math.min(...model.probabilities.toSpliced(20, 1)));
    expect(Math.min(...model.probabilities)).toBeGreaterThan(0.5);
  });
});

describe("the estimate is calibrated", () => {
  // The full figures are those of `npm run evaluate`; with as few series the bounds are wider.
  const of = <T>(count: number, answer: (i: number) => T): T[] =>
    Array.from({ length: count }, (_, i) => answer(i));

  it("of 110 series of one operator at most two are called several", () => {
    const several = ONE_OPERATOR.flatMap(({ name, series }) =>
      of(5, (i) => {
        const { sessions, kinds } = series(i % 2 === 0 ? 40 : OPERATORS.sessions, 1_000 + i);
        return operators(sessions, kinds).estimate === 1 ? [] : [name];
      }).flat(),
    );
    expect(several.length).toBeLessThanOrEqual(2);
  });

  it("of 96 series of two operators at least 65 % are called two, and the sessions are told apart", () => {
    const rands = TWO_OPERATORS.flatMap(({ series }) =>
      of(4, (i) => {
        const { sessions, kinds, truth } = series(OPERATORS.sessions, 2_000 + i);
        const { estimate, path } = operators(sessions, kinds);
        return estimate === 2 ? adjustedRand(path, truth) : 0;
      }),
    );
    expect(rands.filter((rand) => rand > 0).length / rands.length).toBeGreaterThanOrEqual(0.65);
    expect(rands.reduce((sum, rand) => sum + rand, 0) / rands.length).toBeGreaterThanOrEqual(0.6);
  });

  it("of 24 series of three operators at least 22 are called three", () => {
    const found = THREE_OPERATORS.flatMap(({ series }) =>
      of(2, (i) => {
        const { sessions, kinds } = series(OPERATORS.sessions, 3_000 + i);
        return operators(sessions, kinds).estimate === 3;
      }),
    );
    expect(found.filter(Boolean).length).toBeGreaterThanOrEqual(22);
  });
});

describe("agreement of two divisions", () => {
  it("is 1 if only the numbers differ, and 0 if one division has one group", () => {
    expect(adjustedRand([0, 0, 1, 2], [2, 2, 0, 1])).toBe(1);
    expect(adjustedRand([0, 0, 0, 0], [0, 0, 1, 1])).toBe(0);
    expect(adjustedRand([0, 0, 0], [1, 1, 1])).toBe(1);
    expect(adjustedRand([0, 0, 1, 1], [0, 1, 0, 1])).toBeLessThan(0);
  });
});
