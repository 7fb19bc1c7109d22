/** A decision reads stored observations in one pass, and decides as if it had read the series of each step. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AppliedObservation, merge, type MergeKind } from "../../src/core/index.ts";
import { compareArrivals } from "../../src/core/order.ts";
import { STANDARD_THRESHOLDS, type Thresholds } from "../../src/core/thresholds.ts";
import { ATTACKER, OTHER_ATTACKER } from "./factories.ts";
import { applyTogether, decideAnew, type Model, newModel, policyOf, recordOf } from "./model.ts";

const KINDS = { "a.categorical": "categorical", "b.numeric": "numeric", "c.hash": "hash" } as const;
const VALUES: Record<keyof typeof KINDS, readonly string[]> = {
  "a.categorical": ['"a"', '"b"', '"unknown"', '"unknown"', "[1]"],
  "b.numeric": ["1", "100", "-5", "true", '"none"'],
  "c.hash": ['"h0"', '"h1"', '"h2"', '"h3"', '""'],
};
const SETTINGS: Record<string, Thresholds> = {
  standard: STANDARD_THRESHOLDS,
  narrow: { ...STANDARD_THRESHOLDS, windowSize: 1, hashWindowSecs: 6, minimumObservations: 1 },
  wide: { ...STANDARD_THRESHOLDS, hashWindowSecs: 350 },
  wider: { ...STANDARD_THRESHOLDS, hashWindowSecs: 450 },
  short: { ...STANDARD_THRESHOLDS, windowSize: 2, hashWindowSecs: 0, multiActorPrimitives: 1 },
};

/** Observations of few keys and times, so that replacements, repeats, equal times and questions are common. */
const observation = fc.constantFrom(...keysOf(KINDS)).chain((primitive) =>
  fc.record({
    primitive: fc.constant<string>(primitive),
    value: fc.constantFrom(...VALUES[primitive]),
    ts: fc.integer({ min: 1, max: 20 }),
    // The two prefixes sort one way by UTF-16 code units and the other way by UTF-8 bytes.
    evidenceRef: fc.integer({ min: 0, max: 9 }).map((n) => `${n % 3 === 0 ? "\u{1f600}" : "\uffee"}${n}`),
    attackerUuid: fc.constantFrom(ATTACKER, OTHER_ATTACKER),
    id: fc.constantFrom("i", "j"),
  }),
);

/** So many hashes that the tail does not hold all, some of which replace others. */
const wideObservation = fc.record({
  primitive: fc.constant("c.hash"),
  value: fc.integer({ min: 0, max: 200 }).map((n) => `"h${n}"`),
  ts: fc.integer({ min: 1, max: 500 }),
  evidenceRef: fc.integer({ min: 0, max: 250 }).map(String),
  attackerUuid: fc.constant(ATTACKER),
  id: fc.constantFrom("i", "j"),
});

const batch = fc.record({
  setting: fc.constantFrom("standard", "standard", "narrow", "short"),
  observations: fc.array(observation, { maxLength: 12 }),
});

const wideBatch = fc.record({
  setting: fc.constantFrom("wide", "wide", "wide", "wider"),
  observations: fc.array(wideObservation, { maxLength: 120, size: "max" }),
});
function keysOf<T extends object>(table: T): (keyof T & string)[] {
  return Object.keys(table).filter((key): key is keyof T & string => key in table);
}

function model(): Model {
  const made = newModel();
  Object.assign(made.kinds, KINDS);
  // These tests are about primitives: the identity's own event is left out.
  made.head = { ...made.head, isFormed: true };
  return made;
}

/** The same arrivals as decisions of one observation each, in the order that the contract demands. */
function applySingly(to: Model, observations: readonly AppliedObservation[]): void {
  for (const each of observations.toSorted(compareArrivals)) applyTogether(to, [each]);
}

type Batches = fc.Arbitrary<{ readonly setting: string; readonly observations: AppliedObservation[] }>;

describe("[§4] a decision about arrivals", () => {
  it.each<[string, Batches, number]>([
    ["of every kind, with changing constants", batch, 500],
    ["of hashes with a wide window", wideBatch, 60],
  ])("%s decides as one decision for each arrival does", (_, batches, numRuns) => {
    fc.assert(
      fc.property(fc.array(batches, { maxLength: 6, size: "max" }), (list) => {
        const [together, singly] = [model(), model()];
        for (const { setting, observations } of list) {
          for (const each of [together, singly]) each.thresholds = SETTINGS[setting] ?? STANDARD_THRESHOLDS;
          applyTogether(together, observations);
          applySingly(singly, observations);
          expect(together.stored).toEqual(singly.stored);
          expect(together.records).toEqual(singly.records);
          expect(together.hashWindows).toEqual(singly.hashWindows);
          expect(together.head).toEqual(singly.head);
        }
        expect(together.events).toEqual(singly.events);
      }),
      { numRuns },
    );
  });

  it("the result, and that of a recomputation, is that of the merger over the whole series", () => {
    fc.assert(
      fc.property(fc.array(batch, { minLength: 1, maxLength: 6 }), (list) => {
        const after = model();
        for (const { setting, observations } of list) {
          after.thresholds = SETTINGS[setting] ?? STANDARD_THRESHOLDS;
          applyTogether(after, observations);
          for (const { primitive } of observations) expectMerged(after, primitive);
        }
        decideAnew(after);
        expect([...after.records.keys()].toSorted()).toEqual([...after.stored.keys()].toSorted());
        for (const primitive of after.records.keys()) expectMerged(after, primitive);
      }),
      { numRuns: 300 },
    );
  });
});

function expectMerged(after: Model, primitive: string): void {
  const record = recordOf(after, primitive);
  // Repeats do not recompute a record of other constants.
  if (record.policyId !== policyOf(after).id) return;
  const kind: MergeKind = after.kinds[primitive] ?? "categorical";
  const whole = merge(kind, [...(after.stored.get(primitive)?.values() ?? [])], after.thresholds);
  const { currentValue, state, confidence, observationCount, lastObservationTs } = whole;
  expect(record.attribution).toMatchObject({
    currentValue,
    state,
    confidence,
    observationCount,
    lastObservationTs,
  });
}

/** An observation of a primitive; its id decides which of two with the same pointer is greater. */
function observed(primitive: string, value: string, n: number, id = "i"): AppliedObservation {
  return { primitive, value, ts: 1_000 + n, evidenceRef: `e${n}`, attackerUuid: ATTACKER, id };
}

describe("[design] passes over stored observations", () => {
  it("one for all primitives of the arrivals, however many steps ask for a series", () => {
    const after = model();
    const stored = (primitive: string) => [0, 1, 2].map((n) => observed(primitive, '"a"', n));
    applyTogether(after, ["p.a", "p.b", "p.c", "p.d"].flatMap(stored));
    expect(after.passes).toEqual([]);
    // A member of the tail that becomes an abstention asks for an older one only if there is one.
    after.thresholds = SETTINGS["narrow"] ?? STANDARD_THRESHOLDS;
    applyTogether(after, [
      observed("p.b", '"unknown"', 2, "j"),
      observed("p.a", '"unknown"', 2, "j"),
      observed("p.a", '"unknown"', 1, "j"),
      observed("p.new", '"a"', 3),
      observed("p.c", '"b"', 3),
    ]);
    expect(after.passes).toEqual([["p.a", "p.b", "p.c"]]);
    expect(recordOf(after, "p.a").tail).toMatchObject({ count: 3, informative: 1, newest: [{ ts: 1_000 }] });
    expect(recordOf(after, "p.d").policyId).not.toBe(recordOf(after, "p.c").policyId);
  });

  it("none for a primitive without a record, and none for repeats", () => {
    const after = model();
    const first = observed("p.a", '"a"', 0);
    applyTogether(after, [first]);
    applyTogether(after, [first, observed("p.a", '"a"', 1), observed("p.b", '"a"', 0)]);
    applyTogether(after, [first]);
    expect(after.passes).toEqual([]);
  });

  it("one for a recomputation, over all primitives", () => {
    const after = model();
    applyTogether(after, [observed("p.b", '"a"', 0), observed("p.a", '"a"', 0)]);
    after.stored.delete("p.a");
    decideAnew(after);
    expect(after.passes).toEqual([null]);
    expect([...after.records.keys()]).toEqual(["p.b"]);
  });

  it("[§4] a recomputation publishes by primitive in ASCII order, in whatever order they are read", () => {
    const names = ["p.b", "p.Z", "p.a_c", "p.a", "p.ab", "p.a.b"];
    const after = model();
    applyTogether(
      after,
      names.flatMap((name) => [0, 1, 2].map((n) => observed(name, '"a"', n))),
    );
    const told = after.events.length;
    after.thresholds = { ...STANDARD_THRESHOLDS, minimumObservations: 4 };
    decideAnew(after);
    const payloads = after.events.slice(told).map(({ payload }) => payload);
    expect(payloads.map((payload) => "primitive" in payload && payload.primitive)).toEqual([
      "p.Z",
      "p.a",
      "p.a.b",
      "p.a_c",
      "p.ab",
      "p.b",
    ]);
  });
});
