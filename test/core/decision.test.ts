/** Decisions as plain data: about arrivals, about a recomputation, and about a hash window. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { merge } from "../../src/core/index.ts";
import { mapHashWindow } from "../../src/core/merge/array-series.ts";
import { STANDARD_THRESHOLDS } from "../../src/core/thresholds.ts";
import { changingHashWindow } from "../../src/core/merge/index.ts";
import { applyTogether, decideAnew, newModel, recordOf } from "./model.ts";

const ATTACKER = "44dcda6a-0000-4000-8000-8775a8501e2c";
const PRIMITIVE = "p.a";

const observation = fc.record({
  primitive: fc.constant(PRIMITIVE),
  value: fc.constantFrom('"a"', '"b"', '"unknown"'),
  ts: fc.integer({ min: 1, max: 40 }),
  evidenceRef: fc.integer({ min: 0, max: 15 }).map((n) => `e${n}`),
  attackerUuid: fc.constant(ATTACKER),
  id: fc.constantFrom("i", "j"),
});

describe("[design] decide, then save", () => {
  it("arrivals in any batches give the result of the merger over the whole series", () => {
    fc.assert(
      fc.property(fc.array(fc.array(observation, { maxLength: 8 }), { maxLength: 6 }), (batches) => {
        const model = newModel();
        for (const batch of batches) applyTogether(model, batch);
        const stored = [...(model.stored.get(PRIMITIVE)?.values() ?? [])];
        if (stored.length === 0) return;
        const { state, currentValue, confidence } = merge("categorical", stored, STANDARD_THRESHOLDS);
        expect(recordOf(model, PRIMITIVE).attribution).toMatchObject({ state, currentValue, confidence });
        // Another decision about the same observations changes nothing.
        const [records, events] = [new Map(model.records), model.events.length];
        decideAnew(model);
        expect(model.records).toEqual(records);
        expect(model.events).toHaveLength(events);
      }),
    );
  });

  it("a recomputation of unchanged observations changes no record", () => {
    const model = newModel();
    applyTogether(model, [
      { primitive: PRIMITIVE, value: '"a"', ts: 1, evidenceRef: "e", attackerUuid: ATTACKER, id: "i" },
    ]);
    const record = recordOf(model, PRIMITIVE);
    decideAnew(model);
    expect(recordOf(model, PRIMITIVE)).toBe(record);
  });
});

type Act = { act: "put"; value: string; ts: number } | { act: "expire"; ts: number } | { act: "clear" };

describe("[design] a hash window collects its changes", () => {
  const acts = fc.array(
    fc.oneof(
      fc.record({
        act: fc.constant("put" as const),
        value: fc.constantFrom("a", "b", "c", "d"),
        ts: fc.integer({ min: 0, max: 30 }),
      }),
      fc.record({ act: fc.constant("expire" as const), ts: fc.integer({ min: 0, max: 30 }) }),
      fc.record({ act: fc.constant("clear" as const) }),
    ),
    { maxLength: 12 },
  );

  it("gives the same answers as one that changes at once, and its change gives the same window", () => {
    fc.assert(
      fc.property(acts, acts, (before, after) => {
        const stored = mapHashWindow();
        const rows = new Map<
          string,
          { value: string; ts: number; evidenceRef: string; attackerUuid: string }
        >();
        const plain = mapHashWindow();
        const run = (window: typeof plain, { ...act }: Act) => {
          if (act.act === "put") {
            const known = window.get(act.value);
            // As in the merger, only a later member replaces another one.
            if (known && known.ts >= act.ts) return null;
            window.put({ value: act.value, ts: act.ts, evidenceRef: "e", attackerUuid: ATTACKER });
            return null;
          }
          return act.act === "expire" ? window.expire(act.ts) : window.clear();
        };
        for (const act of before) {
          run(stored, act);
          run(plain, act);
        }
        for (const value of ["a", "b", "c", "d"]) {
          const member = stored.get(value);
          if (member) rows.set(value, member);
        }
        const changing = changingHashWindow({
          get: (value) => rows.get(value) ?? null,
          valuesBetween: (fromTs, beforeTs) =>
            [...rows.values()].filter(({ ts }) => ts >= fromTs && ts < beforeTs).map(({ value }) => value),
        });
        for (const act of after) expect(run(changing, act)).toEqual(run(plain, act));
        for (const value of ["a", "b", "c", "d"]) expect(changing.get(value)).toEqual(plain.get(value));
        const change = changing.change();
        if (change) {
          for (const [value, { ts }] of rows) if (ts < change.removeBeforeTs) rows.delete(value);
          for (const member of change.puts) rows.set(member.value, member);
        }
        for (const value of ["a", "b", "c", "d"]) expect(rows.get(value) ?? null).toEqual(plain.get(value));
      }),
      { numRuns: 500 },
    );
  });
});
