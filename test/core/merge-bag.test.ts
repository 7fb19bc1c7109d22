/** Bags of words: no state, and nothing else but the last value. */
import { describe, expect, it } from "vitest";
import { attributionInOrder, merge } from "../../src/core/index.ts";
import { summarize } from "../../src/core/merge/index.ts";
import { arraySeries } from "../../src/core/index.ts";
import { STANDARD_THRESHOLDS } from "../../src/core/thresholds.ts";
import { arrivals, ATTACKER, OTHER_ATTACKER, series, TS } from "./factories.ts";
import { applyAll, newModel, recordOf } from "./model.ts";

const PRIMITIVE = "cognitive.command_words";

describe("[evidence: bag] the state of bags", () => {
  it.each<[string, readonly unknown[]]>([
    ["one", [["a"]]],
    ["twelve equal", Array.from({ length: 12 }, () => ["a", "b"])],
    ["twelve different", Array.from({ length: 12 }, (_, i) => [`w${i}`])],
    ["two in turn", Array.from({ length: 12 }, (_, i) => [i % 2 === 0 ? "a" : "b"])],
    ["empty ones", [[], [], [], []]],
  ])("is unknown with confidence 0: %s", (_, values) => {
    expect(merge("bag", series(values), STANDARD_THRESHOLDS)).toEqual({
      state: "unknown",
      currentValue: JSON.stringify(values.at(-1)),
      confidence: 0,
      rule: "bag_has_no_state",
      statistic: 0,
      threshold: 0,
      observationCount: values.length,
      lastObservationTs: TS + (values.length - 1) * 60,
    });
  });

  it("has the last value in series order, whatever the order of arrival", () => {
    const members = [
      ...series([["last"]], { evidenceRef: "z", attackerUuid: OTHER_ATTACKER }),
      ...series([["first"]], { evidenceRef: "z", attackerUuid: ATTACKER }),
    ];
    expect(merge("bag", members, STANDARD_THRESHOLDS).currentValue).toBe('["last"]');
  });

  it("ignores values of another kind, which a series has after its kind was changed", () => {
    const outcome = merge("bag", series([["a"], "text", 5, [1], { a: 1 }]), STANDARD_THRESHOLDS);
    expect(outcome).toMatchObject({
      currentValue: '["a"]',
      observationCount: 5,
      lastObservationTs: TS + 240,
    });
    expect(merge("bag", series(["text"]), STANDARD_THRESHOLDS).currentValue).toBe('"unknown"');
  });

  it("keeps the last member only", () => {
    const values = Array.from({ length: 30 }, (_, i) => [`w${i}`]);
    const tail = summarize("bag", arraySeries("bag", series(values)), STANDARD_THRESHOLDS);
    expect(tail).toMatchObject({ kind: "bag", count: 30, informative: 30, newest: [{ value: '["w29"]' }] });
  });
});

describe("[evidence: bag] transitions", () => {
  it("the first observation publishes the state unknown, no further one publishes anything", () => {
    const model = newModel();
    applyAll(model, PRIMITIVE, "bag", arrivals([["a"], ["b"], ["c"]]));
    expect(model.events.map(({ type }) => type)).toHaveLength(1);
    expect(recordOf(model, PRIMITIVE)).toMatchObject({
      attribution: { state: "unknown", currentValue: '["c"]', observationCount: 3, lastChangeTs: TS },
      tail: { newest: [{ value: '["c"]' }] },
    });
  });

  it("a late bag is counted and leaves the last value", () => {
    const model = newModel();
    applyAll(model, PRIMITIVE, "bag", arrivals([["b"]], { offset: 1 }));
    applyAll(model, PRIMITIVE, "bag", arrivals([["a"]]));
    expect(recordOf(model, PRIMITIVE).attribution).toMatchObject({
      currentValue: '["b"]',
      observationCount: 2,
    });
    expect(model.passes).toEqual([]);
  });

  it("alternating bags are no sign of several actors", () => {
    const model = newModel();
    const turns = Array.from({ length: 12 }, (_, i) => [i % 2 === 0 ? "a" : "b"]);
    for (const primitive of ["a.x", "a.y", "a.z"]) applyAll(model, primitive, "bag", arrivals(turns));
    expect(model.head).toMatchObject({ multiActor: [], suspected: null });
  });

  it("the state at an earlier time is unknown, with the value of then", () => {
    const members = series([["a"], ["b"]]);
    expect(attributionInOrder("bag", members.slice(0, 1), STANDARD_THRESHOLDS)).toMatchObject({
      state: "unknown",
      currentValue: '["a"]',
    });
  });
});
