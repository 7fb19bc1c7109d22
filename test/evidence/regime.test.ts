/** A regime's state: what it tells, its bytes, and its summaries before and after a change. */
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "../../src/core/index.ts";
import { ByteWriter } from "../../src/evidence/change/bytes.ts";
import { quantile } from "../../src/evidence/statistics.ts";
import { drawOf, keyOf, Regime, type RegimeSplit } from "../../src/evidence/index.ts";
import { type Kind, seriesOf, SHAPES } from "./series.ts";

const SHAPE_LIST = Object.entries(SHAPES);
const KEY = keyOf("secret");
const NEVER = { threshold: Number.MAX_VALUE, notedAt: 100 };

const drawAt = (i: number) =>
  drawOf(KEY, "44dcda6a-0000-4000-8000-8775a8501e2c", "motor.speed", `session:${i}`);

/** Steps through texts; session i is at time 1,000 + i. Returns the index of the observation that ended the regime, or null. */
function play(
  regime: Regime,
  series: readonly JsonValue[],
  first = 0,
  constants: { threshold: number; notedAt: number } = NEVER,
): number | null {
  for (const [i, value] of series.entries()) {
    const at = first + i;
    if (regime.step(JSON.stringify(value), 1_000 + at, drawAt(at), constants)) return at;
  }
  return null;
}

function regimeOf(kind: Kind, series: readonly JsonValue[]): Regime {
  const regime = Regime.empty(kind);
  play(regime, series);
  return regime;
}

/** All that can be seen of a regime. */
function seen(regime: Regime): unknown {
  return [
    regime.count,
    regime.e,
    regime.firstTs,
    regime.notedTs,
    regime.likeliest(),
    regime.split(),
    Buffer.from(regime.write()).toString("hex"),
  ];
}

describe("a regime", () => {
  it("without observations has E 1 and nothing else", () => {
    const regime = Regime.empty("numeric");
    expect([regime.count, regime.e, regime.firstTs, regime.notedTs]).toEqual([0, 1, null, null]);
    expect([regime.likeliest(), regime.split()]).toEqual([null, null]);
  });

  it("has its first hypothesis at the fifth observation", () => {
    const regime = regimeOf("numeric", [1, 2, 3, 4]);
    expect([regime.likeliest(), regime.e]).toEqual([null, 1]);
    play(regime, [5], 4);
    expect(regime.likeliest()).toMatchObject({ number: 5, ts: 1_004 });
    expect([regime.count, regime.firstTs]).toEqual([5, 1_000]);
  });

  it("is noted at the first observation at which E reaches the constant, and stays noted", () => {
    const values = [...Array.from({ length: 30 }, () => 1), ...Array.from({ length: 8 }, () => 2)];
    const regime = Regime.empty("numeric");
    const reached = values.findIndex((value, i) => {
      play(regime, [value], i);
      return regime.e >= 100;
    });
    expect(reached).toBeGreaterThan(30);
    expect(regime.notedTs).toBe(1_000 + reached);
    const before = regime.e;
    play(
      regime,
      Array.from({ length: 40 }, (_, i) => (i % 2) + 1),
      reached + 1,
    );
    expect(regime.e).toBeLessThan(before * 1e6);
    expect(regime.notedTs).toBe(1_000 + reached);
  });

  it("takes and writes no more after its end", () => {
    const regime = Regime.empty("numeric");
    const values = [...Array.from({ length: 30 }, () => 1), ...Array.from({ length: 20 }, () => 2)];
    const end = play(regime, values, 0, { threshold: 3_200, notedAt: 100 });
    expect(end).toBeGreaterThan(30);
    expect(regime.e).toBeGreaterThanOrEqual(3_200);
    expect(regime.notedTs).toBeLessThanOrEqual(1_000 + (end ?? 0));
    expect(() => play(regime, [1], 99)).toThrow("the regime has ended");
    expect(() => regime.write()).toThrow("the regime has ended");
  });

  it("refuses a number that is none, and is as before", () => {
    const regime = regimeOf("numeric", [1, 2, 3]);
    const before = seen(regime);
    expect(() => play(regime, ["NaN"], 3)).toThrow('a numeric value must be a finite number, got "NaN"');
    expect(seen(regime)).toEqual(before);
  });
});

describe("a regime's bytes", () => {
  it.each(SHAPE_LIST)("of %s are read without loss: every later step is the same bit for bit", (_, shape) => {
    for (const length of [0, 1, 4, 5, 20, 63, 64, 65, 129, 300]) {
      const series = seriesOf(shape, length, length + 40, [length]);
      const regime = regimeOf(shape.kind, series.slice(0, length));
      let again = Regime.read(shape.kind, regime.write());
      expect(seen(again)).toEqual(seen(regime));
      for (const [i, value] of series.slice(length).entries()) {
        play(regime, [value], length + i);
        play(again, [value], length + i);
        // Written and read after each step, as a store does it, or now and then.
        if (length % 2 === 0 || i % 7 === 0) again = Regime.read(shape.kind, again.write());
        expect(again.e).toBe(regime.e);
      }
      expect(seen(again)).toEqual(seen(regime));
    }
  });

  it("are fresh: a later write does not change them", () => {
    const regime = regimeOf("numeric", [1, 2, 3, 4, 5, 6]);
    const bytes = regime.write();
    const copy = bytes.slice();
    regimeOf("numeric", [9, 9, 9, 9, 9, 9, 9, 9]).write();
    expect(bytes).toEqual(copy);
    expect(bytes.buffer.byteLength).toBe(bytes.length);
  });

  it("can lie anywhere in a larger buffer", () => {
    const bytes = regimeOf("numeric", [1, 2, 3, 4, 5, 6]).write();
    const larger = new Uint8Array(bytes.length + 10);
    larger.set(bytes, 3);
    expect(Regime.read("numeric", larger.subarray(3, 3 + bytes.length)).write()).toEqual(bytes);
  });

  it("of a full reservoir of numbers and all hypotheses are at most 2 KB, also after 200,000 observations", () => {
    const regime = Regime.empty("numeric");
    let most = 0;
    for (let i = 0; i < 200_000; i++) {
      const draw = drawAt(i);
      regime.step(String(draw.v * draw.u), 1_750_000_000.123 + i, draw, NEVER);
      if (i < 1_000 || i % 1_000 === 0) most = Math.max(most, regime.write().length);
    }
    expect(most).toBeLessThanOrEqual(2_048);
    expect(most).toBeGreaterThan(1_700);
  });

  it.each(["categorical", "hash"] as const)(
    "of 64 different %s values of 32 bytes, the longest that are kept, are at most 4 KB",
    (kind) => {
      const values = Array.from({ length: 300 }, (_, i) => `${"x".repeat(26)}${1_000 + i}`);
      const bytes = regimeOf(kind, values).write();
      expect(JSON.stringify(values[0]).length).toBe(32);
      expect(bytes.length).toBeLessThanOrEqual(4_096);
      expect(bytes.length).toBeGreaterThan(2_900);
      expect(
        regimeOf(
          kind,
          values.map((value) => `${value}!`),
        ).write().length,
      ).toBeLessThanOrEqual(4_096);
    },
  );

  it("have a version first, and another one is refused by name", () => {
    const bytes = regimeOf("hash", ["a", "b"]).write();
    expect(bytes[0]).toBe(1);
    bytes[0] = 2;
    expect(() => Regime.read("hash", bytes)).toThrow("damaged state: it should have version 1, got 2");
    expect(() => Regime.read("hash", new Uint8Array())).toThrow(
      "damaged state: it should have version 1, got no bytes",
    );
  });

  it("of another kind are refused by name", () => {
    const bytes = regimeOf("hash", ["a", "b"]).write();
    expect(() => Regime.read("categorical", bytes)).toThrow(
      "damaged state: it should have kind 2 (categorical), got 3",
    );
  });

  it.each(SHAPE_LIST)("of %s that are damaged are refused", (_, shape) => {
    const bytes = regimeOf(shape.kind, seriesOf(shape, 1, 100)).write();
    for (let length = 0; length < bytes.length; length++)
      expect(() => Regime.read(shape.kind, bytes.subarray(0, length))).toThrow(/^damaged state: /);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      expect(() => Regime.read(shape.kind, damaged), `byte ${at}`).toThrow(/^damaged state: /);
    }
    expect(() => Regime.read(shape.kind, new Uint8Array([...bytes, 0]))).toThrow(/^damaged state: /);
  });

  it("that are anything else are refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const kind of ["numeric", "categorical", "hash"] as const)
          expect(() => Regime.read(kind, bytes)).toThrow(/^damaged state: /);
      }),
    );
  });

  it("that are wrong under a right checksum are refused, or give a regime whose E stays finite", () => {
    const writer = new ByteWriter();
    let refused = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...SHAPE_LIST.map(([, shape]) => shape)),
        fc.nat(120),
        fc.array(fc.tuple(fc.nat(3_000), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (shape, length, changes) => {
          const bytes = regimeOf(shape.kind, seriesOf(shape, length, length))
            .write()
            .slice(0, -4);
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          writer.start();
          for (const byte of bytes) writer.byte(byte);
          const damaged = writer.finish();
          let regime: Regime;
          try {
            regime = Regime.read(shape.kind, damaged);
          } catch (error) {
            expect(String(error)).toMatch(/^RangeError: damaged state: /);
            refused++;
            return;
          }
          play(regime, seriesOf(shape, 1, 70), length);
          expect(Number.isFinite(regime.e)).toBe(true);
        },
      ),
      { numRuns: 1_000, seed: 1 },
    );
    expect(refused).toBeGreaterThan(100);
  });
});

describe("a split", () => {
  /** The split at the end of a series that changes from one list of values to another. */
  function splitOf(kind: Kind, before: readonly JsonValue[], after: readonly JsonValue[]): RegimeSplit {
    const regime = Regime.empty(kind);
    const end = play(regime, [...before, ...after], 0, { threshold: 3_200, notedAt: 100 });
    if (end === null) expect.fail(`the change is found, E ${regime.e}`);
    return regime.split() ?? expect.fail("there is a hypothesis");
  }

  const repeat = (times: number, ...values: JsonValue[]): JsonValue[] =>
    Array.from({ length: times }, () => values).flat();

  it("of numbers: counts, medians and quartiles on both sides, and the shift of the median over the one before", () => {
    const split = splitOf("numeric", repeat(10, 100, 110, 120, 130), repeat(10, 200, 220, 240, 230));
    const { number } = split.since;
    expect(Math.abs(number - 41)).toBeLessThanOrEqual(1);
    expect(split.since.ts).toBe(999 + number);
    expect(split.before).toMatchObject({ count: number - 1, median: 115, quartiles: [107.5, 122.5] });
    const { after } = split;
    if (!("median" in after) || after.median === null) expect.fail("numbers have a median");
    expect(after.median).toBeGreaterThanOrEqual(210);
    expect(split.effect).toBe((after.median - 115) / 115);
  });

  it("of numbers whose median was 0: the shift itself; of a negative one: over its magnitude", () => {
    expect(splitOf("numeric", repeat(40, 0), repeat(20, 3)).effect).toBeCloseTo(3);
    expect(splitOf("numeric", repeat(40, -4), repeat(20, -6)).effect).toBeCloseTo(-0.5);
    expect(splitOf("numeric", repeat(40, 5e-324), repeat(20, 1e100)).effect).toBe(Number.MAX_VALUE);
  });

  it("of other values: shares on both sides, largest first, and the total variation", () => {
    const split = splitOf("categorical", repeat(10, "a", "a", ["b"], "a"), repeat(30, { c: 1 }));
    expect(split.before).toEqual({
      count: 40,
      shares: [
        { value: "a", share: 0.75 },
        { value: ["b"], share: 0.25 },
      ],
    });
    expect(split.after).toMatchObject({ shares: [{ value: { c: 1 }, share: 1 }] });
    expect(split.effect).toBe(1);
  });

  it("a value of which only a digest is kept stands as the first 16 bytes of its SHA-256", () => {
    const hash = "51cba57125523ce4b9db67714a90bf6e";
    const split = splitOf("hash", repeat(30, hash), repeat(20, "short"));
    const digest = createHash("sha256").update(`"${hash}"`).digest("hex").slice(0, 32);
    expect(split.before).toEqual({
      count: split.since.number - 1,
      shares: [{ value: { digest }, share: 1 }],
    });
  });

  it.each([
    ["32 bytes", "x".repeat(30), false],
    ["33 bytes", "x".repeat(31), true],
    ["32 bytes in fewer characters", "ä".repeat(15), false],
    ["33 bytes in fewer characters", `${"ä".repeat(15)}x`, true],
  ])("a value whose JSON has %s is kept whole up to 32 bytes, else as a digest", (_, value, isDigest) => {
    const { before } = splitOf("hash", repeat(30, value), repeat(20, "short"));
    const kept = isDigest ? { digest: expect.stringMatching(/^[0-9a-f]{32}$/) } : value;
    expect(before).toMatchObject({ shares: [{ value: kept, share: 1 }] });
  });

  it("lists 16 values, but the effect is of all", () => {
    const many = Array.from({ length: 40 }, (_, i) => `v${i}`);
    const split = splitOf(
      "categorical",
      [...many.slice(0, 10), ...repeat(30, "a")],
      many.slice(10).concat(many),
    );
    if (!("shares" in split.before && "shares" in split.after)) expect.fail("texts have shares");
    expect(split.before.shares).toHaveLength(11);
    expect(split.after.shares.length).toBeLessThanOrEqual(16);
    expect(split.effect).toBeGreaterThan(0.5);
    const regime = regimeOf("categorical", many);
    const middle = regime.split();
    if (!middle || !("shares" in middle.after)) expect.fail("texts have shares");
    const listed = [middle.before, middle.after].flatMap((side) => ("shares" in side ? side.shares : []));
    expect(listed.length).toBeLessThanOrEqual(32);
  });

  it("in the middle of a regime is that of its bytes", () => {
    const regime = regimeOf("numeric", [...repeat(50, 1), ...repeat(3, 2)]);
    const split = regime.split();
    expect(Regime.read("numeric", regime.write()).split()).toEqual(split);
    expect((split?.before.count ?? 0) + (split?.after.count ?? 0)).toBe(53);
  });

  it("a side of which no member is left has no median, and the effect is null", () => {
    const regime = regimeOf("numeric", repeat(70, 1));
    // Each of these leaves at once.
    for (let i = 70; i < 74; i++) regime.step("2", i, { u: drawAt(i).u, v: 0.999_999 }, NEVER);
    const { number } = regime.split()?.since ?? expect.fail("there is a hypothesis");
    expect(number).toBeGreaterThan(70);
    expect(regime.split()).toMatchObject({
      before: { count: number - 1, median: 1 },
      after: { count: 75 - number, median: null, quartiles: null },
      effect: null,
    });
  });

  it.each([
    [[1], 1, 1, 1],
    [[1, 2], 1.25, 1.5, 1.75],
    [[1, 2, 4], 1.5, 2, 3],
    [[1, 2, 3, 4], 1.75, 2.5, 3.25],
    [[-1e100, -1e100, 0, 1e100, 1e100], -1e100, 0, 1e100],
    [[-1.5e308, 1.5e308], -7.5e307, 0, 7.5e307],
    [[0.1, 0.1, 0.1], 0.1, 0.1, 0.1],
  ])("quartiles of %j are interpolated", (values, low, median, high) => {
    const sorted = Float64Array.from(values);
    expect([1 / 4, 1 / 2, 3 / 4].map((share) => quantile(sorted, share))).toEqual([low, median, high]);
  });
});
