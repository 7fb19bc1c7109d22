/** The fields of the payload: every rule at its limit and just above it, every refusal with its sentence. */
import { describe, expect, it } from "vitest";
import { createRegistry, type ValueKind } from "../../src/core/index.ts";
import {
  ATTACKER,
  observationOf,
  payload,
  readOne,
  RECEIVED_TS,
  refusalOf,
  TS,
  without,
} from "./factories.ts";

/** A text of a given number of UTF-8 bytes, of characters with 1, 2, 3 or 4 bytes, filled up with ASCII. */
function textOfBytes(bytes: number, character: string): string {
  const each = Buffer.byteLength(character);
  return character.repeat(Math.floor(bytes / each)) + "a".repeat(bytes % each);
}

const CHARACTERS = ["a", "é", "€", "😀"];
const TEXT_LIMITS: [string, number][] = [
  ["id", 128],
  ["source", 256],
  ["evidence_ref", 512],
];

describe("[§2] lengths in UTF-8 bytes", () => {
  const cases = TEXT_LIMITS.flatMap(([field, limit]) =>
    CHARACTERS.map((character): [string, number, string] => [field, limit, character]),
  );
  it.each(cases)("[§2] %s of %i bytes of %s is taken, one more is too large", (field, limit, character) => {
    const longest = textOfBytes(limit, character);
    expect(Buffer.byteLength(longest)).toBe(limit);
    expect(observationOf(payload({ [field]: longest }))).toBeDefined();
    expect(refusalOf(payload({ [field]: `${longest}a` }))).toEqual({
      code: "too_large",
      field,
      sentence: `The field ${field} is longer than ${limit} bytes.`,
    });
  });

  it("[§2] primitive of 128 bytes is taken, one more is too large", () => {
    const longest = `a.${"b".repeat(126)}`;
    expect(observationOf(payload({ primitive: longest })).primitive).toBe(longest);
    expect(refusalOf(payload({ primitive: `${longest}b` }))).toEqual({
      code: "too_large",
      field: "primitive",
      sentence: "The field primitive is longer than 128 bytes.",
    });
  });

  it.each<[string, (bytes: number) => unknown]>([
    ["text", (bytes) => "a".repeat(bytes - 2)],
    ["two-byte text", (bytes) => textOfBytes(bytes - 2, "é")],
    ["escaped text", (bytes) => "\u0001".repeat(682) + "a".repeat(bytes - 2 - 682 * 6)],
    ["list", (bytes) => [1, "a".repeat(bytes - 6)]],
    ["object", (bytes) => ({ b: 1, a: "a".repeat(bytes - 14) })],
  ])("[§2] a value whose JSON has 4,096 bytes is taken, one more is too large: %s", (_, make) => {
    expect(Buffer.byteLength(observationOf(payload({ primitive: "a.b", value: make(4_096) })).value)).toBe(
      4_096,
    );
    expect(refusalOf(payload({ primitive: "a.b", value: make(4_097) }))).toEqual({
      code: "too_large",
      field: "value",
      sentence: "The field value is longer than 4096 bytes.",
    });
  });
});

describe("[§2] attacker_uuid", () => {
  it.each([
    ATTACKER,
    ATTACKER.toUpperCase(),
    ATTACKER.replaceAll("-", ""),
    ATTACKER.replaceAll("-", "").toUpperCase(),
  ])("[§2] %s is stored lower-case, as 8-4-4-4-12", (attacker_uuid) => {
    expect(observationOf(payload({ attacker_uuid })).attackerUuid).toBe(ATTACKER);
  });

  it.each([
    "",
    "x",
    ATTACKER.slice(1),
    `${ATTACKER}0`,
    `{${ATTACKER}}`,
    `urn:uuid:${ATTACKER}`,
    ATTACKER.replace("4", "g"),
    ATTACKER.replace("-", ""),
    ` ${ATTACKER.replaceAll("-", "")} `,
    "44dcda6a0-000-4000-8000-8775a8501e2c",
    7,
    null,
    [ATTACKER],
  ])("[§2] %j is no UUID", (attacker_uuid) => {
    expect(refusalOf(payload({ attacker_uuid }))).toEqual({
      code: "invalid_field",
      field: "attacker_uuid",
      sentence: "The field attacker_uuid must be a UUID, with or without dashes.",
    });
  });

  it.each<[unknown, string | null]>([
    [undefined, null],
    [null, null],
    [ATTACKER.toUpperCase(), ATTACKER],
  ])("[§2] identity_ref %j is kept as %j", (identity_ref, kept) => {
    expect(observationOf(payload({ identity_ref })).identityRef).toBe(kept);
  });

  it.each(["", "x", 7, {}])("[§2] identity_ref %j is refused", (identity_ref) => {
    expect(refusalOf(payload({ identity_ref }))).toMatchObject({
      code: "invalid_field",
      field: "identity_ref",
    });
  });
});

describe("[§2] primitive", () => {
  it.each(["a.b", "0._", "a_b.c_d.e.f.g", "motor.shell_mastery.tab_completion"])(
    "[§2] %s is a path",
    (primitive) => {
      expect(observationOf(payload({ primitive })).primitive).toBe(primitive);
    },
  );

  it.each([
    "",
    "a",
    ".",
    "a.",
    ".a",
    "a..b",
    "A.b",
    "a-b.c",
    "a b.c",
    "a.b\n",
    "é.b",
    "a/b.c",
    "__proto__",
    7,
    {},
  ])("[§2] %j is none", (primitive) => {
    expect(refusalOf(payload({ primitive }))).toMatchObject({ code: "invalid_field", field: "primitive" });
  });
});

describe("[§2] confidence and times", () => {
  it.each([0, 1, 0.5, 1e-300])("[§2] confidence %d is taken", (confidence) => {
    expect(observationOf(payload({ confidence })).confidence).toBe(confidence);
  });

  it.each([-1e-9, 1.000_000_1, Number.NaN, Infinity, "0.5", true, null])(
    "[§2] confidence %s is refused",
    (confidence) => {
      expect(refusalOf(payload({ confidence }))).toEqual({
        code: "invalid_field",
        field: "confidence",
        sentence: "The field confidence must be a number from 0 to 1.",
      });
    },
  );

  it.each([5e-324, 1, RECEIVED_TS, RECEIVED_TS + 86_400])(
    "[§2] ts %d is taken, 24 h ahead included",
    (ts) => {
      expect(observationOf(payload({ ts })).ts).toBe(ts);
    },
  );

  it.each<[unknown, string]>([
    [0, "a number of epoch seconds above 0"],
    [-1, "a number of epoch seconds above 0"],
    [Number.NaN, "a number of epoch seconds above 0"],
    ["1750000000", "a number of epoch seconds above 0"],
    [RECEIVED_TS + 86_400.001, "epoch seconds at most 24 h after receipt"],
    [RECEIVED_TS * 1_000, "epoch seconds at most 24 h after receipt; this looks like milliseconds"],
  ])("[§2] ts %s is refused: must be %s", (ts, expected) => {
    expect(refusalOf(payload({ ts }))).toEqual({
      code: "invalid_field",
      field: "ts",
      sentence: `The field ts must be ${expected}.`,
    });
  });
});

describe("[§2] window", () => {
  const bare = without(payload(), "window");

  it.each([
    [{ window: { start_ts: 5, end_ts: 9 } }, 5, 9],
    [{ window: { start_ts: 5, end_ts: 5 } }, 5, 5],
    [{ window_start_ts: 5, window_end_ts: 9 }, 5, 9],
    [{ window: null, window_start_ts: 5, window_end_ts: 9 }, 5, 9],
    [{ window: { start_ts: 5, end_ts: 9 }, window_start_ts: 1, window_end_ts: 2 }, 5, 9],
    [{ window: { start_ts: 5, end_ts: 9 }, window_start_ts: "ignored" }, 5, 9],
  ])("[§2] %j runs from %d to %d", (fields, windowStartTs, windowEndTs) => {
    expect(observationOf({ ...bare, ...fields })).toMatchObject({ windowStartTs, windowEndTs });
  });

  it.each<[object, string, string]>([
    [{}, "missing_field", "window"],
    [{ window: null }, "missing_field", "window"],
    [{ window: 5 }, "invalid_field", "window"],
    [{ window: [1, 2] }, "invalid_field", "window"],
    [{ window: {} }, "missing_field", "window.start_ts"],
    [{ window: { start_ts: 5 } }, "missing_field", "window.end_ts"],
    [{ window: { start_ts: 5, end_ts: "9" } }, "invalid_field", "window.end_ts"],
    [{ window: { start_ts: 5, end_ts: Infinity } }, "invalid_field", "window.end_ts"],
    [{ window: { start_ts: 5, end_ts: 4.999 } }, "invalid_field", "window"],
    [{ window_start_ts: 5, window_end_ts: 4.999 }, "invalid_field", "window"],
    [{ window_start_ts: 5 }, "missing_field", "window_end_ts"],
    [{ window_end_ts: 5 }, "missing_field", "window_start_ts"],
    [{ window_start_ts: "5", window_end_ts: 9 }, "invalid_field", "window_start_ts"],
    [{ window: {}, window_start_ts: 5, window_end_ts: 9 }, "missing_field", "window.start_ts"],
  ])("[§2] %j is refused: %s %s", (fields, code, field) => {
    const refusal = refusalOf({ ...bare, ...fields });
    expect(refusal).toMatchObject({ code, field });
    expect(refusal.sentence).toContain(`The field ${field} `);
  });
});

describe("[§2] evidence_ref", () => {
  it.each<[unknown, string]>([
    [undefined, "observation:o-1"],
    [null, "observation:o-1"],
    ["", "observation:o-1"],
    ["shard:x", "shard:x"],
    [" ", " "],
  ])("[§2] %j is kept as %j", (evidence_ref, kept) => {
    expect(observationOf(payload({ evidence_ref })).evidenceRef).toBe(kept);
  });

  it("[§2] missing it is kept as observation:<id>", () => {
    expect(observationOf(without(payload({ id: "o-9" }), "evidence_ref")).evidenceRef).toBe(
      "observation:o-9",
    );
  });
});

describe("[§2] texts that a database would change", () => {
  const fields = ["id", "source", "evidence_ref"];
  const refused = ["\0", "a\0b", "\ud800", "\udc00", "a\ud800b", "\ud83d\ud83d\ude00", "\ude00\ud83d"];
  const taken = ["😀", "\ue000\uffff", "\u0001", "e\u0301"];
  it.each(fields.flatMap((field) => refused.map((text): [string, string] => [field, text])))(
    "[§2] %s %j is refused",
    (field, text) => {
      expect(refusalOf(payload({ [field]: text }))).toEqual({
        code: "invalid_field",
        field,
        sentence: `The field ${field} must be well-formed Unicode without U+0000.`,
      });
    },
  );

  it.each(fields.flatMap((field) => taken.map((text): [string, string] => [field, text])))(
    "[§2] %s %j is taken",
    (field, text) => {
      expect(observationOf(payload({ [field]: text }))).toBeDefined();
    },
  );

  it("[§2] in a value both are accepted, escaped", () => {
    expect(observationOf(payload({ value: "\0\ud800" })).value).toBe(String.raw`"\u0000\ud800"`);
  });
});

describe("[§2] missing and mistyped fields", () => {
  it.each(["id", "attacker_uuid", "primitive", "value", "confidence", "window", "source", "ts"])(
    "[§2] without %s the refusal is missing_field",
    (field) => {
      expect(refusalOf(without(payload(), field))).toEqual({
        code: "missing_field",
        field,
        sentence: `The field ${field} is missing.`,
      });
      expect(refusalOf(payload({ [field]: undefined }))).toMatchObject({ code: "missing_field", field });
    },
  );

  it.each<[string, unknown, string]>([
    ["id", "", "a non-empty string"],
    ["id", 7, "a non-empty string"],
    ["id", null, "a non-empty string"],
    ["source", "", "a non-empty string"],
    ["source", {}, "a non-empty string"],
    ["evidence_ref", 7, "a string or null"],
    ["value", null, "a string, finite number, boolean, array or object"],
    ["value", Number.NaN, "plain JSON with finite numbers"],
    ["value", [Infinity], "plain JSON with finite numbers"],
  ])("[§2] %s %j is invalid_field: must be %s", (field, content, expected) => {
    expect(refusalOf(payload({ [field]: content }))).toEqual({
      code: "invalid_field",
      field,
      sentence: `The field ${field} must be ${expected}.`,
    });
  });
});

describe("[§2] a value must fit its primitive's kind", () => {
  const registry = createRegistry({
    "k.categorical": "categorical",
    "k.bool": "bool",
    "k.free_string": "free_string",
    "k.array": "array",
    "k.numeric": "numeric",
    "k.hash": "hash",
    "k.bag": "bag",
  });
  const samples: Record<string, unknown> = {
    text: "x",
    "empty text": "",
    zero: 0,
    "1e100": 1e100,
    "-1e100": -1e100,
    "past 1e100": 1.000_000_000_000_000_2e100,
    "past -1e100": -1.000_000_000_000_000_2e100,
    true: true,
    false: false,
    list: [1],
    words: ["a", "a"],
    "a word and an empty one": ["a", ""],
    "a word and a number": ["a", 1],
    "words in a list": [["a"]],
    "empty list": [],
    object: { a: 1 },
    "empty object": {},
  };
  const fitting: Record<ValueKind, string[]> = {
    categorical: Object.keys(samples),
    bool: ["true", "false"],
    free_string: ["text", "empty text"],
    array: [
      "list",
      "words",
      "a word and an empty one",
      "a word and a number",
      "words in a list",
      "empty list",
    ],
    numeric: ["zero", "1e100", "-1e100", "true", "false"],
    hash: ["text"],
    bag: ["words", "empty list"],
  };
  const nouns: Record<ValueKind, string> = {
    categorical: "anything",
    bool: "a boolean",
    free_string: "a string",
    array: "an array",
    numeric: "a number of magnitude at most 1e100, or a boolean",
    hash: "a non-empty string",
    bag: "an array of non-empty strings",
  };
  const cases = Object.entries(fitting).flatMap(([kind, names]) =>
    Object.keys(samples).map((name) => ({ kind, name, isTaken: names.includes(name) })),
  );

  it.each(cases.filter(({ isTaken }) => isTaken))("[§2] kind $kind takes $name", ({ kind, name }) => {
    const { value } = observationOf(payload({ primitive: `k.${kind}`, value: samples[name] }), registry);
    expect(JSON.parse(value)).toEqual(samples[name]);
  });

  it.each(cases.filter(({ isTaken }) => !isTaken))(
    "[§2] kind $kind does not take $name",
    ({ kind, name }) => {
      const noun = Object.entries(nouns).find(([known]) => known === kind)?.[1];
      expect(refusalOf(payload({ primitive: `k.${kind}`, value: samples[name] }), registry)).toEqual({
        code: "value_kind_mismatch",
        field: "value",
        sentence: `The field value must be ${noun}: k.${kind} is of kind ${kind}.`,
      });
    },
  );

  it("[§2] a primitive the registry does not know is categorical", () => {
    expect(readOne(payload({ primitive: "never.heard_of", value: { any: ["thing"] } }))).toMatchObject({
      observation: { value: '{"any":["thing"]}' },
    });
  });

  it("[§3] a value is kept as canonical JSON", () => {
    expect(observationOf(payload({ value: { b: [1, -0, 1e21], a: "é" } })).value).toBe(
      '{"a":"é","b":[1,0,1e+21]}',
    );
  });

  it("[§2] a wrong field is reported before a wrong kind", () => {
    expect(refusalOf(payload({ primitive: "k.hash", value: 7, ts: TS * 1_000 }), registry).field).toBe("ts");
  });
});
