/** The contract's orders: bytes, series, arrivals, precedence. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareUtf8, type Member, type Observation } from "../../src/core/index.ts";
import { compareArrivals, compareMembers, comparePrecedence } from "../../src/core/order.ts";
import { ATTACKER, observationOf, OTHER_ATTACKER, payload } from "./factories.ts";

/** Well-formed texts with many characters where UTF-16 and UTF-8 disagree, and common beginnings. */
const wellFormed = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(
      fc.constantFrom("a", "z", "\u007f", "é", "\ud7ff", "\ue000", "\uffff", "😀", "\u{10000}", "\u{10ffff}"),
    )
    .map((parts) => parts.join("")),
);

/** U+FFEE sorts before U+1F600 by bytes and after it by UTF-16 code units. */
const [LOW, HIGH] = ["\uffee", "\u{1f600}"];

/** The pairs whose comparison differs from their order in a list. */
function misplaced<T>(compare: (a: T, b: T) => number, ordered: readonly T[]): [T, T][] {
  return ordered.flatMap((a, i) =>
    ordered.flatMap((b, j): [T, T][] => (Math.sign(compare(a, b)) === Math.sign(i - j) ? [] : [[a, b]])),
  );
}

describe("[§3] strings are compared by their UTF-8 bytes", () => {
  it("[§3] any two well-formed texts are ordered like their buffers in Node", () => {
    fc.assert(
      fc.property(wellFormed, wellFormed, (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      { numRuns: 3_000 },
    );
  });

  it("[§3] boundaries of the encoding, in their order", () => {
    const ordered = [
      "",
      "\0",
      "a",
      "aa",
      "b",
      "\u007f",
      "\u0080",
      "\u07ff",
      "\u0800",
      "\ud7ff",
      "\ue000",
      LOW,
      "\uffff",
      "\u{10000}",
      HIGH,
      "\u{10ffff}",
    ];
    expect(misplaced(compareUtf8, ordered)).toEqual([]);
  });
});

function member(ts: number, evidenceRef: string, attackerUuid: string): Member {
  return { value: "1", ts, evidenceRef, attackerUuid };
}

function observation(ts: number, evidenceRef: string, primitive: string, attackerUuid: string): Observation {
  return { ...observationOf(payload()), ts, evidenceRef, primitive, attackerUuid };
}

describe("[§3] orders of observations", () => {
  it("[§3] a series is ordered by (ts, evidence_ref, attacker_uuid)", () => {
    const ordered = [
      member(1, HIGH, OTHER_ATTACKER),
      member(1.5, LOW, ATTACKER),
      member(1.5, LOW, OTHER_ATTACKER),
      member(1.5, HIGH, ATTACKER),
      member(2, "", ATTACKER),
      member(10, "", ATTACKER),
    ];
    expect(misplaced(compareMembers, ordered)).toEqual([]);
  });

  it("[§4] a batch is ordered by (ts, evidence_ref, primitive, attacker_uuid)", () => {
    const ordered = [
      observation(1, HIGH, "b.b", OTHER_ATTACKER),
      observation(2, LOW, "a.a", OTHER_ATTACKER),
      observation(2, LOW, "a.b", ATTACKER),
      observation(2, LOW, "a.b", OTHER_ATTACKER),
      observation(2, HIGH, "a.a", ATTACKER),
      observation(10, "", "a.a", ATTACKER),
    ];
    expect(misplaced(compareArrivals, ordered)).toEqual([]);
  });

  it("[§3] of two observations with one key the greater (ts, id, value) is kept", () => {
    const ordered = [
      { ts: 1, id: HIGH, value: '"z"' },
      { ts: 2, id: LOW, value: '"a"' },
      { ts: 2, id: LOW, value: '"b"' },
      { ts: 2, id: HIGH, value: '"a"' },
      { ts: 10, id: "", value: '"a"' },
    ];
    expect(misplaced(comparePrecedence, ordered)).toEqual([]);
  });

  it("[§3] values are compared as texts, not as numbers", () => {
    expect(comparePrecedence({ ts: 1, id: "", value: "9" }, { ts: 1, id: "", value: "10" })).toBeGreaterThan(
      0,
    );
  });
});
