/** Series whose members come in any order: the same answers as in memory, from bounded memory. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  arraySeries,
  collectSeries,
  type Member,
  type MergeKind,
  NO_HASH_WINDOW,
} from "../../src/core/index.ts";
import { joinSeries, mapHashWindow, type Series, summarize } from "../../src/core/merge/index.ts";
import { LatestMembers, NewestMembers } from "../../src/core/merge/kept-members.ts";
import { STANDARD_THRESHOLDS } from "../../src/core/thresholds.ts";
import { randomOf } from "../../src/simulate/random.ts";
import { ATTACKER, OTHER_ATTACKER } from "./factories.ts";

const VALUES: Record<MergeKind, readonly string[]> = {
  categorical: ['"a"', '"b"', '"unknown"', "[1,2]"],
  numeric: ["0", "100", "-5", "true", '"x"'],
  hash: [...Array.from({ length: 120 }, (_, i) => `"h${i}"`), '""'],
  bag: ['["a","b"]', '["a"]', "[]", "[1]", '"a"'],
};

/** Series of one member per key with many equal times, in any order. */
function seriesOf(kind: MergeKind): fc.Arbitrary<Member[]> {
  const member = fc.record({
    value: fc.constantFrom(...VALUES[kind]),
    ts: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 1_000 })),
    // The two prefixes sort one way by UTF-16 code units and the other way by UTF-8 bytes.
    evidenceRef: fc.integer({ min: 0, max: 200 }).map((n) => `${n % 3 === 0 ? "\u{1f600}" : "\uffee"}${n}`),
    attackerUuid: fc.constantFrom(ATTACKER, OTHER_ATTACKER),
  });
  return fc.uniqueArray(member, {
    selector: ({ evidenceRef, attackerUuid }) => `${evidenceRef} ${attackerUuid}`,
    minLength: 1,
    maxLength: 200,
    size: "max",
  });
}

describe.each<MergeKind>(["categorical", "numeric", "hash", "bag"])("[§3 %s] collected members", (kind) => {
  const settings = fc.record({
    windowSize: fc.integer({ min: 1, max: 20 }),
    hashWindowSecs: fc.constantFrom(0, 0.5, 10, 300, 5_000),
  });

  it("in any order give the same answers and the same tail as the series in memory", () => {
    fc.assert(
      fc.property(seriesOf(kind), settings, (members, overrides) => {
        const thresholds = { ...STANDARD_THRESHOLDS, ...overrides };
        const collector = collectSeries(kind, thresholds);
        const collected = collector.series(mapHashWindow());
        expect([collected.count(), collected.lastTs()]).toEqual([0, null]);
        // After each member the answers are those for the members so far.
        for (const [i, member] of members.entries()) {
          collector.add(member);
          if (i % 20 === 19) expectSame(kind, collected, members.slice(0, i + 1), overrides);
        }
        expectSame(kind, collected, members, overrides);
        expect(summarize(kind, collector.series(mapHashWindow()), thresholds)).toEqual(
          summarize(kind, arraySeries(kind, members), thresholds),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("joined with others give the same answers as the series of both", () => {
    fc.assert(
      fc.property(seriesOf(kind), fc.nat(), settings, (members, cut, overrides) => {
        const collector = collectSeries(kind, { ...STANDARD_THRESHOLDS, ...overrides });
        const place = cut % (members.length + 1);
        for (const member of members.slice(0, place)) collector.add(member);
        const joined = joinSeries(kind, collector.series(mapHashWindow()), members.slice(place));
        expectSame(kind, joined, members, overrides);
      }),
      { numRuns: 300 },
    );
  });
});

function expectSame(
  kind: MergeKind,
  series: Series,
  members: readonly Member[],
  { windowSize, hashWindowSecs }: { windowSize: number; hashWindowSecs: number },
): void {
  const held = arraySeries(kind, members);
  expect(series.count()).toBe(held.count());
  expect(series.lastTs()).toBe(held.lastTs());
  expect(series.countInformative()).toBe(held.countInformative());
  for (const limit of [1, windowSize, 2 * windowSize]) {
    expect(series.newestInformative(limit)).toEqual(held.newestInformative(limit));
  }
  const startTs = (held.lastTs() ?? 0) - hashWindowSecs;
  for (const from of kind === "hash" ? [startTs, startTs + 5] : []) {
    expect(series.latestByValue(from)).toEqual(held.latestByValue(from));
  }
}

describe("[design] what is asked of collected members", () => {
  const member = { value: '"a"', ts: 100, evidenceRef: "e", attackerUuid: ATTACKER };

  it("is refused if it was not kept", () => {
    const thresholds = { ...STANDARD_THRESHOLDS, windowSize: 2, hashWindowSecs: 10 };
    const hashes = collectSeries("hash", thresholds);
    hashes.add(member);
    const series = hashes.series(mapHashWindow());
    expect(() => series.newestInformative(5)).toThrow("at most 4 members are kept, 5 were asked for");
    expect(() => series.latestByValue(89)).toThrow(
      "values are kept from 90 on, those from 89 were asked for",
    );
    expect(series.latestByValue(90)).toEqual([member]);
    const categorical = collectSeries("categorical", thresholds).series(NO_HASH_WINDOW);
    expect(() => categorical.latestByValue(0)).toThrow("only a hash series is asked for values");
  });

  it("includes the start of the window, also after older values were removed", () => {
    const latest = new LatestMembers();
    for (let i = 0; i < 200; i++) {
      latest.add({ ...member, value: `"h${i}"`, ts: i, evidenceRef: `e${i}` }, i - 40);
      expect(latest.since(i - 40)).toHaveLength(Math.min(i + 1, 41));
    }
  });

  it.each(["ascending", "descending", "by chance"])("100,000 members keep few of them: times %s", (order) => {
    const random = randomOf(7, [1]);
    const newest = new NewestMembers(10);
    const latest = new LatestMembers();
    let [mostNewest, mostLatest, lastTs] = [0, 0, 0];
    for (let i = 0; i < 100_000; i++) {
      const ts = { ascending: i, descending: 100_000 - i }[order] ?? random.integer(0, 100_000);
      lastTs = Math.max(lastTs, ts);
      const next = { value: `"h${i}"`, ts, evidenceRef: `e${i}`, attackerUuid: ATTACKER };
      newest.add(next);
      latest.add(next, lastTs - 100);
      mostNewest = Math.max(mostNewest, newest.size);
      mostLatest = Math.max(mostLatest, latest.size);
    }
    expect(mostNewest).toBeLessThan(20);
    // Twice the distinct values of a window, which has about 100.
    expect(mostLatest).toBeLessThanOrEqual(300);
    expect(latest.since(lastTs - 100).length).toBeLessThanOrEqual(150);
  });
});
