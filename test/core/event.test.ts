/** Outbound envelopes: exactly the contract's fields, and an id that depends on identity and seq. */
import { describe, expect, it } from "vitest";
import { newIdentityHead, type OutboundEvent } from "../../src/core/index.ts";
import { eventId } from "../../src/core/uuid.ts";
import { form } from "../../src/core/identity.ts";
import { arrivals, ATTACKER, OTHER_ATTACKER, TS } from "./factories.ts";
import { applyAll, IDENTITY, newModel, NOW_TS } from "./model.ts";

const ENVELOPE = ["v", "id", "seq", "topic", "type", "ts", "payload"];

function published(): OutboundEvent[] {
  const model = newModel();
  const formed = form(model.head, [OTHER_ATTACKER, ATTACKER], TS, NOW_TS);
  model.head = formed.head;
  model.events.push(...formed.events);
  applyAll(model, "p.a", "categorical", arrivals("abab"));
  applyAll(model, "p.b", "categorical", arrivals("abab"));
  applyAll(model, "p.n", "numeric", arrivals([true, 2, 3]));
  applyAll(model, "p.h", "hash", arrivals("ab"));
  return model.events;
}

function oneOf(type: OutboundEvent["type"]): OutboundEvent {
  const event = published().find((candidate) => candidate.type === type);
  if (!event) throw new Error(`expected an event of type ${type}, got none`);
  return event;
}

describe("[§5] envelopes hold exactly the contract's fields", () => {
  it.each<[OutboundEvent["type"], string, string[], string[]]>([
    ["formed", "identity.formed", ["identity_uuid", "observation_uuids", "confidence", "first_seen_at"], []],
    [
      "profile.state_changed",
      "attribution.profile.state_changed",
      [
        "identity_uuid",
        "primitive",
        "old_state",
        "new_state",
        "current_value",
        "confidence",
        "observation_count",
        "ts",
      ],
      ["policy", "explanation"],
    ],
    [
      "profile.multi_actor_suspected",
      "attribution.profile.multi_actor_suspected",
      ["identity_uuid", "primitives", "evidence_summary", "confidence", "ts"],
      ["policy"],
    ],
  ])("[§5] %s, of topic %s", (type, topic, fields, beside) => {
    const event = oneOf(type);
    expect(event.topic).toBe(topic);
    expect(Object.keys(event).toSorted()).toEqual([...ENVELOPE, ...beside].toSorted());
    expect(Object.keys(event.payload).toSorted()).toEqual(fields.toSorted());
    expect(event).toMatchObject({ v: 1, ts: NOW_TS, payload: { identity_uuid: IDENTITY } });
  });

  it("[§5] every event survives JSON unchanged", () => {
    for (const event of published()) expect(JSON.parse(JSON.stringify(event))).toEqual(event);
  });

  it("[§5] an explanation holds exactly the contract's fields, and for a hash the full count", () => {
    const fields = ["rule", "recent", "older", "entered", "left", "statistic", "threshold", "margin"];
    const found = published().flatMap((event) =>
      event.type === "profile.state_changed" ? [[event.payload.primitive, event.explanation] as const] : [],
    );
    expect(found.length).toBeGreaterThan(6);
    for (const [primitive, explanation] of found) {
      const expected = primitive === "p.h" ? [...fields, "distinct"] : fields;
      expect(Object.keys(explanation).toSorted()).toEqual(expected.toSorted());
      for (const member of [...explanation.recent, ...explanation.older]) {
        expect(Object.keys(member).toSorted()).toEqual(["attacker_uuid", "evidence_ref", "ts", "value"]);
      }
      for (const key of [...explanation.entered, ...explanation.left]) {
        expect(Object.keys(key).toSorted()).toEqual(["attacker_uuid", "evidence_ref"]);
      }
    }
  });

  it("[§3] a boolean of a numeric primitive is published as a number", () => {
    const event = published().find(({ payload }) => "primitive" in payload && payload.primitive === "p.n");
    expect(event).toMatchObject({ payload: { new_state: "unknown", current_value: 1 } });
  });
});

describe("[§4] id and seq", () => {
  it("[§4] seq starts at 1 and grows by one, the id depends on identity and seq", () => {
    const events = published();
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
    expect(events.map(({ id }) => id)).toEqual(events.map(({ seq }) => eventId(IDENTITY, seq)));
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });

  it("[§4] making the same events again gives the same ids", () => {
    expect(published().map(({ id }) => id)).toEqual(published().map(({ id }) => id));
  });
});

describe("[§5] identity.formed", () => {
  it("[§5] is the first event, names the attackers in order, and is published once", () => {
    const head = newIdentityHead(IDENTITY);
    const first = form(head, [OTHER_ATTACKER, ATTACKER], TS, NOW_TS);
    expect(first.events).toEqual([
      {
        v: 1,
        id: eventId(IDENTITY, 1),
        seq: 1,
        topic: "identity.formed",
        type: "formed",
        ts: NOW_TS,
        payload: {
          identity_uuid: IDENTITY,
          observation_uuids: [ATTACKER, OTHER_ATTACKER],
          confidence: null,
          first_seen_at: TS,
        },
      },
    ]);
    expect(first.head).toEqual({ ...head, seq: 1, isFormed: true });
    expect(form(first.head, [ATTACKER], TS, NOW_TS)).toEqual({ head: first.head, events: [] });
  });
});
