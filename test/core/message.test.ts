/** The forms of a message body; every event gets its own verdict. */
import { describe, expect, it } from "vitest";
import { createRegistry } from "../../src/core/index.ts";
import {
  ATTACKER,
  busEvent,
  observationOf,
  payload,
  read,
  readOne,
  refusalOf,
  TS,
  without,
} from "./factories.ts";

const EXPECTED = {
  id: "o-1",
  attackerUuid: ATTACKER,
  primitive: "motor.input_modality",
  value: '"typed"',
  confidence: 0.75,
  windowStartTs: TS - 60,
  windowEndTs: TS - 1,
  source: "test",
  evidenceRef: "shard:a#1",
  ts: TS,
  identityRef: null,
};

describe("[§2] the three forms", () => {
  it.each<[string, unknown]>([
    ["a bus event", busEvent()],
    ["a bare payload", payload()],
    ["a list of one bus event", { events: [busEvent()] }],
    ["a list of one bare payload", { events: [payload()] }],
  ])("[§2] %s holds the same observation, as an object and as text", (_, body) => {
    const verdict = { outcome: "observation", observation: EXPECTED, isUnlisted: false };
    expect(read(body)).toEqual([verdict]);
    expect(read(JSON.stringify(body))).toEqual([verdict]);
  });

  it("[§2] an object with `events` is a list, whatever else it has", () => {
    expect(read({ ...busEvent(), ...payload(), events: [payload({ id: "listed" })] })).toMatchObject([
      { outcome: "observation", observation: { id: "listed" } },
    ]);
  });

  it("[§2] an object with an object `payload` is a bus event, whatever else it has", () => {
    expect(observationOf({ ...payload({ id: "outer" }), ...busEvent(payload({ id: "inner" })) }).id).toBe(
      "inner",
    );
  });

  it.each([["text"], [[payload()]], [null], [7]])(
    "[§2] with a payload of %j it is a bare payload",
    (content) => {
      expect(observationOf(payload({ payload: content })).id).toBe("o-1");
      expect(refusalOf(without(busEvent(content), "id"))).toMatchObject({
        code: "missing_field",
        field: "id",
      });
    },
  );

  it("[§2] unknown fields are ignored, also in the window and the envelope", () => {
    const window = { start_ts: TS - 60, end_ts: TS - 1, zone: "UTC" };
    expect(observationOf(busEvent(payload({ window, extra: { a: 1 } }), { extra: 1 }))).toEqual(EXPECTED);
  });
});

describe("[§2] the primitive", () => {
  const bare = without(payload({ value: 5 }), "primitive");

  it.each([
    ["attacker.observation.toolchain.c2.beacon_interval_ms", "toolchain.c2.beacon_interval_ms"],
    ["attacker.observation.shell.motor.input_modality", "motor.input_modality"],
    ["attacker.observation.shell.shell.a", "shell.a"],
    ["attacker.observation.shellfish.a", "shellfish.a"],
    ["attacker.observation.a.shell.b", "a.shell.b"],
  ])("[§2] of topic %s is %s if the payload has none", (topic, primitive) => {
    expect(observationOf(busEvent(bare, { topic })).primitive).toBe(primitive);
    expect(observationOf(busEvent({ ...bare, primitive: null }, { topic })).primitive).toBe(primitive);
  });

  it.each(["motor.command_chunking", "shell.a"])("[§2] %s of the payload counts as it is", (primitive) => {
    const topic = "attacker.observation.toolchain.c2.beacon_interval_ms";
    expect(observationOf(busEvent(payload({ primitive, value: "fluent" }), { topic })).primitive).toBe(
      primitive,
    );
  });

  it.each([
    ["attacker.observation.", "invalid_field"],
    ["attacker.observation.shell.", "invalid_field"],
    ["attacker.observation.single", "invalid_field"],
    [`attacker.observation.a.${"b".repeat(127)}`, "too_large"],
  ])("[§2] a topic of %j names no primitive: %s", (topic, code) => {
    expect(refusalOf(busEvent(bare, { topic }))).toMatchObject({ code, field: "primitive" });
  });

  it("[§2] neither in payload nor in topic: missing", () => {
    expect(refusalOf(bare)).toMatchObject({ code: "missing_field", field: "primitive" });
  });

  it.each([
    [undefined, "missing_field"],
    [null, "missing_field"],
    [7, "invalid_field"],
  ])("[§2] a bus event with the topic %j is refused, because its subject is unknown: %s", (topic, code) => {
    expect(refusalOf(busEvent(payload(), { topic }))).toMatchObject({ code, field: "topic" });
  });

  it.each([
    "attacker.scored",
    "attacker.observation",
    "attacker.observations.motor.input_modality",
    "x.attacker.observation.motor.input_modality",
    "ATTACKER.OBSERVATION.motor.input_modality",
    "system.attribution.health",
    "",
  ])("[§2] a bus event of topic %j is ignored, whatever its payload", (topic) => {
    expect(readOne(busEvent(payload(), { topic }))).toEqual({ outcome: "ignored" });
    expect(readOne(busEvent({ anything: true }, { topic }))).toEqual({ outcome: "ignored" });
  });
});

describe("[§2] the version", () => {
  it.each([{}, { v: 1 }, { envelope_v: 1 }, { v: 1, envelope_v: 1 }])("[§2] %j is supported", (version) => {
    expect(observationOf(payload(version))).toEqual(EXPECTED);
    expect(observationOf(busEvent(payload(version)))).toEqual(EXPECTED);
    expect(observationOf(without(busEvent(payload(version)), "v"))).toEqual(EXPECTED);
  });

  it.each<[object, string]>([
    [{ v: 2 }, "v"],
    [{ v: 0 }, "v"],
    [{ v: "1" }, "v"],
    [{ v: true }, "v"],
    [{ v: null }, "v"],
    [{ envelope_v: 2 }, "envelope_v"],
    [{ envelope_v: "1" }, "envelope_v"],
  ])("[§2] %j is not supported: unsupported_version %s", (version, field) => {
    const refusal = {
      code: "unsupported_version",
      field,
      sentence: `The field ${field} must be 1, the only version known here.`,
    };
    expect(refusalOf({ ...payload(), ...version })).toEqual(refusal);
    expect(refusalOf(busEvent({ ...payload(), ...version }))).toEqual(refusal);
    expect(refusalOf({ ...without(busEvent(), "v"), ...version })).toEqual(refusal);
  });

  it("[§2] another version is reported before any other error", () => {
    expect(refusalOf({ v: 2 })).toMatchObject({ code: "unsupported_version", field: "v" });
  });
});

describe("[§2] lists", () => {
  it("[§2] each event has its verdict, in order, and an invalid one does not affect the others", () => {
    const bad = payload({ id: "" });
    const other = busEvent(payload(), { topic: "attacker.scored" });
    const verdicts = read({ events: [payload({ id: "1" }), bad, other, 7, busEvent(payload({ id: "2" }))] });
    expect(verdicts).toMatchObject([
      { outcome: "observation", observation: { id: "1" } },
      { outcome: "refused", refusal: { code: "invalid_field", field: "id" } },
      { outcome: "ignored" },
      { outcome: "refused", refusal: { code: "malformed_json", field: "body", found: "a number" } },
      { outcome: "observation", observation: { id: "2" } },
    ]);
    expect(verdicts[1]).toHaveProperty("raw", bad);
    expect(verdicts[3]).toHaveProperty("raw", 7);
  });

  it.each<[string, unknown]>([
    ["empty", []],
    ["no list but an object", {}],
    ["no list but a text", "x"],
    ["null", null],
  ])("[§2] a list that is %s is refused as a whole", (_, events) => {
    const body = { events };
    expect(read(body)).toEqual([
      {
        outcome: "refused",
        refusal: { code: "invalid_field", field: "events", expected: "a non-empty list" },
        raw: body,
      },
    ]);
  });

  it("[§2] a list in a list is refused, the other events are not", () => {
    expect(read({ events: [{ events: [payload()] }, payload()] })).toMatchObject([
      { outcome: "refused", refusal: { code: "invalid_field", field: "events" } },
      { outcome: "observation" },
    ]);
  });

  it("[§2] a list of 5,000 gives 5,000 verdicts", () => {
    const verdicts = read({ events: Array.from({ length: 5_000 }, (_, i) => payload({ id: `o${i}` })) });
    expect(verdicts).toHaveLength(5_000);
    expect(verdicts[4_999]).toMatchObject({ observation: { id: "o4999" } });
  });
});

describe("[§2] bodies that hold no object", () => {
  it.each<[unknown, string]>([
    ["", "text that is not JSON"],
    ["{", "text that is not JSON"],
    [`${JSON.stringify(payload())}x`, "text that is not JSON"],
    ['"a text"', "a string"],
    [JSON.stringify(JSON.stringify(payload())), "a string"],
    ["[]", "a list"],
    ["null", "null"],
    [null, "null"],
    [undefined, "nothing"],
    [12, "a number"],
    [true, "a boolean"],
    [[payload()], "a list"],
  ])("[§2] %j is malformed: got %s", (body, found) => {
    expect(refusalOf(body)).toEqual({
      code: "malformed_json",
      field: "body",
      sentence: `The body must be a JSON object, got ${found}.`,
    });
  });
});

describe("[§2] values outside the registry's list", () => {
  it.each<[string, unknown, boolean]>([
    ["motor.input_modality", "typed", false],
    ["motor.input_modality", "TYPED", true],
    ["motor.input_modality", "dictated", true],
    ["motor.input_modality", 7, true],
    ["motor.input_modality", ["typed"], true],
    ["motor.input_modality", "unknown", false],
    ["not.registered", "anything", false],
    ["environmental.locale", "anything", false],
  ])("[§2] %s %j is a full observation; counted as unlisted: %s", (primitive, value, isUnlisted) => {
    expect(readOne(payload({ primitive, value }), createRegistry())).toMatchObject({
      outcome: "observation",
      isUnlisted,
    });
  });
});
