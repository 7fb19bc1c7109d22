/** Hostile bodies, and bodies that are not JSON (a queue can hold structured clones): each gets a verdict, none throws. */
import { describe, expect, it } from "vitest";
import { observationOf, payload, read, readOne, refusalOf } from "./factories.ts";

const DEPTH = 100_000;

/** JSON text nested so deeply that recursion would overflow the stack. */
function nestedText(open: string, close: string): string {
  return open.repeat(DEPTH) + "1" + close.repeat(DEPTH);
}

function withValueText(text: string): string {
  return JSON.stringify(payload({ value: "VALUE" })).replace('"VALUE"', text);
}

/** A value that contains itself. */
function cycle(): Record<string, unknown> {
  const self: Record<string, unknown> = { a: [] };
  self["self"] = [self];
  return self;
}

/** A list of 2^60 numbers made of sixty lists with shared references. */
function bomb(): unknown {
  let list: unknown = [1];
  for (let i = 0; i < 60; i++) list = [list, list];
  return list;
}

function withLength(list: unknown[], length: number): unknown[] {
  list.length = length;
  return list;
}

describe("[§2] names that objects inherit", () => {
  it.each(["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"])(
    "[§2] a body with only %s lacks all fields",
    (name) => {
      expect(refusalOf(`{"${name}":{"id":"x","events":[1],"payload":{}}}`)).toMatchObject({
        code: "missing_field",
        field: "id",
      });
    },
  );

  it("[§2] as unknown fields they are ignored and have no effect", () => {
    const text = JSON.stringify(payload()).replace("{", '{"__proto__":{"v":2,"polluted":1},"constructor":7,');
    expect(observationOf(text)).toEqual(observationOf(payload()));
    expect({}).not.toHaveProperty("polluted");
  });

  it("[§2] as names within a value they are kept", () => {
    const text = '{"__proto__":{"a":1},"constructor":2}';
    expect(observationOf(withValueText(text)).value).toBe(text);
  });

  it.each(["constructor.name", "__proto__.a", "to_string.x"])("[§2] %s may be a primitive", (primitive) => {
    expect(observationOf(payload({ primitive })).primitive).toBe(primitive);
  });
});

describe("[§2] nesting, cycles, shared structure", () => {
  it.each<[string, unknown]>([
    ["lists", withValueText(nestedText("[", "]"))],
    ["objects", withValueText(nestedText('{"a":', "}"))],
    ["a cycle", payload({ value: cycle() })],
    ["one list, many times over", payload({ value: bomb() })],
  ])("[§2] a value of %s is too large", (_, body) => {
    expect(refusalOf(body)).toMatchObject({ code: "too_large", field: "value" });
  });

  it.each<[string, string]>([
    ["a body", nestedText("[", "]")],
    ["a payload", `{"payload":${nestedText('{"payload":', "}")}}`],
    ["an unknown field", `{"x":${nestedText("[", "]")}}`],
    ["a list of events", `{"events":${nestedText("[", "]")}}`],
    ["lists of events", nestedText('{"events":[', "]}")],
  ])("[§2] %s nested 100,000 deep is refused", (_, body) => {
    expect(readOne(body).outcome).toBe("refused");
  });

  it("[§2] a cycle in an unknown field has no effect", () => {
    expect(observationOf({ ...payload(), extra: cycle() }).id).toBe("o-1");
  });

  it("[§2] a body that contains itself gets one verdict", () => {
    const body: Record<string, unknown> = {};
    body["payload"] = body;
    expect(readOne(body)).toMatchObject({ outcome: "refused", refusal: { field: "topic" } });
    const list: Record<string, unknown> = {};
    list["events"] = [list];
    expect(readOne(list)).toMatchObject({ outcome: "refused", refusal: { field: "events" } });
  });
});

describe("[§2] structured clones", () => {
  const values: [string, unknown][] = [
    ["a Date", new Date(0)],
    ["a Map", new Map([["a", 1]])],
    ["a Set", new Set([1])],
    ["a BigInt", 10n],
    ["a RegExp", /a/],
    ["an Error", new Error("x")],
    ["a boxed text", Object("x")],
    ["bytes", new Uint8Array([1])],
    ["NaN", Number.NaN],
    ["-Infinity", -Infinity],
    ["a list with undefined", [undefined]],
    ["a list with a hole", withLength([1], 2)],
    ["a list of a billion holes", withLength([], 1e9)],
    ["an object with a Date", { at: new Date(0) }],
  ];

  it.each(values)("[§2] %s is no value", (_, value) => {
    expect(refusalOf(payload({ value }))).toMatchObject({ code: "invalid_field", field: "value" });
    expect(refusalOf(structuredClone(payload({ value })))).toMatchObject({
      code: "invalid_field",
      field: "value",
    });
  });

  it.each(values)("[§2] %s as a body, a payload, an event or a field is refused", (_, thing) => {
    for (const body of [thing, { payload: thing }, payload({ id: thing }), payload({ window: thing })]) {
      expect(readOne(body).outcome).toBe("refused");
    }
    const verdicts = read({ events: [thing, payload()] });
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(["refused", "observation"]);
  });

  it("[§2] undefined within an object counts as absent", () => {
    expect(observationOf(payload({ value: { a: undefined, b: 1 } })).value).toBe('{"b":1}');
  });

  it("[§2] an object without a prototype is an object", () => {
    const bare = Object.assign(
      Object.create(null),
      payload({ value: Object.assign(Object.create(null), { a: 1 }) }),
    );
    expect(observationOf(bare).value).toBe('{"a":1}');
  });

  it("[§2] a list of a billion holes is refused as list of events", () => {
    expect(refusalOf({ events: withLength([payload()], 1e9) })).toMatchObject({ field: "events" });
  });
});
