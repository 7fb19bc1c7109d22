/** The arithmetic of the bench: statistics, measures, cost, workloads. */
import { describe, expect, it } from "vitest";
import { costOf, describeCost, type Usage } from "../../src/bench/costs.ts";
import { BARS, type Measure, measureOf, missing } from "../../src/bench/measures.ts";
import { median, quantile, ratiosOf, spreadOf } from "../../src/bench/statistics.ts";
import {
  attackerUuidOf,
  eventsOf,
  messagesOf,
  SESSION_PRIMITIVES,
  type Workload,
} from "../../src/bench/workload.ts";
import { createRegistry, parseMessage } from "../../src/core/index.ts";

describe("statistics", () => {
  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[7], 7],
  ])("the median of %j is %d", (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it("a quantile lies between its neighbours", () => {
    expect(quantile([10, 20, 30, 40, 50], 0.99)).toBeCloseTo(49.6);
    expect(quantile([1, 2], 0)).toBe(1);
    expect(quantile([1, 2], 1)).toBe(2);
  });

  it("an empty list has no median", () => {
    expect(() => median([])).toThrow(RangeError);
  });

  it("each pair is compared by itself, so a slow phase during both changes nothing", () => {
    const pairs = [
      { a: 2, b: 1 },
      { a: 200, b: 100 },
      { a: 4, b: 2 },
    ];
    expect(spreadOf(ratiosOf(pairs))).toEqual({ median: 2, min: 2, max: 2, n: 3 });
  });
});

describe("measures", () => {
  it.each([
    ["floor_1", 0.7, true],
    ["floor_1", 0.699, false],
    ["flat_hash", 1.15, true],
    ["flat_hash", 1.151, false],
    ["repeat_written", 0, true],
    ["repeat_written", 1, false],
  ] as const)("%s of %d meets its bar: %s", (name, value, pass) => {
    expect(measureOf(name, value, "").pass).toBe(pass);
  });

  it("a condition besides the bar must hold", () => {
    expect(measureOf("flat_hash", 1, "", false).pass).toBe(false);
  });

  it("a measure without a bar is only reported", () => {
    expect(measureOf("speed_floor_100", 0.1, "")).toMatchObject({ bar: null, pass: null });
  });

  it("a failed measure is not met, a skipped one has no verdict", () => {
    expect(missing("d1_calls", "no", false)).toMatchObject({ value: null, bar: "≤ 3", pass: false });
    expect(missing("d1_calls", "no", null)).toMatchObject({
      value: null,
      pass: null,
    } satisfies Partial<Measure>);
  });

  it("every name is one word", () => {
    for (const name of Object.keys(BARS)) expect(name).toMatch(/^[a-z0-9_]+$/);
  });
});

describe("money", () => {
  const usage: Usage = {
    queueOperations: 300,
    d1RowsWritten: 104,
    d1RowsRead: 400,
    objectRowsWritten: 200,
    objectRowsRead: 100,
    objectRequests: 100,
  };

  it("the cost of a hundred messages with one observation equals a calculation by hand", () => {
    const { total } = costOf(usage, 100);
    expect(total).toBeCloseTo(3 * 0.4 + 1.04 + 2 + 0.15 + 4 * 0.001 + 0.001, 9);
  });

  it("the description shows the sum", () => {
    expect(describeCost(usage, 100)).toBe(
      "3 queue operations × $0.4 + 1.04 D1 rows written × $1 + 2 object rows written × $1 + 1 object requests × $0.15 + 4 D1 rows read × $0.001 + 1 object rows read × $0.001 = $4.40",
    );
  });

  it("every kind of usage is on the bill", () => {
    expect(
      costOf(usage, 1)
        .lines.map(({ billed }) => billed)
        .toSorted(),
    ).toEqual(Object.keys(usage).toSorted());
  });
});

describe("workload", () => {
  const workload: Workload = {
    group: "test",
    firstAttacker: 0,
    attackers: 3,
    mix: "session",
    from: 0,
    perAttacker: 2 * SESSION_PRIMITIVES,
    order: "in_turn",
    perMessage: 1,
    pointers: "by_day",
  };

  it("is the same each time, and every observation has its own key", () => {
    expect(eventsOf(workload)).toEqual(eventsOf(workload));
    const keys = eventsOf(workload).map(({ payload }) =>
      [payload.attacker_uuid, payload.primitive, payload.evidence_ref].join(),
    );
    expect(new Set(keys).size).toBe(3 * 2 * SESSION_PRIMITIVES);
  });

  it.each([
    ["by_day", 2],
    ["by_chance", 2],
    ["own", 2 * SESSION_PRIMITIVES],
  ] as const)("pointers %s: an attacker with two sessions has %d", (pointers, expected) => {
    const events = eventsOf({ ...workload, attackers: 1, pointers });
    expect(new Set(events.map(({ payload }) => payload.evidence_ref)).size).toBe(expected);
  });

  it.each(["session", "categorical", "numeric", "hash", "bag"] as const)(
    "%s: nothing of it is refused",
    (mix) => {
      const context = { receivedTs: 1_790_000_000, registry: createRegistry() };
      for (const body of messagesOf({ ...workload, mix, perMessage: 7 })) {
        for (const event of parseMessage(body, context)) expect(event.outcome).toBe("observation");
      }
    },
  );

  it("attackers have different UUIDs", () => {
    const uuids = Array.from({ length: 5_000 }, (_, i) => attackerUuidOf("a", i));
    expect(new Set(uuids).size).toBe(5_000);
  });
});
