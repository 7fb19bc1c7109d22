/** Session rows: where an observation is stored, and that it is found there again whatever comes in between. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  comparePrecedence,
  mergeIntoRow,
  nameInAttacker,
  placeOf,
  SESSION_ROW,
  sessionOf,
  type Stored,
} from "../../src/core/index.ts";
import { byName, SessionRows } from "./session-rows.ts";

describe("[design] the session of an evidence pointer", () => {
  it.each([
    ["cowrie:sensor-a/5f2b#kex", "cowrie:sensor-a/5f2b"],
    ["cowrie:sensor-a/5f2b", "cowrie:sensor-a/5f2b"],
    ["cowrie:sensor-a/5f2b#kex#2", "cowrie:sensor-a/5f2b"],
    ["cowrie:#kex", "cowrie:"],
    ["Cowrie:sensor-a/5f2b#kex", "Cowrie:sensor-a/5f2b#kex"],
    ["x-cowrie:sensor-a/5f2b#kex", "x-cowrie:sensor-a/5f2b#kex"],
    ["decnet:2026-07-01.log#881", "decnet:2026-07-01.log#881"],
    ["#kex", "#kex"],
    ["", ""],
  ])("of %j is %j", (evidenceRef, session) => {
    expect(sessionOf(evidenceRef)).toBe(session);
  });

  // Other numbers mean that stored observations are no longer found: such a change needs a migration.
  it.each([
    [
      "toolchain.ssh.hassh_client",
      "cowrie:sensor-a/5f2b#kex",
      [3135162636, 3449630169, 383797557, 971023045],
    ],
    ["motor.input_modality", "cowrie:sensor-a/5f2b", [3135162636, 1962362601, 2062211811, 354270562]],
    ["motor.input_modality", "decnet:2026-07-01.log#881", [1599078455, 2302078060, 75742965, 3388912488]],
    ["motor.input_modality", "shard:a#\u{1f600}", [4215892113, 1885236524, 3532226963, 4083165616]],
    ["motor.input_modality", "", [3820012610, 3497057371, 2407958766, 2614824785]],
  ])("never changes its places: %s at %j", (primitive, evidenceRef, places) => {
    expect([0, 1, 2, 60].map((depth) => placeOf({ primitive, evidenceRef }, depth))).toEqual(places);
  });

  it("puts events that follow one another in a file into neighbouring rows, those of other files elsewhere", () => {
    const at = (evidenceRef: string) => placeOf({ primitive: "p.a", evidenceRef }, 0);
    const file = "shard:decky-a/ssh/2026-07-01.jsonl";
    const first = at(`${file}#0-0`);
    expect(
      [15, 16, 160_000, 16 * 2 ** 20 - 1].map((position) => at(`${file}#${position}-0`) - first),
    ).toEqual([0, 1, 10_000, 2 ** 20 - 1]);
    // What is further on begins anew, and shares rows with what is before.
    expect(at(`${file}#${16 * 2 ** 20}-0`)).toBe(first);
    expect(Math.abs(at(`${file.replace("01", "02")}#0-0`) - first)).toBeGreaterThanOrEqual(2 ** 20);
    // No position: an id that begins with digits, and a number that a double does not hold.
    expect(Math.abs(at(`${file}#5f2b`) - at(`${file}#5f2c`))).toBeGreaterThan(1_000);
    const digits = "1".repeat(16);
    expect(at(`${file}#${digits}`)).not.toBe(at(`${file}#${digits}0`));
    expect(at(`${file}#881#1`)).toBe(at(`${file}#881#2`));
  });

  it("gives all its observations one place, and deeper ones one of 16", () => {
    const keys = Array.from({ length: 500 }, (_, i) => ({
      primitive: `p.${i % 30}`,
      evidenceRef: `cowrie:sensor-a/5f2b#${i}`,
    }));
    const count = (depth: number) => new Set(keys.map((key) => placeOf(key, depth))).size;
    expect([count(0), count(1)]).toEqual([1, 16]);
    expect(count(2)).toBeGreaterThan(200);
    expect(count(2)).toBeLessThanOrEqual(256);
  });
});

function observed(n: number, overrides: Partial<Stored> = {}): Stored {
  return { primitive: "p.a", evidenceRef: `cowrie:s/1#${n}`, ts: 1, id: "i", value: '"a"', ...overrides };
}

describe("[design] a row", () => {
  const full = Array.from({ length: SESSION_ROW.observations }, (_, i) => observed(i));

  it("holds its maximum number of observations and passes on what is new after that", () => {
    const first = mergeIntoRow(null, full);
    expect(first).toMatchObject({ isChanged: true, deeper: [], row: { isFull: false } });
    const further = observed(999);
    const second = mergeIntoRow(first.row, [further, observed(1, { ts: 2 }), observed(2)]);
    expect(second).toMatchObject({ isChanged: true, deeper: [further], replaced: [observed(1)] });
    expect(second.row.isFull).toBe(true);
    expect(second.row.observations).toHaveLength(SESSION_ROW.observations);
    // Full rows stay full, and passing on changes nothing.
    const emptied = mergeIntoRow({ isFull: true, observations: [] }, [further]);
    expect(emptied).toMatchObject({ isChanged: false, deeper: [further], accepted: [] });
    expect(mergeIntoRow(second.row, [further, observed(2)]).isChanged).toBe(false);
  });

  it("holds its maximum number of characters; the last observation may exceed it", () => {
    const half = `"${"a".repeat(SESSION_ROW.characters / 2)}"`;
    const merged = mergeIntoRow(
      null,
      [1, 2, 3].map((n) => observed(n, { value: half })),
    );
    expect(merged.row.observations).toHaveLength(2);
    expect(merged.row.isFull).toBe(true);
    expect(merged.deeper).toEqual([observed(3, { value: half })]);
  });

  it("[§2] of two with the same key keeps the greater by UTF-8 bytes, also within one delivery", () => {
    const small = observed(1, { id: "\uffee" });
    const great = observed(1, { id: "\u{1f600}" });
    expect(mergeIntoRow(null, [great, small, great])).toMatchObject({ accepted: [great], replaced: [] });
    expect(mergeIntoRow(null, [small, great])).toMatchObject({ accepted: [great], replaced: [] });
    const stored = { isFull: false, observations: [observed(1)] };
    const later = mergeIntoRow(stored, [small, great]);
    expect(later).toMatchObject({ accepted: [great], replaced: [observed(1)], isChanged: true });
    expect(mergeIntoRow(stored, [observed(1)])).toMatchObject({ accepted: [], isChanged: false });
  });
});

const VALUES = ['"a"', '"b"', `"${"c".repeat(900)}"`, `"${"d".repeat(4_000)}"`];

/** Observations of few sessions. Long values fill a row with few of them. */
const observation = fc.record({
  primitive: fc.constantFrom("p.a", "p.b"),
  evidenceRef: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 60 }).map((n) => `cowrie:s/1#${n}`) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 60 }).map((n) => `cowrie:s/${n % 3}#${n}`) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 5 }).map((n) => `day.log#${n}`) },
  ),
  ts: fc.integer({ min: 1, max: 3 }),
  id: fc.constantFrom("\uffee", "\u{1f600}"),
  value: fc.constantFrom(...VALUES),
});
const deliveries = fc.array(fc.array(observation, { maxLength: 60, size: "max" }), {
  maxLength: 8,
  size: "max",
});
/** All places, and so few that sessions and levels share rows. */
const places = fc.constantFrom(2 ** 32, 64);

/** Of each key the greatest. */
function greatestOf(observations: readonly Stored[]): Stored[] {
  const greatest = new Map<string, Stored>();
  for (const each of observations) {
    const known = greatest.get(nameInAttacker(each));
    if (!known || comparePrecedence(each, known) > 0) greatest.set(nameInAttacker(each), each);
  }
  return byName([...greatest.values()]);
}

describe("[design] the rows of an attacker", () => {
  it("[§2] hold one observation per key, the greatest, and a repeat finds it: in any order and batches", () => {
    fc.assert(
      fc.property(deliveries, places, (batches, number) => {
        const rows = new SessionRows(number);
        let stored = 0;
        for (const batch of batches) {
          const { accepted, replaced } = rows.deliver(batch);
          stored += accepted.length - replaced.length;
          expect(rows.all()).toHaveLength(stored);
          expect(rows.deliver(batch)).toMatchObject({ accepted: [], replaced: [], written: 0 });
        }
        const all = batches.flat();
        expect(rows.all()).toEqual(greatestOf(all));
        expect(rows.deliver(all)).toMatchObject({ accepted: [], replaced: [], written: 0 });
        expect(rows.deliver(all.toReversed())).toMatchObject({ accepted: [], replaced: [], written: 0 });
      }),
      { numRuns: 150 },
    );
  });

  it("are found after observations were removed, and store the removed ones again, once", () => {
    fc.assert(
      fc.property(deliveries, places, fc.integer({ min: 1, max: 4 }), (batches, number, share) => {
        const rows = new SessionRows(number);
        const all = batches.flat();
        for (const [i, batch] of batches.entries()) {
          rows.deliver(batch);
          if (i % 2 === 1) rows.remove(({ ts }) => ts <= share);
        }
        const isRemoved = ({ evidenceRef }: Stored) => share === 4 || evidenceRef.length % share === 0;
        rows.deliver(all);
        rows.remove(isRemoved);
        const kept = rows.all();
        expect(kept).toEqual(greatestOf(all).filter((each) => !isRemoved(each)));
        expect(rows.deliver(kept)).toMatchObject({ accepted: [], written: 0 });
        expect(byName(rows.deliver(all).accepted)).toEqual(greatestOf(all).filter(isRemoved));
        expect(rows.all()).toEqual(greatestOf(all));
      }),
      { numRuns: 150 },
    );
  });

  it("that are empty and full stay, because deeper ones may exist; others go", () => {
    const rows = new SessionRows();
    rows.deliver(Array.from({ length: SESSION_ROW.observations + 10 }, (_, i) => observed(i)));
    const before = rows.rows.size;
    expect(before).toBeGreaterThan(1);
    rows.remove(() => true);
    expect([...rows.rows]).toEqual([[placeOf(observed(0), 0), { isFull: true, observations: [] }]]);
    rows.deliver([observed(0)]);
    expect(rows.all()).toEqual([observed(0)]);
    expect(rows.rows.get(placeOf(observed(0), 1))?.observations).toEqual([observed(0)]);
  });

  it.each([1, 100, 10_000])("a session of 10,000 observations in deliveries of %i", (size) => {
    const rows = new SessionRows();
    const session = Array.from({ length: 10_000 }, (_, i) => observed(i, { primitive: `p.${i % 30}` }));
    let deepest = 0;
    for (let i = 0; i < session.length; i += size) {
      deepest = Math.max(deepest, rows.deliver(session.slice(i, i + size)).levels);
    }
    expect(rows.all()).toEqual(byName(session));
    expect(deepest).toBeLessThanOrEqual(4);
    const counts = [...rows.rows.values()].map(({ observations }) => observations.length);
    expect(Math.max(...counts)).toBe(SESSION_ROW.observations);
    expect(rows.rows.size).toBeLessThan(300);
    expect(rows.deliver(session.toReversed())).toMatchObject({ accepted: [], replaced: [], written: 0 });
    const later = session.map((each) => ({ ...each, ts: 2 }));
    expect(rows.deliver(later)).toMatchObject({ written: rows.rows.size });
    expect(rows.all()).toEqual(byName(later));
  });

  it("one pointer for ever, which is observed again and again, stays one row", () => {
    const rows = new SessionRows();
    for (let ts = 1; ts <= 2_000; ts++) rows.deliver([{ ...observed(0), evidenceRef: "day.log", ts }]);
    expect([...rows.rows.values()]).toMatchObject([{ isFull: false, observations: [{ ts: 2_000 }] }]);
  });
});
