/** What the dashboard works out by itself, without a browser: words, orders, counts over time, where keys lead. */
import { describe, expect, it } from "vitest";
import { byDomain } from "../../src/dashboard/domains.ts";
import { shownExplanation, whyWords, windowMembers } from "../../src/dashboard/explain.ts";
import { afterEvent, isStillFitting, select } from "../../src/dashboard/rows.ts";
import { type AttributionEvent, type Explanation, stateExplanation } from "../../src/dashboard/schemas.ts";
import type { Row } from "../../src/http/dashboard/wire.ts";
import { drawingOf, gridOf, kindOf, laneNames, movingMeans } from "../../src/dashboard/series.ts";
import { countsOverTime } from "../../src/dashboard/states-over-time.ts";
import { stepOf } from "../../src/dashboard/timeline-steps.ts";
import { ago, axisTimes, counted, duration, shortValue, valueWords } from "../../src/dashboard/words.ts";

const member = (value: unknown, n: number) => ({
  value,
  ts: n,
  evidence_ref: `e${n}`,
  attacker_uuid: "a",
});

const ENVELOPE = {
  v: 1,
  id: "1",
  seq: 1,
  topic: "attribution.profile.state_changed",
  type: "profile.state_changed",
} as const;

function explained(overrides: Partial<Explanation>): AttributionEvent {
  const explanation: Explanation = {
    rule: "not_clear",
    recent: [1, 2, 3, 4, 5].map((n) => member(`v${n}`, n)),
    older: [],
    entered: [{ evidence_ref: "e5", attacker_uuid: "a" }],
    left: [],
    statistic: 0.6,
    threshold: 0.8,
    margin: 0.2,
    ...overrides,
  };
  return { ...ENVELOPE, ts: 1, payload: {}, explanation };
}

describe("[§5 explanation] in plain words", () => {
  it.each<[Partial<Explanation>, string, string]>([
    [
      { rule: "too_few_observations", statistic: 1, threshold: 3, margin: 2 },
      "Only 1 informative observation so far; a state needs 3.",
      "2 observations",
    ],
    [
      { rule: "clear_without_older", statistic: 0.8, threshold: 0.8, margin: 0 },
      "4 of the latest 5 observations agree; 4 are needed. There is no earlier window to compare with, so this is where it starts.",
      "0 observations",
    ],
    [
      { rule: "clear_as_before", statistic: 1, threshold: 0.8, margin: 0.2 },
      "5 of the latest 5 observations agree; 4 are needed. The window before agreed on the same value.",
      "1 observation",
    ],
    [
      { rule: "clear_but_changed", statistic: 1, threshold: 0.8, margin: 0.2 },
      "5 of the latest 5 observations agree; 4 are needed. The window before agreed on another value.",
      "1 observation",
    ],
    [
      { rule: "clear_after_unclear", statistic: 0.8, threshold: 0.8, margin: 0 },
      "4 of the latest 5 observations agree; 4 are needed. The window before agreed on none.",
      "0 observations",
    ],
    [
      { rule: "not_clear", statistic: 0.6, threshold: 0.8, margin: 0.2 },
      "No value is frequent enough: the most frequent has 3 of the latest 5; 4 are needed.",
      "1 observation",
    ],
    [
      { rule: "alternating", statistic: 4, threshold: 2, margin: 2 },
      "Exactly two values take turns: 4 changes from one observation to the next, where 2 make an alternation.",
      "2 changes",
    ],
    [
      { rule: "variation_above_conflict", statistic: 1.234_5, threshold: 1, margin: 0.234_5 },
      "The latest values scatter: their variation (CV) is 1.23, above 1.",
      "0.234",
    ],
    [
      { rule: "variation_within_conflict", statistic: 0.25, threshold: 1, margin: 0.75 },
      "The latest values lie together: their variation (CV) is 0.25, not above 1. There is no earlier window to compare with.",
      "0.75",
    ],
    [
      { rule: "mean_shifted", statistic: 0.34, threshold: 0.3, margin: 0.04 },
      "The mean (EWMA) moved by 34 % from the window before; 30 % count as drift.",
      "4 percentage points",
    ],
    [
      { rule: "mean_held", statistic: 0.29, threshold: 0.3, margin: 0.01 },
      "The mean (EWMA) moved by 29 % from the window before, less than the 30 % that count as drift.",
      "1 percentage point",
    ],
    [
      { rule: "no_rotation", statistic: 0, threshold: 0, margin: 0 },
      "One value only within the window of a day.",
      "0 rotations",
    ],
    [
      { rule: "few_rotations", statistic: 1, threshold: 2, margin: 1 },
      "The value rotated 1 time within the window; up to 2 count as drift.",
      "1 rotation",
    ],
    [
      { rule: "many_rotations", statistic: 4, threshold: 2, margin: 2 },
      "The value rotated 4 times within the window, more than the 2 that count as drift.",
      "2 rotations",
    ],
    [
      { rule: "of_a_later_version", statistic: 4, threshold: 2, margin: 2 },
      "The rule of_a_later_version compared 4 with 2.",
      "2",
    ],
  ])("%o", (overrides, decided, margin) => {
    expect(whyWords(explained(overrides))).toEqual([
      "Came in: v5.",
      decided,
      `Margin: ${margin}.`,
      "5 observations in the recent window.",
    ]);
  });

  it("a bag of words: the number of its words, no hashes and no margin", () => {
    const bag = ["0123456789abcdef", "0123456789abcdef", "fedcba9876543210"];
    const event = explained({
      rule: "bag_has_no_state",
      recent: [member({ sha256: "ab".repeat(32), bytes: 300 }, 5)],
      statistic: 0,
      threshold: 0,
      margin: 0,
    });
    const withValue = { ...event, payload: { current_value: bag } };
    expect(whyWords(withValue)).toEqual([
      "Came in: 3 words (2 distinct).",
      "Bags of words have no state: only evidence reads them.",
      "1 observation in the recent window.",
    ]);
    expect(shownExplanation(withValue)?.recent).toEqual([member(bag, 5)]);
    expect(valueWords(["0123456789abcdef"])).toBe("1 word (1 distinct)");
    expect(valueWords(["curve25519-sha256", "0123456789abcdef"])).toBe(
      '["curve25519-sha256","0123456789abcdef"]',
    );
  });

  it("bags are recognized by their rule, or else by their values, and are not drawn", () => {
    const bag = ["0123456789abcdef"];
    expect(kindOf([], stateExplanation(explained({ rule: "bag_has_no_state" })) ?? null)).toBe("bags");
    expect(kindOf([["plain"]], stateExplanation(explained({ rule: "bag_has_no_state" })) ?? null)).toBe(
      "bags",
    );
    expect(kindOf([bag, bag], null)).toBe("bags");
    expect(kindOf([bag, ["x"]], null)).toBe("bands");
    expect(kindOf([], null)).toBe("bands");
    expect(drawingOf([{ value: bag, ts: 1 }], null)).toMatchObject({ kind: "bags", times: [1] });
  });

  it("names what came in and counts what left, of both windows", () => {
    const older = [member("w", 0)];
    const entered = [1, 2, 3, 4, 5].map((n) => ({ evidence_ref: `e${n}`, attacker_uuid: "a" }));
    const event = explained({ older, entered, left: entered.slice(0, 2) });
    expect(whyWords(event).slice(0, 2)).toEqual([
      "Came in: …, v2, v3, v4, v5.",
      "2 observations left the windows.",
    ]);
    expect(whyWords(event).at(-1)).toBe("5 observations in the recent window, 1 in the one before.");
    const explanation = stateExplanation(event);
    const listed = explanation ? windowMembers(explanation) : [];
    expect(listed.map(({ value, window, isNew }) => [value, window, isNew])).toEqual([
      ...["v5", "v4", "v3", "v2", "v1"].map((value) => [value, "recent", true]),
      ["w", "older", false],
    ]);
  });

  it("says nothing where no explanation was kept", () => {
    const { explanation: _, ...bare } = explained({});
    expect(whyWords(bare)).toEqual([]);
  });
});

const row = (uuid: string, more: Partial<Row> = {}): Row => ({
  uuid,
  attacker_count: 1,
  first_seen_at: null,
  last_seen_at: null,
  last_change_ts: null,
  states: { stable: 0, drifting: 0, conflicted: 0, multi_actor: 0, unknown: 0 },
  multi_actor_suspected: null,
  evidence: { e: null, changed_ts: null, operators: null },
  addresses: [],
  troubled: [],
  ...more,
});

describe("[dashboard] rows", () => {
  const states = (more: Partial<Row["states"]>) => ({ ...row("").states, ...more });
  const rows = [
    row("aaa", { last_change_ts: 3, addresses: ["192.0.2.9"], states: states({ drifting: 9 }) }),
    row("bbb", { last_change_ts: 1, attacker_count: 4, states: states({ multi_actor: 1 }) }),
    row("ccc", {
      last_seen_at: 8,
      troubled: [{ primitive: "motor.input_modality", state: "conflicted" }],
      states: states({ conflicted: 1 }),
    }),
  ];
  const order = (found: readonly Row[]) => found.map(({ uuid }) => uuid).join(" ");

  it.each([
    ["change", false, "aaa bbb ccc"],
    ["change", true, "ccc bbb aaa"],
    ["seen", false, "ccc aaa bbb"],
    ["attackers", false, "bbb aaa ccc"],
    ["trouble", false, "bbb ccc aaa"],
    ["address", true, "bbb ccc aaa"],
  ] as const)("sorted by %s, ascending: %s", (sort, isAscending, expected) => {
    expect(order(select(rows, { text: "", sort, isAscending }))).toBe(expected);
  });

  it.each([
    ["192.0.2", "aaa"],
    [" BBB ", "bbb"],
    ["modality", "ccc"],
    ["nothing", ""],
  ])("found by %j: %j", (text, expected) => {
    expect(order(select(rows, { text, sort: "change", isAscending: false }))).toBe(expected);
  });

  it("a transition moves one primitive from its old state to its new one, and ends a suspicion of one", () => {
    const before = row("x", {
      states: states({ multi_actor: 2 }),
      multi_actor_suspected: ["a.b", "c.d"],
      troubled: [
        { primitive: "a.b", state: "multi_actor" },
        { primitive: "c.d", state: "multi_actor" },
      ],
    });
    const payload = { primitive: "a.b", old_state: "multi_actor", new_state: "stable", ts: 7 } as const;
    const after = afterEvent(before, { ...ENVELOPE, ts: 9, payload });
    expect(after).toMatchObject({
      states: states({ multi_actor: 1, stable: 1 }),
      multi_actor_suspected: null,
      troubled: [{ primitive: "c.d", state: "multi_actor" }],
      last_change_ts: 7,
    });
    const any = { state: null, primitive: null, evidence: null, changedSinceTs: 0 };
    expect(isStillFitting(before, { ...any, state: "multi_actor", primitive: "a.b" })).toBe(true);
    expect(isStillFitting(after, { ...any, state: "multi_actor", primitive: "a.b" })).toBe(false);
    expect(isStillFitting(after, { ...any, state: "multi_actor" })).toBe(true);
    expect(isStillFitting(after, { ...any, state: "drifting" })).toBe(false);
    expect(isStillFitting(after, { ...any, primitive: "a.b" })).toBe(true);
  });
});

describe("[dashboard] rows by evidence", () => {
  const judged = (uuid: string, evidence: Partial<Row["evidence"]> = {}) =>
    row(uuid, { evidence: { e: 1, changed_ts: null, operators: 1, ...evidence } });
  const rows = [
    judged("calm"),
    judged("calmer", { e: 0.2 }),
    judged("noted", { e: 9 }),
    judged("old", { changed_ts: 50 }),
    judged("new", { changed_ts: 150 }),
    judged("two", { operators: 2, e: 40 }),
    judged("unread", { e: null, operators: null }),
  ];
  it.each([
    ["unchanged", "calm calmer noted two unread"],
    ["noted", "noted two"],
    ["changed", "old new"],
    ["changed_within_day", "new"],
    ["several_operators", "two"],
  ] as const)("%s: %s", (evidence, expected) => {
    const filter = { state: null, primitive: null, evidence, changedSinceTs: 100 };
    const found = rows.filter((each) => isStillFitting(each, filter));
    expect(found.map(({ uuid }) => uuid).join(" ")).toBe(expected);
  });

  it.each([
    ["e", "two noted calm calmer old new unread"],
    ["evidence_changed", "new old calm calmer noted two unread"],
  ] as const)("sorted by %s, those without it in the order in which they came", (sort, expected) => {
    const found = select(rows, { text: "", sort, isAscending: false });
    expect(found.map(({ uuid }) => uuid).join(" ")).toBe(expected);
  });

  it("an event about evidence changes its row", () => {
    const base = rows[0] ?? judged("");
    const event = (type: string, payload: AttributionEvent["payload"]) => ({
      ...ENVELOPE,
      type,
      ts: 9,
      payload,
    });
    const changed = afterEvent(base, event("evidence.changed", { primitive: "a.b", ts: 70 }));
    expect(changed.evidence).toEqual({ e: 1, changed_ts: 70, operators: 1 });
    expect(changed.states).toEqual(base.states);
    const several = afterEvent(changed, event("evidence.operators", { estimate: 2, old_estimate: 1 }));
    expect(several.evidence.operators).toBe(2);
    expect(afterEvent(base, event("evidence.withdrawn", { primitive: "a.b", id: "c" }))).toEqual(base);
  });
});

describe("[dashboard] states over time", () => {
  const HOUR = 3_600;
  const turns = [
    { hour_ts: 0, old_state: null, new_state: "unknown" as const, count: 3 },
    { hour_ts: HOUR, old_state: "unknown" as const, new_state: "stable" as const, count: 2 },
    { hour_ts: 5 * HOUR, old_state: "stable" as const, new_state: "drifting" as const, count: 1 },
  ];
  const none = { stable: 0, drifting: 0, conflicted: 0, multi_actor: 0, unknown: 0 };
  const now = { ...none, stable: 1, drifting: 1, unknown: 1 };

  it("goes back from what is now through what turned, to where it began", () => {
    expect(countsOverTime(now, turns, -1)).toEqual({
      times: [0, HOUR, 2 * HOUR, 6 * HOUR],
      counts: [
        [0, 0, 2, 1],
        [0, 0, 0, 1],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [0, 3, 1, 1],
      ],
    });
  });

  it("begins where the stretch begins, with what was then", () => {
    const { times, counts } = countsOverTime(now, turns, 3 * HOUR);
    expect(times).toEqual([3 * HOUR, 6 * HOUR]);
    expect(counts[0]).toEqual([2, 1]);
  });

  it("is empty where nothing turned", () => {
    expect(countsOverTime(none, [], 0).times).toEqual([]);
  });
});

describe("[dashboard] keys on the timeline", () => {
  const lanes = [
    [
      { id: "a1", ts: 1 },
      { id: "a9", ts: 9 },
    ],
    [
      { id: "b4", ts: 4 },
      { id: "b6", ts: 6 },
    ],
  ];
  it.each([
    ["a1", "ArrowRight", "a9"],
    ["a9", "ArrowRight", null],
    ["a9", "ArrowLeft", "a1"],
    ["a1", "ArrowDown", "b4"],
    ["a9", "ArrowDown", "b6"],
    ["b6", "ArrowUp", "a9"],
    ["b4", "ArrowUp", "a1"],
    ["a1", "ArrowUp", null],
    ["b6", "Home", "b4"],
    ["b4", "End", "b6"],
    ["b4", "x", null],
    ["gone", "ArrowDown", null],
  ])("from %s by %s to %s", (from, key, to) => {
    expect(stepOf(lanes, from, key)).toBe(to);
  });
});

describe("[dashboard] words", () => {
  it("domains come in the fixed order, the rest by name after", () => {
    const names = ["zeta.a", "toolchain.b", "motor.b", "motor.a", "alpha.a", "cultural.a"];
    const groups = byDomain(names.map((primitive) => ({ primitive })));
    expect(groups.map(({ domain }) => domain)).toEqual(["motor", "cultural", "toolchain", "alpha", "zeta"]);
    expect(groups[0]?.members.map(({ primitive }) => primitive)).toEqual(["motor.a", "motor.b"]);
  });

  it("lengths of time, counts and values", () => {
    expect(duration(3 * 86_400)).toBe("3 days");
    expect(duration(3_600)).toBe("1 hour");
    expect(duration(5)).toBe("moments");
    expect(ago(1_000, 4_700)).toBe("1 hour ago");
    expect(ago(10_000, 4_700)).toBe("in 1 hour");
    expect(counted(1, "identity", "identities")).toBe("1 identity");
    expect(counted(5_009, "identity", "identities")).toBe("5,009 identities");
    expect(shortValue(["a", "b"])).toBe('["a","b"]');
    expect(shortValue(`${"a".repeat(50)}end`, 20)).toBe("aaaaaaaaaaaaa…aaaend");
    expect(shortValue({ sha256: "0123456789abcdef", bytes: 300 })).toBe("sha256:0123456789ab… (300 bytes)");
    expect(shortValue(undefined)).toBe("erased");
  });

  it("names of lanes can be told apart", () => {
    const lanes = ['["aaaaaaaaaa","bbb"]', '["aaaaaaaaaa","ccc"]', '"short"', `"${"9".repeat(30)}"`];
    expect(laneNames(lanes, 12)).toEqual(['…"bbb"]', '…"ccc"]', "short", "99999999999…"]);
  });

  it("an axis has not too many lines, on round times, and names the day where it begins", () => {
    const morningTs = new Date(2026, 2, 10, 10).getTime() / 1_000;
    const day = { fromTs: morningTs, toTs: morningTs + 86_400 };
    const { times, stepSecs } = gridOf(day, 8);
    expect(stepSecs).toBe(3 * 3_600);
    expect(times.length).toBeGreaterThan(6);
    expect(times.length).toBeLessThanOrEqual(9);
    expect(gridOf(day, 3).times.length).toBeLessThanOrEqual(4);
    const names = axisTimes(times, stepSecs);
    expect(names[0]).toMatch(/^\d\d:\d\d\n/);
    expect(names.filter((name) => name.includes("\n"))).toHaveLength(2);
    expect(axisTimes([0, 86_400], 86_400)[1]).not.toContain(":");
  });

  it("the moving mean is the EWMA of the last five", () => {
    const means = movingMeans([60, 60, 60, 60, 60, 100, 100, 100, 100, 100]);
    expect(means.map((mean) => Number(mean.toFixed(3)))).toEqual([
      60, 60, 60, 60, 60, 72, 80.4, 86.28, 90.396, 100,
    ]);
  });
});
