/** Explanations: a reader that has only the event recomputes the same state. */
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  arraySeries,
  type Member,
  type MergeKind,
  newIdentityHead,
  type State,
} from "../../src/core/index.ts";
import { EVENT_LIMIT_BYTES } from "../../src/core/event.ts";
import { recompute } from "../../src/core/identity.ts";
import { HASH_TAIL_LIMIT, type Rule } from "../../src/core/merge/merger.ts";
import { STANDARD_THRESHOLDS, type Thresholds } from "../../src/core/thresholds.ts";
import { arrivals, ATTACKER, OTHER_ATTACKER, series, textOf, TS } from "./factories.ts";
import { applyAll, type Arrival, contextOf, IDENTITY, newModel } from "./model.ts";
import { type ReadEvent, recomputeFrom, stateChangedEvent } from "./outside-reader.ts";

const PRIMITIVE = "a.b";

/** Two values over 256 bytes that differ in the last, one of exactly 256, and short ones. */
const LONG = ["é".repeat(200) + "a", "é".repeat(200) + "b", "x".repeat(254)];
const VALUES: Record<MergeKind, readonly unknown[]> = {
  categorical: ["a", "a", "b", "c", "unknown", [1, { x: 2 }], { y: LONG[0], x: 1 }, ...LONG],
  numeric: [0, 1, 1, 100, 130, -5, 0.1, true, false, 1e100],
  hash: [...Array.from({ length: 30 }, (_, i) => `h${i}`), "unknown", ...LONG],
  bag: [["a", "b", "a"], ["a"], [], LONG, ["b"], [LONG[0]]],
};
const NARROW: Thresholds = {
  ...STANDARD_THRESHOLDS,
  windowSize: 4,
  categoricalMajority: 3,
  multiActorConfidenceCap: 0.4,
  numericEwmaAlpha: 0.5,
  hashDriftRotations: 1,
};

/** Arrivals of few values, so that runs of equal values occur, with replacements and equal times. */
function history(kind: MergeKind): fc.Arbitrary<Arrival[]> {
  return fc.shuffledSubarray([...VALUES[kind]], { minLength: 2, maxLength: 5 }).chain((values) => {
    const arrival = fc.record({
      value: fc.constantFrom(...values.map(textOf)),
      ts: fc.integer({ min: 0, max: 50 }).map((n) => TS + n * 4_000),
      evidenceRef: fc.integer({ min: 0, max: 40 }).map((n) => (n % 7 === 0 ? `\u{1f600}${n}` : `\uffee${n}`)),
      attackerUuid: fc.constantFrom(ATTACKER, OTHER_ATTACKER),
      id: fc.constantFrom("i", "j"),
    });
    return fc.array(arrival, { minLength: 1, maxLength: 40, size: "max" });
  });
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The keys of both windows of a stored series, by a search over the whole series. */
function windowKeys(kind: MergeKind, stored: readonly Member[], { windowSize, hashWindowSecs }: Thresholds) {
  const ordered = stored.toSorted(
    (a, b) =>
      a.ts - b.ts ||
      compareBytes(a.evidenceRef, b.evidenceRef) ||
      compareBytes(a.attackerUuid, b.attackerUuid),
  );
  const lastTs = ordered.at(-1)?.ts ?? 0;
  const counted =
    kind === "hash"
      ? ordered
          .filter(({ ts }) => ts >= lastTs - hashWindowSecs)
          .filter((member, i, all) => all.findLastIndex(({ value }) => value === member.value) === i)
          .slice(-16)
      : ordered
          .filter(({ value }) => kind === "numeric" || value !== '"unknown"')
          .slice(kind === "bag" ? -1 : -2 * windowSize);
  return counted.map(({ evidenceRef, attackerUuid }) => `${evidenceRef} ${attackerUuid}`);
}

function keysOf(list: readonly { evidence_ref: string; attacker_uuid: string }[]): string[] {
  return list.map(({ evidence_ref, attacker_uuid }) => `${evidence_ref} ${attacker_uuid}`);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A value as an explanation shows it. */
function explained(value: unknown): unknown {
  const text = textOf(value);
  const bytes = Buffer.byteLength(text);
  return bytes > 256 ? { sha256: sha256(text), bytes } : value;
}

/** An event as it is sent, after a JSON round trip. */
function fromWire(event: unknown): ReadEvent {
  return stateChangedEvent.parse(JSON.parse(JSON.stringify(event)));
}

function expectRecomputable({ payload, explanation }: ReadEvent, thresholds: Thresholds): void {
  const { state, confidence, value, statistic, threshold } = recomputeFrom(explanation, thresholds);
  // Below the minimum the rule does not show the kind, so a boolean may be one or be a number.
  const isNumber = typeof value === "boolean" && typeof payload.current_value === "number";
  expect({ state, confidence, value: isNumber ? Number(value) : value }).toEqual({
    state: payload.new_state,
    confidence: payload.confidence,
    value: explained(payload.current_value),
  });
  expect(explanation).toMatchObject({ statistic, threshold, margin: Math.abs(statistic - threshold) });
}

describe.each<[MergeKind, string, Thresholds]>([
  ["categorical", "standard", STANDARD_THRESHOLDS],
  ["numeric", "standard", STANDARD_THRESHOLDS],
  ["hash", "standard", STANDARD_THRESHOLDS],
  ["bag", "standard", STANDARD_THRESHOLDS],
  ["categorical", "other", NARROW],
  ["numeric", "other", NARROW],
  ["hash", "other", NARROW],
  ["bag", "other", NARROW],
])("[§5] transitions of random %s histories, %s constants", (kind, _, thresholds) => {
  it("[§5] from each event alone its state, value, confidence and comparison can be recomputed", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(history(kind), (arrived) => {
        const model = newModel(thresholds);
        applyAll(model, PRIMITIVE, kind, arrived);
        for (const event of model.events.map(fromWire)) {
          seen.add(event.payload.new_state);
          expectRecomputable(event, thresholds);
        }
      }),
      { numRuns: 120 },
    );
    const reachable: Record<MergeKind, State[]> = {
      categorical: ["conflicted", "drifting", "multi_actor", "stable", "unknown"],
      numeric: ["conflicted", "drifting", "stable", "unknown"],
      hash: ["conflicted", "drifting", "stable"],
      bag: ["unknown"],
    };
    expect([...seen].toSorted()).toEqual(reachable[kind]);
  });

  it("[§5] entered and left are the members that the deciding observation added to the windows and removed from them", () => {
    fc.assert(
      fc.property(history(kind), (arrived) => {
        const model = newModel(thresholds);
        const stored = () => [...(model.stored.get(PRIMITIVE)?.values() ?? [])];
        for (const arrival of arrived) {
          const before = windowKeys(kind, stored(), thresholds);
          const told = model.events.length;
          applyAll(model, PRIMITIVE, kind, [arrival]);
          const after = windowKeys(kind, stored(), thresholds);
          for (const { explanation } of model.events.slice(told).map(fromWire)) {
            expect(keysOf([...explanation.older, ...explanation.recent])).toEqual(after);
            expect(keysOf(explanation.entered)).toEqual(after.filter((key) => !before.includes(key)));
            expect(keysOf(explanation.left)).toEqual(before.filter((key) => !after.includes(key)));
          }
        }
      }),
      { numRuns: 120 },
    );
  });
});

describe("[§5] the rule names the branch that decided", () => {
  const states: Record<Rule, State> = {
    too_few_observations: "unknown",
    clear_without_older: "stable",
    clear_as_before: "stable",
    clear_but_changed: "drifting",
    clear_after_unclear: "drifting",
    alternating: "multi_actor",
    not_clear: "conflicted",
    variation_above_conflict: "conflicted",
    mean_shifted: "drifting",
    mean_held: "stable",
    variation_within_conflict: "stable",
    no_rotation: "stable",
    few_rotations: "drifting",
    many_rotations: "conflicted",
    bag_has_no_state: "unknown",
  };

  it("[§5] every rule occurs in some history, and always with its state", () => {
    const told = new Map<string, Set<string>>();
    for (const kind of ["categorical", "numeric", "hash", "bag"] as const) {
      for (const arrived of fc.sample(history(kind), { numRuns: 400, seed: 7 })) {
        const model = newModel();
        applyAll(model, PRIMITIVE, kind, arrived);
        for (const { payload, explanation } of model.events.map(fromWire)) {
          told.set(explanation.rule, (told.get(explanation.rule) ?? new Set()).add(payload.new_state));
        }
      }
    }
    expect(Object.fromEntries([...told].map(([rule, found]) => [rule, [...found].join()]))).toEqual(states);
  });
});

/** The event of a primitive's first state, with a series that is already stored. */
function firstEventOf(
  kind: MergeKind,
  members: readonly Member[],
  thresholds = STANDARD_THRESHOLDS,
): unknown {
  const context = contextOf(newModel(), thresholds);
  const whole = arraySeries(kind, members);
  return recompute(newIdentityHead(IDENTITY), PRIMITIVE, kind, null, whole, context).events[0];
}

describe("[§5] values over 256 bytes are replaced by their digest", () => {
  it.each<[string, unknown, boolean]>([
    ["a text of 256 bytes", "é".repeat(127), false],
    ["a text of 257 bytes", "é".repeat(127) + "a", true],
    ["a list of 256 bytes", ["x".repeat(252)], false],
    ["a list of 257 bytes", ["x".repeat(253)], true],
  ])("[§5] %s", (_, value, isDigested) => {
    const text = textOf(value);
    const { payload, explanation } = fromWire(firstEventOf("categorical", series([value])));
    const digest = { sha256: sha256(text), bytes: Buffer.byteLength(text) };
    expect(explanation.recent[0]?.value).toEqual(isDigested ? digest : value);
    expect(payload.current_value).toEqual(value);
  });

  it("[§5] a digest is that of the canonical JSON, independent of the order of members", () => {
    const [a, b] = [
      { x: 1, y: LONG[0] },
      { y: LONG[0], x: 1 },
    ];
    const { explanation } = fromWire(firstEventOf("categorical", series([a, b])));
    expect(explanation.recent[0]?.value).toEqual(explanation.recent[1]?.value);
  });
});

describe("[§5] hashes", () => {
  it.each([1, 16, 17, 40, HASH_TAIL_LIMIT, HASH_TAIL_LIMIT + 1, 500])(
    "[§5] of %i distinct ones the newest 16 are listed, all are counted",
    (count) => {
      const members = series(Array.from({ length: count }, (_, i) => `h${i}`));
      const event = fromWire(firstEventOf("hash", members));
      const { recent, older, distinct } = event.explanation;
      expect(distinct).toBe(count);
      expect(recent.map(({ value }) => textOf(value))).toEqual(members.slice(-16).map(({ value }) => value));
      expect(older).toEqual([]);
      expectRecomputable(event, STANDARD_THRESHOLDS);
    },
  );

  it("[§5] each is listed with its latest observation", () => {
    const model = newModel();
    applyAll(model, PRIMITIVE, "hash", arrivals("aab"));
    const { explanation } = fromWire(model.events.at(-1));
    expect(explanation.recent.map(({ value, ts }) => [value, ts])).toEqual([
      ["a", TS + 60],
      ["b", TS + 120],
    ]);
  });
});

/** Two alternating values of the maximum length of contract §2, of characters that JSON escapes to six. */
function longest(count: number): Member[] {
  return Array.from({ length: count }, (_, i) => ({
    value: textOf((i % 2 === 0 ? "\u0001" : "\u0002").repeat(682)),
    ts: TS + i,
    evidenceRef: `${"\u0001".repeat(508)}${String(i).padStart(4, "0")}`,
    attackerUuid: ATTACKER,
  }));
}

/** A transition that replaces both windows completely. */
function turnover(kind: MergeKind, thresholds: Thresholds): unknown {
  const primitive = `${"p".repeat(63)}.${"q".repeat(64)}`;
  const members = longest(4 * thresholds.windowSize);
  const half = members.length / 2;
  const context = contextOf(newModel(), thresholds);
  const same = members.slice(0, half).map(({ ts, evidenceRef }) => series(["same"], { ts, evidenceRef }));
  const before = arraySeries(kind, same.flat());
  const first = recompute(newIdentityHead(IDENTITY), primitive, kind, null, before, context);
  const after = arraySeries(kind, members.slice(half));
  return recompute(first.head, primitive, kind, first.record, after, context).events[0];
}

describe("[§5] an event stays under 64 KB", () => {
  it.each<[MergeKind, number]>([
    ["categorical", 5],
    ["categorical", 20],
    ["hash", 5],
    ["hash", 20],
  ])(
    "[§5] the longest %s event with windows of %i is, and its state can be recomputed",
    (kind, windowSize) => {
      const thresholds = { ...STANDARD_THRESHOLDS, windowSize, categoricalMajority: windowSize - 1 };
      const event = turnover(kind, thresholds);
      expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(EVENT_LIMIT_BYTES);
      expect(EVENT_LIMIT_BYTES).toBeLessThanOrEqual(64_000);
      expectRecomputable(fromWire(event), thresholds);
    },
  );

  it("[§5] pointers are replaced by digests if they make the event too long", () => {
    const { explanation } = fromWire(turnover("categorical", STANDARD_THRESHOLDS));
    const pointers = [...explanation.older, ...explanation.recent].map(({ evidence_ref }) => evidence_ref);
    const expected = longest(20)
      .slice(-10)
      .map(({ evidenceRef }) => `sha256:${sha256(evidenceRef)}`);
    expect(pointers).toEqual(expected);
    expect(explanation.entered).toHaveLength(10);
    expect(explanation.left).toHaveLength(10);
  });

  it("[§5] otherwise pointers are unchanged, however long", () => {
    const pointer = "é".repeat(256);
    const { explanation } = fromWire(firstEventOf("categorical", series("a", { evidenceRef: pointer })));
    expect(explanation.recent[0]?.evidence_ref).toBe(pointer);
  });
});
