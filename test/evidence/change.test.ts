/** The change detector: against a second implementation, its error rate, its reservoir, and unusual series. */
import canonicalize from "canonicalize";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "../../src/core/index.ts";
import { CHANGE } from "../../src/evidence/constants.ts";
import { changeDetector, drawOf, keyOf, Regime } from "../../src/evidence/index.ts";
import { naiveDraw, NaiveRegime } from "./naive.ts";
import { type Kind, seriesOf, SHAPES, uniforms } from "./series.ts";

const SHAPE_LIST = Object.entries(SHAPES);
const ATTACKER = "44dcda6a-0000-4000-8000-8775a8501e2c";
const draws = drawOf.bind(null, keyOf("secret"), ATTACKER, "motor.speed");
const NEVER = { threshold: Number.MAX_VALUE, notedAt: 100 };

function textOf(value: JsonValue): string {
  return canonicalize(value) ?? "";
}

/** A regime that took a series and never ended. */
function regimeOf(kind: Kind, series: readonly JsonValue[], from = Regime.empty(kind), first = 0): Regime {
  for (const [i, value] of series.entries()) {
    const at = first + i;
    from.step(textOf(value), at, draws(`session:${at}`), NEVER);
  }
  return from;
}

describe("the change detector equals a second implementation of its description", () => {
  it.each(SHAPE_LIST)("of %s, with changes and alarms", (_, shape) => {
    for (const [seed, threshold] of [
      [1, 100],
      [2, 100],
      [3, 3_200],
      [4, 20],
      [5, 1e300],
    ] as const) {
      const series = seriesOf(shape, seed, 400, [30, 180, 300]);
      const secret = `secret ${seed}`;
      const detector = changeDetector(shape.kind, { threshold, secret });
      let naive = new NaiveRegime(shape.kind);
      for (const [i, value] of series.entries()) {
        const key = [ATTACKER, "motor.speed", `session:${i}`];
        const { alarm, e, since } = detector.step(value, key);
        const changed = naive.step(textOf(value), naiveDraw(secret, key), threshold);
        const where = `seed ${seed}, step ${i}`;
        expect(Math.abs(e - naive.e) / naive.e, where).toBeLessThan(1e-12);
        expect(alarm, where).toBe(changed !== null);
        const likeliest = naive.likeliest();
        expect(since, where).toBe(likeliest && likeliest.n - naive.n);
        if (changed !== null) naive = new NaiveRegime(shape.kind);
      }
    }
  });

  it.each(["normal", "heavy tails", "counts", "booleans", "one number", "two values", "one hash"])(
    "finds most changes of %s, and where they began",
    (name) => {
      const shape = SHAPES[name] ?? expect.fail();
      const found = Array.from({ length: 20 }, (_, seed) => {
        const detector = changeDetector(shape.kind, { threshold: 100 });
        const starts = seriesOf(shape, seed, 80, [40])
          .map((value, at) => ({ at, ...detector.step(value, at) }))
          .filter(({ alarm }) => alarm)
          .map(({ at, since }) => at + (since ?? Number.NaN));
        return starts.some((start) => Math.abs(start - 40) <= 5);
      });
      expect(found.filter(Boolean).length).toBeGreaterThanOrEqual(15);
    },
  );
});

describe("the change detector rarely alarms when nothing changes", () => {
  it("at threshold 20, of 2,000 series of 300 that never change at most 5 % and three standard deviations alarm", () => {
    const runs = 2_000;
    const threshold = 20;
    let alarms = 0;
    for (let run = 0; run < runs; run++) {
      const [name, shape] = SHAPE_LIST[run % SHAPE_LIST.length] ?? [];
      if (!shape) throw new Error(`no shape ${name}`);
      const detector = changeDetector(shape.kind, { threshold, secret: `run ${run}` });
      const series = seriesOf(shape, run, 300);
      if (series.some((value, i) => detector.step(value, i).alarm)) alarms++;
    }
    const share = 1 / threshold;
    expect(alarms).toBeLessThanOrEqual(runs * share + 3 * Math.sqrt(runs * share * (1 - share)));
    expect(alarms).toBeGreaterThan(0);
  });

  it("the funds of all hypotheses together are less than the cash", () => {
    let sum = 0;
    for (let n = CHANGE.firstHypothesis + 1; n < 1_000_000; n++)
      sum += CHANGE.fundingFactor * Math.sqrt(CHANGE.fundingScale) * (n + CHANGE.fundingOffset) ** -1.5;
    // The rest is below the integral of x^-1.5 from there on.
    sum += CHANGE.fundingFactor * Math.sqrt(CHANGE.fundingScale) * 2 * 1_000_000 ** -0.5;
    expect(sum).toBeLessThan(1);
    expect(sum).toBeGreaterThan(0.98);
  });
});

describe("the reservoir is uniform", () => {
  it("each of the 65 members leaves as often as any other, the newest included", () => {
    const length = 40_000;
    const leaves = new Float64Array(CHANGE.reservoir + 1);
    const regime = Regime.empty("numeric");
    let before: number[] = [];
    for (let i = 0; i < length; i++) {
      regime.step(String(i), i, draws(`session:${i}`), NEVER);
      const after = new Set(membersOf(regime));
      const left = [...before, i].findIndex((member) => !after.has(member));
      if (left >= 0) leaves[left] = (leaves[left] ?? 0) + 1;
      before = [...after];
    }
    const left = length - CHANGE.reservoir;
    const expected = left / leaves.length;
    expect(leaves.reduce((sum, count) => sum + count)).toBe(left);
    const chiSquare = leaves.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 64 degrees of freedom: mean 64, standard deviation 11.3. The keys are fixed, so the figure is always the same.
    expect(Math.abs(chiSquare - 64)).toBeLessThan(3 * 11.3);
  });

  it("an observation is still a member after k others with probability (64 / 65)^k, the first 64 alike", () => {
    const length = 200;
    const runs = 2_000;
    const counts = new Float64Array(length);
    for (let run = 0; run < runs; run++) {
      const key = keyOf(`run ${run}`);
      const regime = Regime.empty("numeric");
      for (let i = 0; i < length; i++) regime.step(String(i), i, drawOf(key, ATTACKER, "a.b", `${i}`), NEVER);
      for (const member of membersOf(regime)) counts[member] = (counts[member] ?? 0) + 1;
    }
    for (const [i, count] of counts.entries()) {
      const chance = (64 / 65) ** (length - Math.max(i, CHANGE.reservoir));
      const deviation = Math.sqrt(runs * chance * (1 - chance));
      expect(Math.abs(count - runs * chance), `observation ${i}`).toBeLessThan(4 * deviation);
    }
  });

  it("takes all observations till it is full, then one leaves for each that joins", () => {
    const regime = Regime.empty("numeric");
    for (let i = 0; i < 200; i++) {
      regime.step(String(i), i, draws(`${i}`), NEVER);
      expect(membersOf(regime)).toHaveLength(Math.min(i + 1, CHANGE.reservoir));
    }
    expect(membersOf(regime)).toEqual(membersOf(regime).toSorted((a, b) => a - b));
  });

  /** The members of a regime of numbers, read from its bytes: behind the head and the members' numbers, a float each. */
  function membersOf(regime: Regime): number[] {
    const bytes = regime.write();
    const view = new DataView(bytes.buffer);
    let at = 2;
    while ((bytes[at] ?? 0) >= 0x80) at++;
    at += 1 + 4 * 8;
    const size = bytes[at++] ?? 0;
    for (let i = 0; i < size; i++) {
      while ((bytes[at] ?? 0) >= 0x80) at++;
      at++;
    }
    return Array.from({ length: size }, (_, i) => view.getFloat64(at + i * 8, true));
  }
});

describe("unusual series get answers, and E stays finite and never negative", () => {
  const long = "v".repeat(5_000);
  const uniform = uniforms(7);
  const places = Array.from({ length: 3_000 }, (_, i) => i);
  const series: [string, Kind, unknown[]][] = [
    ["one number, always", "numeric", places.map(() => 7)],
    ["numbers that are all different", "numeric", places],
    ["numbers of magnitude 1e100", "numeric", places.map((i) => (i % 2 === 0 ? 1e100 : -1e100))],
    [
      "the largest and the smallest numbers",
      "numeric",
      places.map((i) => [5e-324, 1.7e308, -1.7e308][i % 3]),
    ],
    ["booleans and numbers", "numeric", places.map((i) => [true, 1, false, 0][i % 4])],
    ["texts like NaN among numbers", "numeric", places.map((i) => ["NaN", "Infinity", "-", "tf", 1][i % 5])],
    ["no JSON", "numeric", places.map((i) => [Number.NaN, Infinity, undefined, () => 1][i % 4])],
    ["one text, always", "categorical", places.map(() => "x")],
    ["texts that are all different", "categorical", places.map((i) => `x${i}`)],
    ["long texts that are all different", "categorical", places.map((i) => `${i}${long}`)],
    ["abstentions only", "categorical", places.map(() => "unknown")],
    ["a value per half", "categorical", places.map((i) => i < 1_500)],
    ["one hash, always", "hash", places.map(() => "51cba57125523ce4b9db67714a90bf6e")],
    ["hashes that are all different", "hash", places.map((i) => `51cba57125523ce4b9db67714a9${i}`)],
    ["empty texts, lists, objects and null", "hash", places.map((i) => ["", [], {}, null][i % 4])],
    ["lone surrogates", "hash", places.map((i) => `\ud800${String.fromCharCode(0xd800 + (i % 2_000))}`)],
    ["a long stretch, then noise", "numeric", places.map((i) => (i < 1_500 ? 1 : uniform()))],
  ];

  it.each(series)("%s", (_, kind, values) => {
    for (const threshold of [100, Number.MAX_VALUE]) {
      const detector = changeDetector(kind, { threshold });
      const steps = values.map((value, i) => detector.step(value, i));
      expect(steps.filter(({ e }) => !(e >= 0 && e < Infinity))).toEqual([]);
      expect(steps.filter(({ since }) => since !== null && !(since <= 0 && since > -values.length))).toEqual(
        [],
      );
    }
  });

  it("values of one sort never alarm, however many", () => {
    for (const [name, kind, values] of series.filter(([sort]) => sort.includes("always"))) {
      const detector = changeDetector(kind, { threshold: 100 });
      expect(
        values.filter((value, i) => detector.step(value, i).alarm),
        name,
      ).toHaveLength(0);
    }
  });

  it("a regime that goes on after thousands of steps of a change stays finite, and steps alike after reading", () => {
    const values: JsonValue[] = Array.from({ length: 5_000 }, (_, i) => i);
    const regime = regimeOf("numeric", values);
    expect(regime.e).toBeGreaterThan(1e290);
    expect(regime.e).toBeLessThan(Infinity);
    const again = Regime.read("numeric", regime.write());
    regimeOf("numeric", [-5, 6, 7], regime, 5_000);
    regimeOf("numeric", [-5, 6, 7], again, 5_000);
    expect(again.e).toBe(regime.e);
    expect(again.e).toBeLessThan(Infinity);
  });

  it("wagers that become 0 stay 0, and E stays above 0", () => {
    const regime = Regime.empty("categorical");
    for (let i = 0; i < 20_000; i++) {
      // All ranks are high, every bet loses.
      regime.step("1", i, { u: 0.9, v: 0.999 }, NEVER);
      if (!(regime.e > 0 && regime.e <= 1)) expect.fail(`step ${i}: E ${regime.e}`);
    }
    expect(regime.e).toBeGreaterThan(0.01);
  });
});

describe("the change detector over plain values", () => {
  it("begins a new regime after an alarm", () => {
    const detector = changeDetector("numeric", { threshold: 100 });
    const steps = Array.from({ length: 60 }, (_, i) => detector.step(i < 30 ? 1 : 2, i));
    const alarm = steps.findIndex((step) => step.alarm);
    expect(alarm).toBeGreaterThan(30);
    expect(steps[alarm]?.e).toBeGreaterThanOrEqual(100);
    expect(Math.abs(alarm + (steps[alarm]?.since ?? Number.NaN) - 30)).toBeLessThanOrEqual(2);
    expect(steps[alarm + 1]).toEqual({ alarm: false, e: 1, since: null });
    expect(steps.filter((step) => step.alarm)).toHaveLength(1);
  });

  it("has threshold 100 and no secret unless told otherwise", () => {
    const implicit = changeDetector("categorical");
    const explicit = changeDetector("categorical", { threshold: 100, secret: "" });
    const other = changeDetector("categorical", { secret: "other" });
    const values = seriesOf(SHAPES["two values"] ?? expect.fail(), 1, 90, [50]);
    const first = values.map((value, i) => implicit.step(value, i));
    expect(values.map((value, i) => explicit.step(value, i))).toEqual(first);
    expect(values.map((value, i) => other.step(value, i))).not.toEqual(first);
  });

  it("does not count abstentions and values of another kind, but `since` counts their steps", () => {
    const plain = changeDetector("categorical", { secret: "s" });
    const mixed = changeDetector("categorical", { secret: "s" });
    for (let i = 0; i < 20; i++) {
      const { e } = plain.step("a", i);
      expect(mixed.step("a", i).e).toBe(e);
      expect(mixed.step("unknown", `abstention ${i}`).e).toBe(e);
    }
    for (let i = 20; i < 40; i++) {
      const step = plain.step("b", i);
      expect(mixed.step("b", i)).toEqual({ ...step, since: step.since === null ? null : step.since * 2 });
      if (step.alarm) return;
      mixed.step("unknown", `abstention ${i}`);
    }
    expect.fail("the change is found");
  });

  it.each(["numeric", "categorical", "hash"] as const)("does not count null, %s", (kind) => {
    const [plain, mixed] = [changeDetector(kind), changeDetector(kind)];
    for (let i = 0; i < 30; i++) {
      const value = kind === "numeric" ? i % 3 : `v${i % 3}`;
      expect(mixed.step(null, `null ${i}`).alarm).toBe(false);
      expect(mixed.step(value, i).e).toBe(plain.step(value, i).e);
    }
  });

  it("draws as the stored series does if the key is its key", () => {
    const detector = changeDetector("numeric", { secret: "secret", threshold: Number.MAX_VALUE });
    const regime = Regime.empty("numeric");
    for (let i = 0; i < 300; i++) {
      const { e } = detector.step(i % 7, [ATTACKER, "motor.speed", `session:${i}`]);
      regime.step(String(i % 7), i, draws(`session:${i}`), NEVER);
      expect(regime.e).toBe(e);
    }
  });

  it("takes any JSON as key, whose members may be in any order, and nothing else", () => {
    const [a, b] = [changeDetector("numeric"), changeDetector("numeric")];
    for (let i = 0; i < 50; i++) {
      expect(a.step(i % 3, { b: [i, null], a: "x" })).toEqual(b.step(i % 3, { a: "x", b: [i, null] }));
    }
    expect(() => a.step(1, undefined)).toThrow("the key of a step must be a JSON value: not_json");
  });
});
