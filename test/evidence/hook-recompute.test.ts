/** How evidence follows series through recomputations: expiry, rebuild, erasure, merge, other rules; and at an earlier time. */
import { describe, expect, it } from "vitest";
import { type AppliedObservation, compareMembers } from "../../src/core/index.ts";
import { describeSeries, evidenceHook, type EvidenceInputs, seriesAsOf } from "../../src/evidence/index.ts";
import { offHook } from "../../src/evidence/off-hook.ts";
import { randomOf } from "../../src/simulate/random.ts";
import { ATTACKER, OTHER_ATTACKER } from "../core/factories.ts";
import { applyTogether, type Arrival, type Model, nameOf, recomputeFor, recordOf } from "../core/model.ts";
import {
  differences,
  entriesOf,
  type FollowedKind,
  followedModel,
  inputsOf,
  keyText,
  nth,
  observationsOf,
  stateOfSeries,
  storedMembers,
  valuesOf,
  publishedIds,
} from "./followed.ts";

const SPEED = "motor.speed";
const KINDS = { [SPEED]: "numeric", "motor.mode": "categorical", "toolchain.client": "hash" } as const;
const INPUTS = inputsOf();

function speeds(seed = 1): AppliedObservation[] {
  return observationsOf(SPEED, valuesOf("numeric", randomOf(seed, [1]), 260, [90, 170]));
}

function modelWith(observations: readonly AppliedObservation[], inputs: EvidenceInputs = INPUTS): Model {
  const model = followedModel(inputs, KINDS);
  applyTogether(model, observations);
  return model;
}

function remove(model: Model, isGone: (member: { ts: number; attackerUuid: string }) => boolean): void {
  for (const members of model.stored.values())
    for (const [key, member] of members) if (isGone(member)) members.delete(key);
  for (const [primitive, members] of model.stored) if (members.size === 0) model.stored.delete(primitive);
}

function expire(model: Model, beforeTs: number): void {
  remove(model, ({ ts }) => ts < beforeTs);
  recomputeFor(model, { kind: "expired", beforeTs });
}

function typesAfter(model: Model, count: number): string[] {
  return model.events
    .slice(count)
    .map(({ type }) => type)
    .filter((type) => type.startsWith("evidence"));
}

describe("expiry", () => {
  const observations = speeds();
  const changes = entriesOf(modelWith(observations), SPEED);
  const [first, second] = changes;
  if (!first || !second) throw new Error("the series must have two changes");

  it("of abstentions and of nothing: everything stays", () => {
    const model = modelWith(observations);
    const { kept } = recordOf(model, SPEED);
    expire(model, nth(observations, 0).ts);
    expect(recordOf(model, SPEED).kept).toBe(kept);
  });

  it.each([
    ["part of the first regime", () => first.first.ts + 60, () => second.first, 1],
    ["all of it", () => first.last.ts + 60, () => second.first, 1],
    [
      "part of the second regime",
      () => second.first.ts + 60,
      () => stateOfSeries(modelWith(observations), SPEED).first,
      2,
    ],
  ])("of %s: the series starts at the next regime, whose states stay", (_, beforeTs, start, frozen) => {
    const model = modelWith(observations);
    const { length } = model.events;
    const before = stateOfSeries(model, SPEED);
    expire(model, beforeTs());
    const after = stateOfSeries(model, SPEED);
    expect(after.start && keyText(after.start)).toBe(keyText(start() ?? expect.fail()));
    expect(after.now).toEqual(before.now);
    expect(after.checkpoints.length).toBeLessThanOrEqual(before.checkpoints.length);
    expect(entriesOf(model, SPEED).map(({ isFrozen }) => isFrozen)).toEqual(
      changes.map((__, i) => i < frozen),
    );
    expect(typesAfter(model, length)).toEqual([]);
    expect(differences(model, INPUTS)).toEqual([]);
  });

  it("of part of the current regime: it starts at its oldest observation that is left", () => {
    const model = modelWith(observations);
    const { first: began, last } = stateOfSeries(model, SPEED);
    const beforeTs = ((began?.ts ?? 0) + (last?.ts ?? 0)) / 2;
    expire(model, beforeTs);
    const oldest = storedMembers(model, SPEED).toSorted(compareMembers)[0] ?? expect.fail();
    const { start } = stateOfSeries(model, SPEED);
    expect(start && keyText(start)).toBe(keyText(oldest));
    expect(entriesOf(model, SPEED).every(({ isFrozen }) => isFrozen)).toBe(true);
    expect(differences(model, INPUTS)).toEqual([]);
  });

  it("then older data do not count, in any recomputation but a rebuild, and late data after the start do", () => {
    const model = modelWith(observations);
    expire(model, second.first.ts);
    const { kept } = recordOf(model, SPEED);
    applyTogether(model, [{ ...nth(observations, 10), evidenceRef: "late" }]);
    expect(recordOf(model, SPEED).kept).toBe(kept);
    recomputeFor(model, { kind: "changed" });
    expect(recordOf(model, SPEED).kept).toEqual(kept);
    applyTogether(model, [{ ...nth(observations, 250), evidenceRef: "late, too" }]);
    expect(differences(model, INPUTS)).toEqual([]);
    expect(entriesOf(model, SPEED)[0]?.isFrozen).toBe(true);
    recomputeFor(model, { kind: "rebuilt" });
    // The oldest stored observation is older than the frozen change, which is computed again.
    expect(stateOfSeries(model, SPEED).start).toBeNull();
    expect(differences(model, INPUTS)).toEqual([]);
  });

  it("a rebuild keeps the frozen changes before the oldest stored observation", () => {
    const model = modelWith(observations);
    expire(model, second.first.ts);
    const { length } = model.events;
    const before = model.entries.get(SPEED);
    recomputeFor(model, { kind: "rebuilt" });
    expect(model.entries.get(SPEED)).toEqual(before);
    expect(typesAfter(model, length)).toEqual([]);
    expect(stateOfSeries(model, SPEED).start?.ts).toBe(second.first.ts);
    expect(differences(model, INPUTS)).toEqual([]);
  });

  it("a primitive without observations has no changes", () => {
    const model = modelWith(observations);
    const { length } = model.events;
    expire(model, Infinity);
    expect(model.entries.get(SPEED)).toEqual([]);
    expect(typesAfter(model, length)).toEqual(changes.map(() => "evidence.withdrawn"));
  });
});

describe("a rebuild", () => {
  it("repairs damaged bytes", () => {
    const observations = speeds();
    const model = modelWith(observations);
    const record = recordOf(model, SPEED);
    const { kept } = record;
    for (const at of [2, 5, 40, 700]) {
      const damaged = kept?.slice() ?? expect.fail();
      damaged[at] = (damaged[at] ?? 0) ^ 0x55;
      model.records.set(SPEED, { ...record, kept: damaged });
      recomputeFor(model, { kind: "rebuilt" });
      expect(recordOf(model, SPEED).kept).toEqual(kept);
      expect(differences(model, INPUTS)).toEqual([]);
    }
  });

  it("and every other recomputation that changes nothing keeps the same bytes, so no row is written", () => {
    const model = modelWith(speeds());
    const { kept } = recordOf(model, SPEED);
    for (const kind of ["rebuilt", "changed"] as const) {
      recomputeFor(model, { kind });
      expect(recordOf(model, SPEED).kept).toBe(kept);
    }
  });
});

describe("another secret, threshold or kind", () => {
  const observations = speeds();

  it.each([
    ["secret", inputsOf({ secret: "other" }), "numeric"],
    ["threshold", inputsOf({ threshold: 31 }), "numeric"],
    ["kind", INPUTS, "categorical"],
  ] as const)(
    "%s: what stands is frozen, and the series starts after what has counted",
    (_, inputs, kind) => {
      for (const isRecomputed of [true, false]) {
        const model = modelWith(observations.slice(0, 250));
        const { length } = model.events;
        const { last } = stateOfSeries(model, SPEED);
        model.hook = evidenceHook(inputs);
        model.kinds[SPEED] = kind;
        if (isRecomputed) recomputeFor(model, { kind: "changed" });
        applyTogether(model, observations.slice(250));
        const state = stateOfSeries(model, SPEED);
        expect(state.start).toEqual({ ...last, isAfter: true });
        expect(entriesOf(model, SPEED).every(({ isFrozen }) => isFrozen)).toBe(true);
        expect(entriesOf(model, SPEED).length).toBeGreaterThan(0);
        expect(typesAfter(model, length)).toEqual([]);
        expect(differences(model, inputs)).toEqual([]);
        applyTogether(model, [{ ...nth(observations, 20), evidenceRef: "late" }]);
        expect(differences(model, inputs)).toEqual([]);
        expect(stateOfSeries(model, SPEED).start).toEqual({ ...last, isAfter: true });
        recomputeFor(model, { kind: "rebuilt" });
        expect(stateOfSeries(model, SPEED).start).toBeNull();
        expect(entriesOf(model, SPEED).some(({ isFrozen }) => isFrozen)).toBe(false);
        expect(differences(model, inputs)).toEqual([]);
      }
    },
  );
});

describe("evidence that is switched on", () => {
  it("follows a series from its first stored observation, and publishes what it finds", () => {
    const observations = speeds();
    const model = modelWith([]);
    const { hook } = model;
    model.hook = null;
    applyTogether(model, observations.slice(0, 250));
    model.hook = hook;
    applyTogether(model, observations.slice(250));
    expect(model.orderedPasses).toEqual([-Infinity]);
    expect(recordOf(model, SPEED).kept).toEqual(recordOf(modelWith(observations), SPEED).kept);
    expect(differences(model, INPUTS)).toEqual([]);
  });

  it("again: withdraws what no longer stands", () => {
    const observations = speeds();
    const model = modelWith(observations);
    const { hook } = model;
    model.hook = null;
    applyTogether(model, [{ ...nth(observations, 89), evidenceRef: "late", value: "5000" }]);
    expect(recordOf(model, SPEED).kept).toBeNull();
    model.hook = hook;
    applyTogether(model, [{ ...nth(observations, 259), evidenceRef: "new" }]);
    expect(differences(model, INPUTS)).toEqual([]);
  });
});

describe("merge, unmerge and erasure", () => {
  const own = speeds(1);
  const other = observationsOf(SPEED, valuesOf("numeric", randomOf(2, [1]), 200, [80]), {
    attackerUuid: OTHER_ATTACKER,
    offset: 40,
  }).map((each) => ({ ...each, evidenceRef: `other ${each.evidenceRef}` }));

  function store(model: Model, observations: readonly AppliedObservation[]): void {
    const members = model.stored.get(SPEED) ?? new Map<string, Arrival>();
    for (const { primitive: _, ...each } of observations)
      model.stored.set(SPEED, members.set(nameOf(each), each));
  }

  it("a merge takes the union, an unmerge gives what was before", () => {
    const model = modelWith(own);
    const before = [...entriesOf(model, SPEED)];
    store(model, other);
    recomputeFor(model, { kind: "changed" });
    expect(differences(model, INPUTS)).toEqual([]);
    expect(stateOfSeries(model, SPEED).entries).not.toBe(0);
    remove(model, ({ attackerUuid }) => attackerUuid === OTHER_ATTACKER);
    recomputeFor(model, { kind: "changed" });
    expect(differences(model, INPUTS)).toEqual([]);
    expect(entriesOf(model, SPEED)).toEqual(before);
  });

  it("an erasure withdraws the frozen changes of every primitive and computes the rest again from the start", () => {
    const model = modelWith([...own, ...other]);
    const mode = observationsOf("motor.mode", valuesOf("categorical", randomOf(2, [1]), 100, [50]));
    applyTogether(model, mode);
    model.hook = evidenceHook(inputsOf({ secret: "other" }));
    recomputeFor(model, { kind: "changed" });
    const frozen = ["motor.mode", SPEED].flatMap((name) => entriesOf(model, name).map(({ id }) => id));
    const { length } = model.events;
    remove(model, ({ attackerUuid }) => attackerUuid === ATTACKER);
    recomputeFor(model, { kind: "erased", attackerUuid: ATTACKER });
    const withdrawn = model.events
      .slice(length)
      .flatMap((event) => (event.type === "evidence.withdrawn" ? [event.payload.id] : []));
    expect(withdrawn).toEqual(frozen);
    expect(model.entries.get(SPEED)).toEqual([]);
    // The start was the place of an erased observation. It is now that of the last one that is left and did not count.
    const last = other.toSorted(compareMembers).at(-1) ?? expect.fail();
    const { start } = stateOfSeries(model, SPEED);
    expect(start).toEqual({
      ts: last.ts,
      evidenceRef: last.evidenceRef,
      attackerUuid: OTHER_ATTACKER,
      isAfter: true,
    });
    expect(differences(model, inputsOf({ secret: "other" }))).toEqual([]);
  });

  it("an erasure while evidence is switched off withdraws the changes, which may hold what was erased", () => {
    const model = modelWith([...own, ...other]);
    expect(entriesOf(model, SPEED)).not.toEqual([]);
    model.hook = null;
    recomputeFor(model, { kind: "changed" });
    expect(entriesOf(model, SPEED)).not.toEqual([]);
    remove(model, ({ attackerUuid }) => attackerUuid === ATTACKER);
    model.hook = offHook;
    recomputeFor(model, { kind: "erased", attackerUuid: ATTACKER });
    expect(entriesOf(model, SPEED)).toEqual([]);
    expect(publishedIds(model)).toEqual([]);
  });

  it("an erasure while evidence is switched off withdraws those of a primitive without other observations", () => {
    const model = modelWith(own);
    model.hook = offHook;
    remove(model, ({ attackerUuid }) => attackerUuid === ATTACKER);
    recomputeFor(model, { kind: "erased", attackerUuid: ATTACKER });
    expect(model.records.size).toBe(0);
    expect(entriesOf(model, SPEED)).toEqual([]);
    expect(publishedIds(model)).toEqual([]);
  });
});

describe("at an earlier time", () => {
  it.each([
    [SPEED, "numeric"],
    ["motor.mode", "categorical"],
    ["toolchain.client", "hash"],
  ] as const)("%s is as it was with the observations up to then", (primitive, kind) => {
    const observations = observationsOf(primitive, valuesOf(kind, randomOf(6, [1]), 260, [90, 170]));
    const model = modelWith(observations);
    for (let i = 0; i < 260; i += 13) {
      const asOfTs = nth(observations, i).ts + 30;
      const then = modelWith(observations.slice(0, i + 1));
      const { kept } = recordOf(then, primitive);
      expect(viewAsOf(model, primitive, kind, asOfTs)).toEqual(
        describeSeries(primitive, kind, kept, then.entries.get(primitive) ?? [], INPUTS),
      );
    }
    expect(viewAsOf(model, primitive, kind, nth(observations, 0).ts - 1)).toBeNull();
  });

  it("before the start: the changes up to then, and no E", () => {
    const observations = speeds();
    const model = modelWith(observations);
    const [first, second] = entriesOf(model, SPEED);
    expire(model, second?.first.ts ?? 0);
    const view = viewAsOf(model, SPEED, "numeric", (first?.last.ts ?? 0) + 1);
    expect(view).toMatchObject({ e: null, observations: 0, regime_since_ts: null, noted_ts: null });
    expect(view?.changes.map(({ id }) => id)).toEqual([first?.id]);
    expect(viewAsOf(model, SPEED, "numeric", (first?.last.ts ?? 0) - 1)).toBeNull();
    const now = describeSeries(
      SPEED,
      "numeric",
      recordOf(model, SPEED).kept,
      model.entries.get(SPEED) ?? [],
      INPUTS,
    );
    expect(viewAsOf(model, SPEED, "numeric", 1e10)).toEqual(now);
    expect(now?.changes).toHaveLength(stateOfSeries(model, SPEED).entries);
  });

  it("after another secret: what was counted is known as it was last, and nothing in between", () => {
    const observations = speeds();
    const model = modelWith(observations);
    const inputs = inputsOf({ secret: "other" });
    const now = viewAsOf(model, SPEED, "numeric", 1e10, inputs);
    expect(now).toEqual(viewAsOf(model, SPEED, "numeric", 1e10));
    const [first] = entriesOf(model, SPEED);
    expect(viewAsOf(model, SPEED, "numeric", first?.last.ts ?? 0, inputs)).toMatchObject({
      e: null,
      changes: [{ id: first?.id }],
    });
  });

  it("after a change of the kind: the changes, and no E, as now", () => {
    const model = modelWith(speeds());
    const { kept } = recordOf(model, SPEED);
    const entries = model.entries.get(SPEED) ?? [];
    const view = viewAsOf(model, SPEED, "categorical", 1e10);
    expect(view).toMatchObject({ e: null, observations: 0 });
    expect(view).toEqual(describeSeries(SPEED, "categorical", kept, entries, INPUTS));
  });

  function viewAsOf(model: Model, primitive: string, kind: FollowedKind, asOfTs: number, inputs = INPUTS) {
    const { kept } = recordOf(model, primitive);
    const asOf = seriesAsOf(primitive, kind, kept, model.entries.get(primitive) ?? [], inputs, asOfTs);
    for (const member of storedMembers(model, primitive).toSorted(compareMembers))
      if (member.ts <= asOfTs) asOf.take(member);
    return asOf.view();
  }
});
