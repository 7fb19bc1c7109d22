/** Compares the incremental state with the merger over the whole ordered series, for histories made by fast-check. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  arraySeries,
  type Member,
  merge,
  type MergeKind,
  type PrimitiveRecord,
} from "../../src/core/index.ts";
import { HASH_LISTED } from "../../src/core/merge/merger.ts";
import { STANDARD_THRESHOLDS, type Thresholds } from "../../src/core/thresholds.ts";
import { summarize } from "../../src/core/merge/index.ts";
import { applyAll, type Arrival, newModel, recordOf } from "./model.ts";

const PRIMITIVE = "a.b";
const ATTACKERS = ["00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"];
const VALUES: Record<MergeKind, readonly string[]> = {
  categorical: ['"a"', '"a"', '"b"', '"c"', '"unknown"', "[1,2]", '{"x":1}'],
  numeric: ["0", "1", "100", "130", "-5", "true", "false", "0.1"],
  hash: [...Array.from({ length: 90 }, (_, i) => `"h${i}"`), '"unknown"'],
  bag: ['["a","b"]', '["a"]', "[]", "[1]", '"unknown"'],
};
/** Several hash windows; few enough that equal times are common. */
const TIMES = Array.from({ length: 40 }, (_, i) => 1_700_000_000 + i * 9_000.5);

/** Arrivals of few keys, so that replacements, repeats and equal times are common. */
function history(kind: MergeKind, maxLength: number): fc.Arbitrary<Arrival[]> {
  const arrival = fc.record({
    value: fc.constantFrom(...VALUES[kind]),
    ts: fc.constantFrom(...TIMES),
    // The two prefixes sort one way by UTF-16 code units and the other way by UTF-8 bytes.
    evidenceRef: fc
      .integer({ min: 0, max: maxLength })
      .map((n) => (n % 7 === 0 ? `\u{1f600}${n}` : `\uffee${n}`)),
    attackerUuid: fc.constantFrom(...ATTACKERS),
    id: fc.constantFrom("i", "j"),
  });
  return fc.array(arrival, { minLength: 1, maxLength, size: "max" });
}

/** The expected rows: of each key the arrival that is greatest by ts, then id, then value. */
function survivors(arrivals: readonly Arrival[]): Member[] {
  const byKey = new Map<string, Arrival>();
  for (const arrival of arrivals) {
    const key = `${arrival.evidenceRef} ${arrival.attackerUuid}`;
    const prior = byKey.get(key);
    if (!prior || isGreater(arrival, prior)) byKey.set(key, arrival);
  }
  return [...byKey.values()].map(({ id: _, ...member }) => member);
}

function isGreater(a: Arrival, b: Arrival): boolean {
  if (a.ts !== b.ts) return a.ts > b.ts;
  return a.id === b.id ? a.value > b.value : a.id > b.id;
}

/** The parts of a tail that must not depend on the order of arrival. */
function comparable({ tail }: PrimitiveRecord): unknown {
  // Above the limit a hash tail may list more members than needed while it shrinks.
  return tail.kind === "hash" ? { ...tail, latest: tail.latest.slice(-HASH_LISTED) } : tail;
}

const NARROW: Thresholds = { ...STANDARD_THRESHOLDS, windowSize: 2, hashWindowSecs: 30_000 };

describe.each<[MergeKind, number, Thresholds]>([
  ["categorical", 40, STANDARD_THRESHOLDS],
  ["numeric", 40, STANDARD_THRESHOLDS],
  ["hash", 40, STANDARD_THRESHOLDS],
  ["bag", 40, STANDARD_THRESHOLDS],
  ["hash", 400, { ...STANDARD_THRESHOLDS, hashWindowSecs: 200_000 }],
  ["categorical", 40, NARROW],
  ["numeric", 40, NARROW],
  ["hash", 40, NARROW],
  ["bag", 40, NARROW],
])("[§3 %s] histories of up to %i arrivals", (kind, maxLength, thresholds) => {
  const numRuns = maxLength > 100 ? 60 : 400;

  it("the outcome and the tail are those of the whole ordered series, at every step", () => {
    fc.assert(
      fc.property(history(kind, maxLength), (arrivals) => {
        const model = newModel(thresholds);
        const every = maxLength > 100 ? 37 : 1;
        for (const [i, arrival] of arrivals.entries()) {
          applyAll(model, PRIMITIVE, kind, [arrival]);
          if (i % every !== 0 && i < arrivals.length - 1) continue;
          const stored = survivors(arrivals.slice(0, i + 1));
          const record = recordOf(model, PRIMITIVE);
          const whole = merge(kind, stored, thresholds);
          expect(record.attribution).toMatchObject({
            state: whole.state,
            currentValue: whole.currentValue,
            confidence: whole.confidence,
            observationCount: stored.length,
            lastObservationTs: Math.max(...stored.map(({ ts }) => ts)),
          });
          const read = summarize(kind, arraySeries(kind, stored), thresholds);
          expect(comparable(record)).toEqual(comparable({ ...record, tail: read }));
        }
      }),
      { numRuns },
    );
  });

  it("the outcome does not depend on order of arrival and repeats", () => {
    fc.assert(
      fc.property(
        history(kind, maxLength).chain((arrivals) =>
          fc.tuple(
            fc.constant(arrivals),
            fc.shuffledSubarray([...arrivals, ...arrivals], { minLength: arrivals.length * 2 }),
          ),
        ),
        ([arrivals, shuffled]) => {
          const [straight, other] = [newModel(thresholds), newModel(thresholds)];
          applyAll(straight, PRIMITIVE, kind, arrivals);
          applyAll(other, PRIMITIVE, kind, shuffled);
          const { lastChangeTs: _, ...expected } = recordOf(straight, PRIMITIVE).attribution;
          expect(recordOf(other, PRIMITIVE).attribution).toMatchObject(expected);
        },
      ),
      { numRuns },
    );
  });

  it("events are numbered without gaps, each continues the one before, and the last has the final state", () => {
    fc.assert(
      fc.property(history(kind, maxLength), (arrivals) => {
        const model = newModel(thresholds);
        applyAll(model, PRIMITIVE, kind, arrivals);
        let state: string | null = null;
        for (const [i, event] of model.events.entries()) {
          expect(event.seq).toBe(i + 1);
          if (event.type !== "profile.state_changed") continue;
          expect(event.payload.old_state).toBe(state);
          expect(event.payload.new_state).not.toBe(state);
          state = event.payload.new_state;
        }
        expect(state).toBe(recordOf(model, PRIMITIVE).attribution.state);
      }),
      { numRuns },
    );
  });
});

describe("[§3] the tail avoids reading the series", () => {
  it("new observations in any order read the series once, at the first one", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 5_000 }), { minLength: 30 }), (numbers) => {
        for (const kind of ["categorical", "numeric", "hash", "bag"] as const) {
          const model = newModel();
          for (const n of numbers) {
            const value = VALUES[kind][n % 5] ?? "";
            const arrival = {
              value,
              ts: 1_700_000_000 + n,
              evidenceRef: `e${n}`,
              attackerUuid: ATTACKERS[0] ?? "",
              id: "i",
            };
            applyAll(model, PRIMITIVE, kind, [arrival]);
          }
          expect(model.passes).toEqual([]);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("a tail member that turns into an abstention reads the series again", () => {
    const model = newModel();
    for (let n = 0; n < 12; n++) {
      applyAll(model, PRIMITIVE, "categorical", [
        { value: '"a"', ts: 1_000 + n, evidenceRef: `e${n}`, attackerUuid: ATTACKERS[0] ?? "", id: "i" },
      ]);
    }
    expect(model.passes).toEqual([]);
    applyAll(model, PRIMITIVE, "categorical", [
      { value: '"unknown"', ts: 1_011, evidenceRef: "e11", attackerUuid: ATTACKERS[0] ?? "", id: "j" },
    ]);
    expect(model.passes).toEqual([[PRIMITIVE]]);
    expect(recordOf(model, PRIMITIVE).tail).toMatchObject({ informative: 11, count: 12 });
  });
});
