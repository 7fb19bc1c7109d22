/** The multi-actor rule: when a suspicion is published, with which primitives, and when again. */
import { describe, expect, it } from "vitest";
import {
  type IdentityHead,
  newIdentityHead,
  type OutboundEvent,
  STANDARD_POLICY,
} from "../../src/core/index.ts";
import { STANDARD_THRESHOLDS, type Thresholds } from "../../src/core/thresholds.ts";
import { suspect } from "../../src/core/identity.ts";
import { arrivals, TS } from "./factories.ts";
import { applyAll, decideAnew, IDENTITY, type Model, newModel } from "./model.ts";

const PRIMITIVES = ["p.a", "p.b", "p.c"];

/** The sets of primitives that were suspected, in the order of publishing. */
function suspicions(events: readonly OutboundEvent[]): (readonly string[])[] {
  return events.flatMap((event) =>
    event.type === "profile.multi_actor_suspected" ? [event.payload.primitives] : [],
  );
}

/** Gives a primitive further values from a given time on. */
function give(model: Model, primitive: string, values: string, offset = 0): void {
  applyAll(model, primitive, "categorical", arrivals(values, { offset }));
}

/** An identity of which some primitives alternate. */
function alternating(...primitives: readonly string[]): Model {
  const model = newModel();
  for (const primitive of primitives) give(model, primitive, "abab");
  return model;
}

describe("[§4] several actors are suspected when two primitives are multi_actor", () => {
  it("[§4] one is not enough", () => {
    expect(suspicions(alternating("p.a").events)).toEqual([]);
  });

  it("[§4] with two it is published, directly after the transition that caused it", () => {
    const model = alternating("p.b", "p.a");
    const [transition, suspicion] = model.events.slice(-2);
    expect(transition).toMatchObject({
      type: "profile.state_changed",
      payload: { primitive: "p.a", new_state: "multi_actor" },
    });
    expect(suspicion).toMatchObject({
      type: "profile.multi_actor_suspected",
      seq: (transition?.seq ?? 0) + 1,
      payload: {
        identity_uuid: IDENTITY,
        primitives: ["p.a", "p.b"],
        evidence_summary: "2 primitives flagged multi_actor",
        confidence: 0.6,
        ts: TS + 3 * 60,
      },
    });
    expect(suspicions(model.events)).toHaveLength(1);
  });

  it("[§4] its primitives are sorted", () => {
    expect(suspicions(alternating("p.c", "p.b", "p.a").events)).toEqual([
      ["p.b", "p.c"],
      ["p.a", "p.b", "p.c"],
    ]);
  });

  it.each([
    ["p.a", "p.b"],
    ["p.b", "p.a"],
  ])(
    "[§4] its ts is the greatest last_observation_ts of its primitives: that of %s, not of the cause %s",
    (later, cause) => {
      const model = newModel();
      give(model, later, "abab", 50);
      give(model, "z.z", "aaa", 90);
      give(model, cause, "abab");
      expect(model.events.at(-1)).toMatchObject({
        type: "profile.multi_actor_suspected",
        payload: { ts: TS + 53 * 60 },
      });
    },
  );

  it("[§4] confidence is the configured cap, and the number of primitives is configurable", () => {
    const thresholds: Thresholds = {
      ...STANDARD_THRESHOLDS,
      multiActorConfidenceCap: 0.2,
      multiActorPrimitives: 3,
    };
    const model = newModel(thresholds);
    for (const primitive of PRIMITIVES) give(model, primitive, "abab");
    expect(suspicions(model.events)).toEqual([PRIMITIVES]);
    expect(model.events.at(-1)).toMatchObject({ payload: { confidence: 0.2 } });
  });
});

describe("[§4] again each time the set changes while it has two or more", () => {
  it("[§4] it grows from two to three", () => {
    const model = alternating(...PRIMITIVES);
    expect(suspicions(model.events)).toEqual([["p.a", "p.b"], PRIMITIVES]);
    expect(model.events.at(-1)).toMatchObject({
      payload: { evidence_summary: "3 primitives flagged multi_actor" },
    });
  });

  it("[§4] it shrinks from three to two", () => {
    const model = alternating(...PRIMITIVES);
    give(model, "p.b", "c", 4);
    expect(model.events.slice(-2)).toMatchObject([
      { payload: { primitive: "p.b", old_state: "multi_actor", new_state: "conflicted" } },
      { payload: { primitives: ["p.a", "p.c"], ts: TS + 3 * 60 } },
    ]);
  });

  it("[§4] not while the set is unchanged, whatever else happens", () => {
    const model = alternating("p.a", "p.b");
    const before = model.events.length;
    give(model, "p.a", "ababab", 4);
    give(model, "p.b", "ababab", 4);
    expect(model.events).toHaveLength(before);
    give(model, "z.z", "aaaabbbb");
    expect(suspicions(model.events)).toHaveLength(1);
  });

  it("[§4] below two nothing is published, and the same two are then published again", () => {
    const model = alternating("p.a", "p.b");
    give(model, "p.b", "c", 4);
    expect(model.head).toMatchObject({ suspected: null, multiActor: ["p.a"] });
    expect(suspicions(model.events)).toHaveLength(1);
    give(model, "p.b", "dede", 5);
    expect(suspicions(model.events)).toHaveLength(1);
    give(model, "p.b", "d", 9);
    expect(suspicions(model.events)).toEqual([
      ["p.a", "p.b"],
      ["p.a", "p.b"],
    ]);
  });

  it("[§4] the remembered set survives a JSON round trip", () => {
    const model = alternating("p.a", "p.b");
    const head: IdentityHead = JSON.parse(JSON.stringify(model.head));
    expect(head).toEqual(model.head);
    model.head = head;
    give(model, "p.a", "abab", 4);
    expect(suspicions(model.events)).toHaveLength(1);
  });
});

describe("[§4] recomputing all primitives", () => {
  const lenient: Thresholds = { ...STANDARD_THRESHOLDS, categoricalMajority: 2 };
  it("[§4] gives a transition each, then suspicion once", () => {
    const model = newModel(lenient);
    for (const primitive of PRIMITIVES) give(model, primitive, "abab");
    expect(model.head.multiActor).toEqual([]);
    const { seq: seqBefore } = model.head;
    const published = model.events.length;
    model.thresholds = STANDARD_THRESHOLDS;
    decideAnew(model);
    const events = model.events.slice(published);
    expect(events.map(({ type }) => type)).toEqual([
      ...PRIMITIVES.map(() => "profile.state_changed"),
      "profile.multi_actor_suspected",
    ]);
    expect(suspicions(events)).toEqual([PRIMITIVES]);
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4].map((n) => seqBefore + n));
    decideAnew(model);
    expect(model.events).toHaveLength(published + 4);
  });

  it("[§4] a set that lost a primitive with its last observation is published again, or reset below two", () => {
    const head = { ...newIdentityHead(IDENTITY), seq: 9, suspected: PRIMITIVES };
    const context = { policy: STANDARD_POLICY, nowTs: 5, lastObservationTs: () => 3 };
    const two = suspect({ ...head, multiActor: ["p.a", "p.c"] }, context);
    expect(two.events).toMatchObject([{ seq: 10, ts: 5, payload: { primitives: ["p.a", "p.c"], ts: 3 } }]);
    const one = suspect({ ...head, multiActor: ["p.a"] }, context);
    expect(one).toEqual({ head: { ...head, multiActor: ["p.a"], suspected: null }, events: [] });
  });
});
