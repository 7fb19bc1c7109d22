/** How evidence follows series inside decisions: any order of arrival, late data, what is read for it, and what is published. */
import { v5 } from "uuid";
import { describe, expect, it } from "vitest";
import type { AppliedObservation, SeriesHook } from "../../src/core/index.ts";
import { EVENT_LIMIT_BYTES } from "../../src/core/event.ts";
import { drawOf, evidenceE, Regime } from "../../src/evidence/index.ts";
import { NOTED_AT } from "../../src/evidence/constants.ts";
import { readEntry } from "../../src/evidence/series/entry.ts";
import { readCheckpoint } from "../../src/evidence/series/kept-series.ts";
import { randomOf } from "../../src/simulate/random.ts";
import { ATTACKER, OTHER_ATTACKER } from "../core/factories.ts";
import { applyTogether, decideOnly, type Model, recomputeFor, recordOf } from "../core/model.ts";
import {
  applyInAnyOrder,
  differences,
  entriesOf,
  type FollowedKind,
  followedModel,
  inputsOf,
  keyText,
  nth,
  observationsOf,
  publishedIds,
  standingIds,
  stateOfSeries,
  THRESHOLD,
  valuesOf,
} from "./followed.ts";

const KINDS = { "motor.speed": "numeric", "motor.mode": "categorical", "toolchain.client": "hash" } as const;
const NAMES = Object.entries(KINDS);
const SPEED = "motor.speed";
const INPUTS = inputsOf();

/** A series with two changes. */
function seriesOf(primitive: string, kind: FollowedKind, seed: number): AppliedObservation[] {
  return observationsOf(primitive, valuesOf(kind, randomOf(seed, [1]), 260, [90, 170]));
}

function modelWith(observations: readonly AppliedObservation[]): Model {
  const model = followedModel(INPUTS, KINDS);
  applyTogether(model, observations);
  return model;
}

/** What does not depend on the order of arrival. */
function knownOf(model: Model, primitive: string) {
  const state = { ...stateOfSeries(model, primitive), checkpoints: [] };
  return { state, entries: model.entries.get(primitive) ?? [] };
}

describe("a series of one observation", () => {
  it.each(NAMES)("%s: keeps its time only, and goes on without a read", (primitive, kind) => {
    const [first, second, ...others] = observationsOf(primitive, valuesOf(kind, randomOf(3, [2]), 9, []));
    if (!first || !second) throw new Error("there must be two observations");
    const model = modelWith([first]);
    expect(recordOf(model, primitive).kept?.length).toBeLessThanOrEqual(16);
    expect(stateOfSeries(model, primitive)).toMatchObject({ singleTs: first.ts, e: 1, entries: 0 });
    applyTogether(model, [second]);
    expect(model.orderedPasses).toEqual([]);
    expect(stateOfSeries(model, primitive).singleTs).toBeNull();
    applyTogether(model, others);
    expect(recordOf(model, primitive).kept).toEqual(
      recordOf(modelWith([first, second, ...others]), primitive).kept,
    );
    expect(differences(model, INPUTS)).toEqual([]);
  });

  it("that is replaced is followed with its new value and place", () => {
    const [first, second] = observationsOf(SPEED, ["1", "2"]);
    if (!first || !second) throw new Error("there must be two observations");
    const model = modelWith([first]);
    applyTogether(model, [{ ...first, ts: first.ts + 5, value: "7" }]);
    expect(stateOfSeries(model, SPEED).singleTs).toBe(first.ts + 5);
    applyTogether(model, [second]);
    expect(differences(model, INPUTS)).toEqual([]);
  });
});

describe("what stands does not depend on arrival", () => {
  it.each(NAMES)("%s: one batch, one by one, and any order and batching give the same", (primitive, kind) => {
    for (let seed = 1; seed <= 12; seed++) {
      const observations = seriesOf(primitive, kind, seed);
      const together = modelWith(observations);
      expect(differences(together, INPUTS)).toEqual([]);
      expect(entriesOf(together, primitive).length).toBeGreaterThan(0);
      const single = followedModel(INPUTS, KINDS);
      for (const observation of observations) applyTogether(single, [observation]);
      expect(recordOf(single, primitive).kept).toEqual(recordOf(together, primitive).kept);
      expect(single.orderedPasses).toEqual([]);
      const anyOrder = followedModel(INPUTS, KINDS);
      applyInAnyOrder(anyOrder, observations, randomOf(seed, [2]));
      expect(differences(anyOrder, INPUTS)).toEqual([]);
      for (const model of [single, anyOrder])
        expect(knownOf(model, primitive)).toEqual(knownOf(together, primitive));
      expect(publishedIds(anyOrder)).toEqual(publishedIds(together));
    }
  });

  it.each(NAMES)(
    "%s: the states after each observation give the same, read from their bytes",
    (primitive, kind) => {
      const observations = seriesOf(primitive, kind, 3);
      const whole = modelWith(observations);
      const read = followedModel(INPUTS, KINDS);
      for (const observation of observations) {
        applyTogether(read, [observation]);
        const record = recordOf(read, primitive);
        // Other bytes with the same content: nothing about them is in memory.
        read.records.set(primitive, { ...record, kept: record.kept?.slice() ?? null });
      }
      expect(recordOf(read, primitive).kept).toEqual(recordOf(whole, primitive).kept);
    },
  );

  it("a decision that is not saved leaves no trace", () => {
    const observations = seriesOf(SPEED, "numeric", 1);
    const model = modelWith(observations.slice(0, 200));
    const others = observationsOf(
      SPEED,
      Array.from({ length: 40 }, () => 9_999),
      { offset: 200 },
    );
    const lost = decideOnly(model, { kind: "arrivals", observations: others });
    expect(lost.entries.size).toBe(1);
    applyTogether(model, observations.slice(200));
    expect(recordOf(model, SPEED).kept).toEqual(recordOf(modelWith(observations), SPEED).kept);
  });

  it("replay publishes nothing and changes nothing", () => {
    const observations = seriesOf(SPEED, "numeric", 1);
    const model = modelWith(observations);
    const { kept } = recordOf(model, SPEED);
    const { length } = model.events;
    applyTogether(model, observations);
    for (const observation of observations) applyTogether(model, [observation]);
    recomputeFor(model, { kind: "changed" });
    recomputeFor(model, { kind: "rebuilt" });
    expect(model.events).toHaveLength(length);
    expect(recordOf(model, SPEED).kept).toEqual(kept);
  });
});

describe("late data is read from the last state before the first difference", () => {
  const observations = seriesOf(SPEED, "numeric", 5);
  const steady = observationsOf(SPEED, valuesOf("numeric", randomOf(9, [1]), 260, []));

  it("a late observation: from the last checkpoint before it", () => {
    const model = modelWith(steady.filter((_, i) => i !== 257));
    const [older, newer] = stateOfSeries(model, SPEED).checkpoints.map(readCheckpoint);
    expect(older?.last.ts).toBe(steady[191]?.ts);
    expect(newer?.last.ts).toBe(steady[255]?.ts);
    applyTogether(model, steady.slice(257, 258));
    expect(model.orderedPasses).toEqual([newer?.last.ts]);
    expect(differences(model, INPUTS)).toEqual([]);
  });

  it("before both checkpoints: from the start of the regime that holds it", () => {
    const model = modelWith(observations.filter((_, i) => i !== 130));
    const [first] = entriesOf(model, SPEED);
    applyTogether(model, observations.slice(130, 131));
    expect(model.orderedPasses).toEqual([first?.last.ts]);
    expect(differences(model, INPUTS)).toEqual([]);
    expect(knownOf(model, SPEED)).toEqual(knownOf(modelWith(observations), SPEED));
  });

  it("in the first regime: from the start of the series", () => {
    const model = modelWith(observations.filter((_, i) => i !== 3));
    applyTogether(model, observations.slice(3, 4));
    expect(model.orderedPasses).toEqual([-Infinity]);
    expect(knownOf(model, SPEED)).toEqual(knownOf(modelWith(observations), SPEED));
  });

  it("an abstention that is new, wherever it comes, and an equal value with a greater id: nothing is read", () => {
    const mode = observationsOf("motor.mode", valuesOf("categorical", randomOf(2, [1]), 100, [50]));
    const model = modelWith(mode);
    const { kept } = recordOf(model, "motor.mode");
    const late = { ...nth(mode, 40), evidenceRef: "late", value: '"unknown"' };
    applyTogether(model, [late]);
    applyTogether(model, [{ ...nth(mode, 50), id: "j" }]);
    applyTogether(model, [{ ...late, id: "j" }]);
    expect(model.orderedPasses).toEqual([]);
    expect(recordOf(model, "motor.mode").kept).toBe(kept);
  });

  it.each([
    ["another value", { id: "j", value: "1" }],
    ["an abstention", { id: "j", value: '"unknown"' }],
    ["a later time", { ts: nth(observations, 250).ts + 30 }],
  ])("a replacement by %s counts in place of what it replaces", (_, change) => {
    for (const at of [10, 100, 255, 259]) {
      const model = modelWith(observations);
      applyTogether(model, [{ ...nth(observations, at), ...change }]);
      expect(differences(model, INPUTS)).toEqual([]);
    }
  });

  it("what no longer stands is withdrawn first, then what stands is published", () => {
    const kinds = { "a.one": "numeric", "b.two": "numeric" } as const;
    const model = followedModel(INPUTS, kinds);
    const all = ["b.two", "a.one"].flatMap((primitive) =>
      observationsOf(primitive, valuesOf("numeric", randomOf(4, [1]), 260, [90, 170])),
    );
    const late = all.filter(({ ts }) => ts < nth(all, 60).ts);
    applyTogether(
      model,
      all.filter((each) => !late.includes(each)),
    );
    const { length } = model.events;
    const before = standingIds(model);
    applyTogether(model, late);
    const events = model.events
      .slice(length)
      .flatMap((event) =>
        event.type === "evidence.changed" || event.type === "evidence.withdrawn"
          ? [{ type: event.type, primitive: event.payload.primitive, id: event.payload.id }]
          : [],
      );
    expect(events.map(({ type, primitive }) => `${type} ${primitive}`)).toEqual([
      "evidence.withdrawn a.one",
      "evidence.withdrawn b.two",
      "evidence.changed a.one",
      "evidence.changed b.two",
    ]);
    expect(before).toEqual(expect.arrayContaining(events.slice(0, 2).map(({ id }) => id)));
    expect(differences(model, INPUTS)).toEqual([]);
  });
});

describe("what is published", () => {
  it("holds all that is needed to recompute the change from the stored observations", () => {
    const model = modelWith(seriesOf(SPEED, "numeric", 2));
    const changed = model.events.flatMap((event) => (event.type === "evidence.changed" ? [event] : []));
    expect(changed.length).toBeGreaterThan(1);
    const members = [...(model.stored.get(SPEED)?.values() ?? [])].toSorted((a, b) => a.ts - b.ts);
    for (const { payload, explanation } of changed) {
      expect(explanation).toMatchObject({
        rule: "e_process",
        threshold: THRESHOLD,
        constants: { reservoir: 64, hypotheses: 16, digest: expect.stringMatching(/^[0-9a-f]{8}$/) },
        secret: expect.stringMatching(/^[0-9a-f]{8}$/),
      });
      const { first, last, observations, since } = JSON.parse(JSON.stringify(explanation));
      const from = members.findIndex(({ evidenceRef }) => evidenceRef === first.evidence_ref);
      const regime = Regime.empty("numeric");
      for (const { value, ts, attackerUuid, evidenceRef } of members.slice(from, from + observations)) {
        const draw = drawOf(INPUTS.key, attackerUuid, SPEED, evidenceRef);
        const hasEnded = regime.step(value, ts, draw, { threshold: THRESHOLD, notedAt: NOTED_AT });
        expect(hasEnded).toBe(evidenceRef === last.evidence_ref);
      }
      expect(regime.e).toBe(payload.e);
      const split = regime.split();
      expect({
        since: split?.since,
        before: split?.before,
        after: split?.after,
        effect: split?.effect,
      }).toEqual({
        since,
        before: payload.before,
        after: payload.after,
        effect: payload.effect,
      });
      expect(payload.since_ts).toBe(since.ts);
      expect(payload.ts).toBe(last.ts);
    }
  });

  it("a change has the UUIDv5 of its identity, its primitive and the keys of both ends of the regime", () => {
    const model = modelWith(seriesOf(SPEED, "numeric", 2));
    expect(entriesOf(model, SPEED).length).toBeGreaterThan(1);
    for (const { id, first, last } of entriesOf(model, SPEED)) {
      const [from, to] = [first, last].map(({ attackerUuid, evidenceRef }) => [attackerUuid, evidenceRef]);
      const name = JSON.stringify([model.head.identityUuid, SPEED, from, to]);
      expect(id).toBe(v5(name, "4f0c9a35-82d7-5e16-b3a4-7d1e60c9f2b8"));
    }
  });

  it("stays under 64 KB with the longest keys and values, and so do the bytes that are kept", () => {
    const kinds = { "a.b": "categorical" } as const;
    const model = followedModel(INPUTS, kinds);
    const long = (i: number) => `${String(i).padStart(4, "0")}${"\u0001".repeat(508)}`;
    const observations = observationsOf(
      "a.b",
      Array.from({ length: 300 }, (_, i) =>
        i < 150 ? "\u0001".repeat(4) : `${i % 20}${"\u{1f600}".repeat(900)}`,
      ),
    ).map((each, i) => ({ ...each, evidenceRef: long(i), attackerUuid: i % 2 ? ATTACKER : OTHER_ATTACKER }));
    for (const each of observations) {
      applyTogether(model, [each]);
      expect(recordOf(model, "a.b").kept?.length).toBeLessThan(3 * 4_096 + 5 * 600);
    }
    expect(entriesOf(model, "a.b").length).toBeGreaterThan(0);
    for (const event of model.events)
      expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(EVENT_LIMIT_BYTES);
    expect(differences(model, INPUTS)).toEqual([]);
    const { last } = stateOfSeries(model, "a.b");
    expect(last && keyText(last)).toBe(keyText(nth(observations, observations.length - 1)));
  });

  it("a series of numbers takes at most 6 KB", () => {
    const model = modelWith(
      observationsOf(
        SPEED,
        Array.from({ length: 500 }, (_, i) => Math.sin(i * i)),
      ),
    );
    expect(recordOf(model, SPEED).kept?.length).toBeLessThan(6_144);
  });
});

describe("unusual series", () => {
  const steps = Array.from({ length: 700 }, (_, i) => i);
  it.each<[string, FollowedKind, unknown[]]>([
    ["one value, always", "numeric", steps.map(() => 7)],
    ["one text, always", "categorical", steps.map(() => "x")],
    ["one hash, always", "hash", steps.map(() => "51cba57125523ce4")],
    ["all different numbers", "numeric", steps],
    ["all different texts", "categorical", steps.map((i) => `x${i}`)],
    ["all different hashes", "hash", steps.map((i) => `hash ${i}`)],
    ["numbers and booleans", "numeric", steps.map((i) => [true, 1, false, 0, 1e100, -1e100][i % 6])],
    ["texts like NaN", "categorical", steps.map((i) => ["NaN", "Infinity", "null", "", "-"][i % 5])],
    ["abstentions only", "categorical", steps.map(() => "unknown")],
  ])("%s", (_, kind, values) => {
    const model = followedModel(INPUTS, { "a.b": kind });
    applyInAnyOrder(model, observationsOf("a.b", values), randomOf(1, [3]), 300);
    expect(differences(model, INPUTS)).toEqual([]);
    if (new Set(values).size === 1) expect(entriesOf(model, "a.b")).toEqual([]);
  });

  it("128 primitives in each session", () => {
    const names = Array.from({ length: 128 }, (_, i) => `motor.p${String(i).padStart(3, "0")}`);
    const kinds = Object.fromEntries(
      names.map((name, i) => [name, nth(["numeric", "categorical", "hash"] as const, i % 3)]),
    );
    const model = followedModel(INPUTS, kinds);
    const series = names.map((name) =>
      observationsOf(name, valuesOf(kinds[name] ?? "numeric", randomOf(7, [names.indexOf(name)]), 60, [30])),
    );
    for (let i = 0; i < 60; i++)
      applyTogether(
        model,
        series.flatMap((list) => list.slice(i, i + 1)),
      );
    expect(differences(model, INPUTS)).toEqual([]);
    expect(standingIds(model).length).toBeGreaterThan(60);
    const kept = names.map((name) => recordOf(model, name).kept ?? expect.fail());
    const followed = hookOf(model).summarizeIdentity('{"operators":2}', kept);
    const es = names.map((name) => stateOfSeries(model, name).e);
    expect(followed.e).toBe(evidenceE(es));
    expect(followed.e).toBeCloseTo(es.slice(0, 32).reduce((sum, e) => sum + e) / 32, 12);
    expect(followed.operators).toBe(2);
    expect(followed.changedTs).toBe(
      Math.max(...names.flatMap((name) => entriesOf(model, name).map(({ last }) => last.ts))),
    );
  });
});

describe("what the read model is told", () => {
  it("e and the likeliest start of the last change of a series", () => {
    const model = modelWith(seriesOf(SPEED, "numeric", 2));
    const kept = recordOf(model, SPEED).kept ?? expect.fail();
    const last = readEntry(model.entries.get(SPEED)?.at(-1) ?? expect.fail());
    expect(hookOf(model).summarizeSeries(kept)).toEqual({
      e: stateOfSeries(model, SPEED).e,
      changedSinceTs: last.since.ts,
    });
  });

  it("nothing of bytes that hold something else", () => {
    const hook = hookOf(followedModel(INPUTS, KINDS));
    expect(hook.summarizeSeries(Uint8Array.of(1, 2))).toBeNull();
    expect(hook.summarizeIdentity(null, [Uint8Array.of(1, 2)])).toEqual({
      e: 0,
      changedTs: null,
      operators: 1,
    });
  });
});

function hookOf({ hook }: Model): SeriesHook {
  return hook ?? expect.fail();
}
