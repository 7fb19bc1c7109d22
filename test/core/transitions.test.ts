/** When a transition is published, what it holds, and when `last_change_ts` changes. */
import { describe, expect, it } from "vitest";
import { type MergeKind, type OutboundEvent, makePolicy } from "../../src/core/index.ts";
import { recompute } from "../../src/core/identity.ts";
import { STANDARD_THRESHOLDS, type Thresholds } from "../../src/core/thresholds.ts";
import { arrivals, ATTACKER, OTHER_ATTACKER, TS } from "./factories.ts";
import {
  applyAll,
  type Arrival,
  contextOf,
  type Model,
  newModel,
  NOW_TS,
  recordOf,
  seriesOf,
} from "./model.ts";

const PRIMITIVE = "a.b";

/** The time of the nth value of a history. */
function tsOf(place: number): number {
  return TS + place * 60;
}

function apply(
  history: readonly Arrival[],
  kind: MergeKind = "categorical",
  model: Model = newModel(),
): Model {
  applyAll(model, PRIMITIVE, kind, history);
  return model;
}

/** The published events of a model as "old>new", or the type of other events. */
function told(events: readonly OutboundEvent[]): string[] {
  return events.map((event) =>
    event.type === "profile.state_changed"
      ? `${event.payload.old_state ?? ""}>${event.payload.new_state}`
      : event.type,
  );
}

/** Recomputes the primitive with thresholds and a kind. */
function recomputeWith(model: Model, thresholds: Thresholds, kind: MergeKind = "categorical") {
  const record = recordOf(model, PRIMITIVE);
  const series = seriesOf(model, PRIMITIVE, kind);
  const step = recompute(model.head, PRIMITIVE, kind, record, series, contextOf(model, thresholds));
  return { ...step, told: told(step.events) };
}

describe("[§4] a transition is published if and only if the state changed", () => {
  it.each<[MergeKind, string, string[]]>([
    ["categorical", "a", [">unknown"]],
    ["categorical", "aa", [">unknown"]],
    ["categorical", "aaa", [">unknown", "unknown>stable"]],
    ["categorical", "aaaaaaaaaaaa", [">unknown", "unknown>stable"]],
    ["categorical", "abab", [">unknown", "unknown>conflicted", "conflicted>multi_actor"]],
    ["categorical", "???", [">unknown"]],
    [
      "categorical",
      "aaaaabbbbbbbbb",
      [">unknown", "unknown>stable", "stable>conflicted", "conflicted>drifting", "drifting>stable"],
    ],
    ["hash", "a", [">stable"]],
    ["hash", "ab", [">stable", "stable>drifting"]],
    ["hash", "abcd", [">stable", "stable>drifting", "drifting>conflicted"]],
  ])("[§4] %s %s publishes %j", (kind, values, expected) => {
    expect(told(apply(arrivals(values), kind).events)).toEqual(expected);
  });

  it("[§4] the first state is a transition from null", () => {
    const [event] = apply(arrivals("a")).events;
    expect(event).toMatchObject({
      seq: 1,
      payload: {
        old_state: null,
        new_state: "unknown",
        current_value: "a",
        confidence: 0,
        observation_count: 1,
        ts: TS,
      },
    });
  });

  it("[§4] it holds the state after the observation", () => {
    const event = apply(arrivals("aaab?")).events.at(-1);
    expect(event).toMatchObject({
      payload: {
        primitive: PRIMITIVE,
        old_state: "stable",
        new_state: "conflicted",
        current_value: "b",
        confidence: 3 / 4,
        observation_count: 4,
        ts: tsOf(3),
      },
    });
  });
});

describe('[§4] last_change_ts is "stable since"', () => {
  it.each([
    ["a", 0],
    ["aa", 0],
    ["aaa", 2],
    ["aaaaaaa", 2],
    ["aaaaaab", 2],
    ["aaa?", 2],
    ["aaab", 3],
    ["aabb", 2],
    ["aabba", 2],
  ])("[§4] after %s it is the time of value %i", (values, place) => {
    const { attribution } = recordOf(apply(arrivals(values)), PRIMITIVE);
    expect(attribution.lastChangeTs).toBe(tsOf(place));
    expect(attribution.lastObservationTs).toBe(tsOf(values.length - 1));
  });

  it("[§4] a state that returns has a new time of change", () => {
    const model = apply(arrivals("aaaaabbbbbbbbb"));
    expect(recordOf(model, PRIMITIVE).attribution).toMatchObject({ state: "stable", lastChangeTs: tsOf(13) });
  });
});

describe("[§3] late observations", () => {
  it("[§3] change the state as if they had arrived in time", () => {
    const history = arrivals("aaabaaaa");
    const late = apply([...history.slice(0, 3), ...history.slice(4), ...history.slice(3, 4)]);
    const { lastChangeTs: _, ...attribution } = recordOf(apply(history), PRIMITIVE).attribution;
    expect(recordOf(late, PRIMITIVE).attribution).toMatchObject(attribution);
  });

  it("[§4] one that changes the state sets last_change_ts to last_observation_ts, not to its own ts", () => {
    const model = apply(arrivals("aaa"));
    apply(arrivals("b", { ts: tsOf(-1), evidenceRef: "late" }), "categorical", model);
    expect(recordOf(model, PRIMITIVE).attribution).toMatchObject({
      state: "conflicted",
      lastChangeTs: tsOf(2),
      lastObservationTs: tsOf(2),
    });
    expect(model.events.at(-1)).toMatchObject({
      payload: { ts: tsOf(2), current_value: "a", observation_count: 4 },
    });
  });

  it("[§4] one that leaves the state keeps last_change_ts and publishes nothing", () => {
    const model = apply(arrivals("aaaaa", { offset: 10 }));
    const before = recordOf(model, PRIMITIVE).attribution;
    apply(arrivals("a"), "categorical", model);
    expect(told(model.events)).toEqual([">unknown", "unknown>stable"]);
    expect(recordOf(model, PRIMITIVE).attribution).toEqual({ ...before, observationCount: 6 });
  });

  it("[§3] one that is older than all windows only counts", () => {
    const model = apply(arrivals("aaaaaaaaaa", { offset: 10 }));
    apply(arrivals("b"), "categorical", model);
    expect(recordOf(model, PRIMITIVE).attribution).toMatchObject({
      state: "stable",
      confidence: 1,
      observationCount: 11,
    });
  });

  it("[§3] a hash older than the window only counts, one within it is a rotation", () => {
    const model = apply(arrivals("a", { ts: TS + 86_400 }), "hash");
    apply(arrivals("b", { ts: TS - 0.001, evidenceRef: "late" }), "hash", model);
    expect(recordOf(model, PRIMITIVE).attribution).toMatchObject({ state: "stable", observationCount: 2 });
    apply(arrivals("c", { ts: TS, evidenceRef: "later" }), "hash", model);
    expect(recordOf(model, PRIMITIVE).attribution).toMatchObject({ state: "drifting", currentValue: '"a"' });
  });
});

describe("[§3] a second observation with the same key", () => {
  const key = { evidenceRef: "e0002" };

  it.each<[string, Partial<Arrival>, string, boolean]>([
    ["a later ts", { ts: tsOf(2) + 0.001 }, "b", true],
    ["an earlier ts, whatever the rest", { ts: tsOf(2) - 0.001, id: "z" }, "z", false],
    ["the same ts and a greater id", { ts: tsOf(2), id: "j" }, "b", true],
    ["the same ts and a lesser id", { ts: tsOf(2), id: "h" }, "b", false],
    ["an id greater by its bytes only", { ts: tsOf(2), id: "\u{1f600}" }, "b", true],
    ["the same ts and id, and a greater value", { ts: tsOf(2), id: "i" }, "b", true],
    ["the same ts and id, and a lesser value", { ts: tsOf(2), id: "i" }, "A", false],
  ])("[§3] with %s", (_, differing, value, replaces) => {
    const model = apply(arrivals("aaa"));
    apply(arrivals(value, { ...key, ...differing }), "categorical", model);
    const { state, observationCount } = recordOf(model, PRIMITIVE).attribution;
    expect([state, observationCount]).toEqual([replaces ? "conflicted" : "stable", 3]);
  });

  it("[§3] counts once, whatever its new position", () => {
    const model = apply(arrivals("aabbb"));
    apply(arrivals("b", { ts: tsOf(99), evidenceRef: "e0000", id: "j" }), "categorical", model);
    expect(recordOf(model, PRIMITIVE).attribution).toMatchObject({
      state: "stable",
      observationCount: 5,
      lastObservationTs: tsOf(99),
      lastChangeTs: tsOf(99),
    });
  });

  it("[§3] that is an abstention removes the value", () => {
    const model = apply(arrivals("aaa"));
    apply(arrivals("?", { ...key, ts: tsOf(2), id: "j" }), "categorical", model);
    expect(recordOf(model, PRIMITIVE).attribution).toMatchObject({ state: "unknown", observationCount: 3 });
    expect(told(model.events).at(-1)).toBe("stable>unknown");
  });

  it("[§3] a key consists of evidence and attacker, so another attacker has another observation", () => {
    const model = apply(arrivals("aaa"));
    apply(arrivals("b", { ...key, ts: tsOf(2), attackerUuid: OTHER_ATTACKER }), "categorical", model);
    expect(recordOf(model, PRIMITIVE).attribution).toMatchObject({
      observationCount: 4,
      state: "conflicted",
    });
    expect(ATTACKER < OTHER_ATTACKER).toBe(true);
  });

  it.each<MergeKind>(["categorical", "numeric", "hash", "bag"])(
    "[§4] applying a whole %s history again changes and publishes nothing",
    (kind) => {
      const values = kind === "numeric" ? [1, 5, 1, 9, 100, 1, 1, 1] : "abcabbbbbb";
      const history = arrivals(values);
      const model = apply(history, kind);
      const [record, events] = [recordOf(model, PRIMITIVE), [...model.events]];
      apply(history, kind, model);
      apply(history.toReversed(), kind, model);
      expect(recordOf(model, PRIMITIVE)).toBe(record);
      expect(model.events).toEqual(events);
    },
  );
});

describe("[§4] changed constants compare the final outcome with the stored one", () => {
  const changed: Thresholds = { ...STANDARD_THRESHOLDS, categoricalMajority: 3 };

  it("[§4] unchanged keeps last_change_ts and publishes nothing; the row knows the new version", () => {
    const model = apply(arrivals("aaaaa"));
    const before = recordOf(model, PRIMITIVE);
    const after = recomputeWith(model, changed);
    expect(after.told).toEqual([]);
    expect(after.head).toBe(model.head);
    expect(after.record).toEqual({ ...before, policyId: makePolicy(changed).id });
  });

  it("[§4] changed publishes one transition and moves last_change_ts to last_observation_ts", () => {
    const model = apply(arrivals("aaabb"));
    const after = recomputeWith(model, changed);
    expect(after.told).toEqual(["conflicted>stable"]);
    expect(after.events[0]).toMatchObject({ seq: model.head.seq + 1, ts: NOW_TS });
    expect(after.record.attribution).toMatchObject({ lastChangeTs: tsOf(4), lastObservationTs: tsOf(4) });
    expect(after.head.seq).toBe(model.head.seq + 1);
  });

  it("[§4] the next observation recomputes, even if its tail would be enough", () => {
    const model = apply(arrivals("aaaaaaaaaabbbcc"));
    expect(model.passes).toEqual([]);
    model.thresholds = { ...STANDARD_THRESHOLDS, windowSize: 7, categoricalMajority: 5 };
    apply(arrivals("c", { offset: 15 }), "categorical", model);
    expect(model.passes).toEqual([[PRIMITIVE]]);
    const { tail, policyId } = recordOf(model, PRIMITIVE);
    expect(tail).toMatchObject({ count: 16, newest: { length: 14 } });
    expect(policyId).toBe(makePolicy(model.thresholds).id);
    apply(arrivals("c", { offset: 16 }), "categorical", model);
    expect(model.passes).toEqual([[PRIMITIVE]]);
  });

  it("[§4] a changed kind recomputes as well", () => {
    const model = apply(arrivals("abcd"));
    expect(recordOf(model, PRIMITIVE).attribution.state).toBe("conflicted");
    const asHash = recomputeWith(model, STANDARD_THRESHOLDS, "hash");
    expect(asHash.told).toEqual([]);
    expect(asHash.record).toMatchObject({
      tail: { kind: "hash", distinct: 4 },
      attribution: { confidence: 1 / 4 },
    });

    apply(arrivals("d", { offset: 4 }), "hash", model);
    expect(recordOf(model, PRIMITIVE).tail).toMatchObject({ kind: "hash", count: 5, distinct: 4 });
  });

  it("[§3] values that do not fit a changed kind abstain", () => {
    const model = apply(arrivals("abc"));
    apply(arrivals([7, 7, 7], { offset: 3 }), "numeric", model);
    expect(recordOf(model, PRIMITIVE).attribution).toMatchObject({
      state: "stable",
      currentValue: "7",
      observationCount: 6,
    });
    apply(arrivals([7], { offset: 6 }), "hash", model);
    expect(recordOf(model, PRIMITIVE).attribution).toMatchObject({ state: "drifting", observationCount: 7 });
  });
});
