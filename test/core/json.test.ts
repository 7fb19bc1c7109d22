/** Canonical JSON, compared with RFC 8785, its examples and a library; text lengths, compared with Node. */
import canonicalize from "canonicalize";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8Length } from "../../src/core/index.ts";
import { canonicalJson } from "../../src/core/json.ts";
import { textOf } from "./factories.ts";

const anyJson = fc.jsonValue({ stringUnit: "binary", maxDepth: 6 });

/** A double from its bits, in the notation of RFC 8785. */
function doubleOf(bits: string): number {
  return Buffer.from(bits, "hex").readDoubleBE();
}

describe("[§3] canonical JSON is RFC 8785", () => {
  it("[§3] of any value it equals that of the canonicalize library", () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(textOf(value)).toBe(canonicalize(value));
      }),
      { numRuns: 2_000 },
    );
  });

  it("[§3] it parses to the value, and writing that again gives the same text", () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const text = textOf(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(textOf(JSON.parse(text))).toBe(text);
      }),
    );
  });

  it("[§3] the order of object members does not matter, the order of list members does", () => {
    expect(textOf({ b: { d: 1, c: 2 }, a: 3 })).toBe(textOf({ a: 3, b: { c: 2, d: 1 } }));
    expect(textOf([1, 2])).not.toBe(textOf([2, 1]));
  });

  it("[§3] RFC 8785 §3.2.2: literals, numbers, strings", () => {
    const value: unknown = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`);
    expect(textOf(value)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it("[§3] RFC 8785 §3.2.3: members in the order of UTF-16 code units", () => {
    const value = { "€": 1, "\r": 2, "\ufb33": 3, 1: 4, "😀": 5, "\u0080": 6, ö: 7 };
    expect(Object.keys(JSON.parse(textOf(value)))).toHaveLength(7);
    expect(textOf(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
  });

  it.each([
    ["0000000000000000", "0"],
    ["8000000000000000", "0"],
    ["0000000000000001", "5e-324"],
    ["8000000000000001", "-5e-324"],
    ["7fefffffffffffff", "1.7976931348623157e+308"],
    ["4340000000000000", "9007199254740992"],
    ["c340000000000000", "-9007199254740992"],
    ["4430000000000000", "295147905179352830000"],
    ["44b52d02c7e14af5", "9.999999999999997e+22"],
    ["44b52d02c7e14af6", "1e+23"],
    ["44b52d02c7e14af7", "1.0000000000000001e+23"],
    ["444b1ae4d6e2ef4e", "999999999999999700000"],
    ["444b1ae4d6e2ef50", "1e+21"],
    ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
    ["3eb0c6f7a0b5ed8d", "0.000001"],
    ["41b3de4355555555", "333333333.3333333"],
    ["becbf647612f3696", "-0.0000033333333333333333"],
    ["43143ff3c1cb0959", "1424953923781206.2"],
  ])("[§3] RFC 8785 appendix B: %s is %s", (bits, text) => {
    expect(textOf(doubleOf(bits))).toBe(text);
  });

  it("[§3] a lone surrogate is escaped, in values and in names", () => {
    expect(textOf({ "\udc00": "\ud800" })).toBe(String.raw`{"\udc00":"\ud800"}`);
  });
});

describe("[§3] a value without canonical JSON gives a reason and does not throw", () => {
  it.each([
    Number.NaN,
    Infinity,
    -Infinity,
    undefined,
    1n,
    Symbol("s"),
    () => 1,
    new Date(0),
    new Map(),
    [undefined],
  ])("[§3] %o is not JSON", (value) => {
    expect(canonicalJson(value)).toEqual({ ok: false, reason: "not_json" });
    expect(canonicalJson([{ a: value }]).ok).toBe(value === undefined);
  });

  it.each([
    [2_047, true],
    [2_048, true],
    [2_049, false],
    [100_000, false],
  ])("[§3] lists nested %i deep are written: %s", (depth, isWritten) => {
    let value: unknown = [];
    for (let i = 1; i < depth; i++) value = [value];
    const refused = { ok: false, reason: "too_large" };
    expect(canonicalJson(value)).toEqual(
      isWritten ? { ok: true, text: "[".repeat(depth) + "]".repeat(depth) } : refused,
    );
  });

  it.each([
    ["a text", (n: number) => "a".repeat(n)],
    ["texts", (n: number) => Array.from({ length: 64 }, () => "a".repeat(n / 64))],
    ["a name", (n: number) => ({ ["a".repeat(n)]: 1 })],
    ["names without values", (n: number) => ({ ["a".repeat(n)]: undefined })],
  ])("[§3] half a million characters are written, a million and a bit are too large: %s", (_, make) => {
    expect(canonicalJson(make(524_288)).ok).toBe(true);
    expect(canonicalJson(make(1_048_640))).toEqual({ ok: false, reason: "too_large" });
  });
});

describe("[§2] lengths are UTF-8 bytes", () => {
  it("[§2] they equal those of Node for any text, including lone surrogates", () => {
    const anyText = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
      fc.array(fc.constantFrom("\ud83d", "\ude00", "a", "é", "€")).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(anyText, (text) => {
        expect(utf8Length(text)).toBe(Buffer.byteLength(text));
      }),
      { numRuns: 2_000 },
    );
  });
});
