/** Whatever the sessions are, the model answers, and its numbers are finite. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  estimateOperators,
  type Kinds,
  type OperatorModel,
  operators,
  type SessionValues,
} from "../../../src/evidence/index.ts";
import type { JsonValue } from "../../../src/core/index.ts";
import { OPERATORS } from "../../../src/evidence/constants.ts";
import { KINDS, sessionsBy } from "./sessions.ts";

function expectSound(model: OperatorModel, sessions: number): void {
  const looked = Math.min(sessions, OPERATORS.sessions);
  expect(model.estimate).toBeGreaterThanOrEqual(1);
  expect(model.estimate).toBeLessThanOrEqual(OPERATORS.most);
  expect(model.path).toHaveLength(looked);
  expect(model.probabilities).toHaveLength(looked);
  expect(new Set(model.path).size).toBe(looked === 0 ? 0 : model.estimate);
  let next = 0;
  for (const operator of model.path) {
    expect(operator).toBeLessThanOrEqual(next);
    if (operator === next) next++;
  }
  for (const probability of model.probabilities) {
    expect(probability).toBeGreaterThan(0);
    expect(probability).toBeLessThanOrEqual(1);
  }
  expect(model.active).toBe(model.path.at(-1) ?? null);
  expect(model.gain === null || Number.isFinite(model.gain)).toBe(true);
  expect(model.needed === null).toBe(model.gain === null);
  expect(JSON.parse(JSON.stringify(model))).toEqual(model);
}

/** As many sessions. */
function many(count: number, values: (i: number) => SessionValues): SessionValues[] {
  return Array.from({ length: count }, (_, i) => values(i));
}

const NUMERIC: Kinds = { a: "numeric", b: "numeric", c: "numeric" };

describe("sessions of any form are answered", () => {
  it.each([0, 1, 7])("%d sessions are too few: one operator", (count) => {
    const model = estimateOperators(sessionsBy(many(count, () => ({})).map((_, i) => i % 2)), KINDS);
    expect(model).toMatchObject({ estimate: 1, gain: null, needed: null, active: count === 0 ? null : 0 });
    expectSound(model, count);
  });

  it("only the last sessions are looked at", () => {
    const early = sessionsBy(Array.from({ length: 100 }, (_, i) => i % 3));
    const late = sessionsBy(Array.from({ length: OPERATORS.sessions }, (_, i) => i % 2));
    expect(estimateOperators([...early, ...late], KINDS)).toEqual(estimateOperators(late, KINDS));
  });

  it.each<[string, (i: number) => SessionValues, Kinds]>([
    ["no traits", () => ({}), {}],
    ["constant numbers", () => ({ a: 0.1, b: -0, c: 1e300 }), NUMERIC],
    ["numbers that differ in the last digit", (i) => ({ a: i % 2 === 0 ? 1 : 1 + Number.EPSILON }), NUMERIC],
    ["all numbers different", (i) => ({ a: i, b: -i, c: 1 / (i + 1) }), NUMERIC],
    ["the largest numbers", (i) => ({ a: i % 2 === 0 ? 1.7e308 : -1.7e308, b: 1.7e308 / (i + 1) }), NUMERIC],
    ["the smallest numbers", (i) => ({ a: i * 5e-324, b: i % 3 === 0 ? 5e-324 : 1e308 }), NUMERIC],
    ["zeros and negative numbers", (i) => ({ a: (i % 3) - 1, b: i % 2 === 0 ? 0 : 5 }), NUMERIC],
    ["numbers that are one", (i) => ({ a: i % 7, b: i % 7, c: 2 * (i % 7) }), NUMERIC],
    ["a number in one session only", (i): SessionValues => (i === 3 ? { a: 5 } : {}), NUMERIC],
    ["one number far out", (i) => ({ a: i === 9 ? 1e15 : i % 5 }), NUMERIC],
    ["numbers that are texts", (i) => ({ a: `${i}`, b: "NaN", c: "" }), NUMERIC],
    ["numbers that are true and false", (i) => ({ a: i % 2 === 0, b: i % 3 === 0 ? null : 1 }), NUMERIC],
    ["numbers that are no JSON", () => ({ a: NaN, b: Infinity, c: -Infinity }), NUMERIC],
    ["hashes that are no texts", (i) => ({ a: i, b: [], c: "" }), { a: "hash", b: "hash", c: "hash" }],
    ["hashes that are all different", (i) => ({ a: `${i}` }), { a: "hash" }],
    ["values of all kinds", (i) => ({ a: [1, { b: [i % 2, null, true, "unknown"][i % 4] ?? null }] }), {}],
    ["categories that are all different", (i) => ({ a: `${i}` }), {}],
    ["only abstentions", () => ({ a: "unknown" }), {}],
    ["an unlikely name", (i) => ({ ["__proto__"]: i % 2, constructor: `${i % 2}` }), {}],
  ])("%s", (_name, values, kinds) => {
    for (const count of [8, 9, 40, 70]) {
      const sessions = many(count, values);
      expectSound(estimateOperators(sessions, kinds), count);
    }
  });

  it("an abstention and a value that does not fit its kind are missing values", () => {
    const path = Array.from({ length: 40 }, (_, i) => i % 2);
    const missing = sessionsBy(path).map((values, i) => (i % 5 === 0 ? {} : values));
    const unfit = sessionsBy(path).map((values, i) =>
      i % 5 === 0
        ? { "motor.pause_ms": "fast", "motor.keystroke_cadence": "unknown", "toolchain.ssh.hassh_client": 7 }
        : values,
    );
    expect(estimateOperators(unfit, KINDS)).toEqual(estimateOperators(missing, KINDS));
  });

  it("null is a missing value of every kind", () => {
    const path = Array.from({ length: 40 }, (_, i) => i % 2);
    const nulls = sessionsBy(path).map((values, i) =>
      i % 5 === 0 ? Object.fromEntries(Object.keys(values).map((name) => [name, null])) : values,
    );
    const missing = sessionsBy(path).map((values, i) => (i % 5 === 0 ? {} : values));
    expect(estimateOperators(nulls, KINDS)).toEqual(estimateOperators(missing, KINDS));
    expect(operators(nulls, KINDS)).toEqual(operators(missing, KINDS));
  });

  it("in short, any value can be a hash, and equal ones are one", () => {
    const path = Array.from({ length: 40 }, (_, i) => i % 2);
    const of = (values: readonly [JsonValue, JsonValue]) =>
      operators(
        path.map((operator) => ({ hash: values[operator === 0 ? 0 : 1] })),
        { hash: "hash" },
      );
    expect(of(["a", "b"])).toEqual({ estimate: 2, path, active: 1 });
    for (const values of [
      [1, 2],
      [true, false],
      [[1], [2]],
      [7, "7"],
      ["", "a"],
    ] as const) {
      expect(of(values)).toEqual(of(["a", "b"]));
    }
    expect(of([7, 7]).estimate).toBe(1);
  });

  it.each(["numeric", "categorical", "hash"] as const)("128 primitives in one session, %s", (kind) => {
    const names = Array.from({ length: 128 }, (_, a) => `motor.trait_${a}`);
    const kinds = Object.fromEntries(names.map((name) => [name, kind]));
    const sessions = many(64, (i) =>
      Object.fromEntries(
        names.map((name, a) => {
          const number = (i * 37 + a * 11 + (i % 3) * a) % 17;
          return [name, kind === "numeric" ? number : `${number % 4}`];
        }),
      ),
    );
    const model = estimateOperators(sessions, kinds);
    expect(model.primitives).toBe(OPERATORS.traits);
    expectSound(model, 64);
  });

  it("of too many primitives those seen most often are taken", () => {
    const path = Array.from({ length: 40 }, (_, i) => i % 2);
    const sessions = sessionsBy(path).map((values, i) => ({
      ...values,
      ...Object.fromEntries(Array.from({ length: 100 }, (_, a) => [`a.rare_${i}_${a}`, `${a}`])),
    }));
    const model = estimateOperators(sessions, KINDS);
    expect(model).toMatchObject({ estimate: 2, path, primitives: OPERATORS.traits });
  });

  const value = fc.oneof(
    fc.double(),
    fc.integer({ min: -3, max: 3 }),
    fc.constantFrom<string | number | boolean | null>("unknown", "a", "b", "", 1e308, 5e-324, true, null),
  );
  const traits = fc.record({ a: value, b: value, c: value, d: value, e: value }, { requiredKeys: [] });
  const kind = fc.constantFrom("numeric", "categorical", "hash", "bool", "array");
  const kindsOf = fc.record({ a: kind, b: kind, c: kind, d: kind }, { requiredKeys: [] });

  it("any sessions and kinds", () => {
    fc.assert(
      fc.property(fc.array(traits, { minLength: 6, maxLength: 30 }), kindsOf, (sessions, kinds) => {
        const model = estimateOperators(sessions, kinds);
        expectSound(model, sessions.length);
        expect(estimateOperators(structuredClone(sessions), kinds)).toEqual(model);
      }),
      { numRuns: 200 },
    );
  });

  it("any sessions in which a few values come back", () => {
    const few = fc.record(
      { a: fc.constantFrom(1, 2, 1e6), b: fc.constantFrom(0, -1e-300, 7), c: fc.constantFrom("x", "y") },
      { requiredKeys: [] },
    );
    const kinds: Kinds = { a: "numeric", b: "numeric", c: "hash" };
    fc.assert(
      fc.property(fc.array(few, { minLength: 8, maxLength: 64 }), (sessions) => {
        expectSound(estimateOperators(sessions, kinds), sessions.length);
      }),
      { numRuns: 200 },
    );
  });
});

describe("what does not matter changes nothing", () => {
  const path = Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? 1 : 0));

  it("the order of the traits in a session", () => {
    const reversed = sessionsBy(path).map((values) =>
      Object.fromEntries(Object.entries(values).toReversed()),
    );
    expect(estimateOperators(reversed, KINDS)).toEqual(estimateOperators(sessionsBy(path), KINDS));
  });

  it("kinds of primitives that are not there, and that a primitive without a kind is categorical", () => {
    const { "motor.keystroke_cadence": _kind, ...others } = KINDS;
    expect(estimateOperators(sessionsBy(path), { ...others, "motor.other": "numeric" })).toEqual(
      estimateOperators(sessionsBy(path), KINDS),
    );
  });

  it("the texts that stand for hashes", () => {
    const renamed = sessionsBy(path).map((values) => ({
      ...values,
      "toolchain.ssh.hassh_client": `x${values["toolchain.ssh.hassh_client"] === "hassh-0" ? 1 : 0}`,
    }));
    expect(estimateOperators(renamed, KINDS)).toEqual(estimateOperators(sessionsBy(path), KINDS));
  });
});
