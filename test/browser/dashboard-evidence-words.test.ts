/** Evidence in words, without a browser: what a header says, where rule and evidence disagree, why as many operators. */
import { describe, expect, it } from "vitest";
import { disagreementOf, type RuleView } from "../../src/dashboard/disagreement.ts";
import { quantityOf } from "../../src/dashboard/domains.ts";
import {
  drawnEs,
  type EvidencePath,
  pathLabel,
  powersIn,
  pointWords,
  rangeOf,
} from "../../src/dashboard/evidence-path.ts";
import {
  changeWords,
  eWords,
  type Sentence,
  shiftWords,
  storyOf,
} from "../../src/dashboard/evidence-words.ts";
import { eventWords, evidenceWhyWords } from "../../src/dashboard/explain.ts";
import {
  commandsWords,
  estimateWords,
  habitsOf,
  sessionWords,
  switchesOf,
} from "../../src/dashboard/operator-words.ts";
import type {
  AttributionEvent,
  Evidence,
  Explanation,
  Operators,
  ProvenChange,
  SeriesEvidence,
} from "../../src/dashboard/schemas.ts";

const DAY = 86_400;
const at = (month: number, day: number, year = 2026) => new Date(year, month - 1, day, 12).getTime() / 1_000;
const NOW = at(3, 20);
const BEACON = "toolchain.c2.beacon_interval_ms";

const numbers = (median: number, count = 30) => ({
  count,
  median,
  quartiles: [median, median] as [number, number],
});
const shares = (of: Readonly<Record<string, number>>, count = 30) => ({
  count,
  shares: Object.entries(of).map(([value, share]) => ({ value, share })),
});

const change = (more: Partial<ProvenChange> = {}): ProvenChange => ({
  id: "c",
  ts: at(3, 13),
  since_ts: at(3, 12),
  e: 5_432,
  before: numbers(140),
  after: numbers(230),
  effect: 0.64,
  ...more,
});

const series = (more: Partial<SeriesEvidence> = {}): SeriesEvidence => ({
  primitive: BEACON,
  e: 1.31,
  threshold: 3_200,
  noted_ts: null,
  observations: 214,
  regime_since_ts: at(3, 12),
  likeliest_ts: null,
  effect: null,
  changes: [],
  ...more,
});

const sessions = (...groups: readonly number[]): Operators["assignment"] =>
  groups.map((operator, i) => ({
    start_ts: at(3, 12) + i * 3_600,
    end_ts: at(3, 12) + i * 3_600 + 900,
    attacker_uuid: "5e1f0c7a-3b1d-4a80-9d55-000000000001",
    operator,
    probability: 0.93,
  }));

const operators = (more: Partial<Operators> = {}): Operators => ({
  estimate: 1,
  sessions: 10,
  active: 0,
  gain: 3,
  needed: 10,
  primitives: [BEACON],
  groups: [],
  assignment: sessions(0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  ...more,
});

const evidence = (change_: readonly SeriesEvidence[], more: Partial<Evidence> = {}): Evidence => ({
  identity_uuid: "i",
  policy: "p",
  e: 1,
  change: [...change_],
  operators: operators(),
  commands: null,
  ...more,
});

const plainOf = (sentence: Sentence) =>
  sentence.map((part) => (typeof part === "string" ? part : part.words)).join("");
const told = (given: Evidence) => storyOf(given, NOW).sentences.map(plainOf);

describe("[dashboard evidence] words", () => {
  it.each([
    [0, "0"],
    [0.000_01, "under 0.001"],
    [0.523, "0.52"],
    [1, "1"],
    [1.31, "1.3"],
    [154, "150"],
    [5_432, "5,400"],
    [2_345_678, "2.3 million"],
  ])("E of %d is %s", (e, words) => {
    expect(eWords(e)).toBe(words);
  });

  it.each([
    [BEACON, { name: "beacon interval", unit: "ms" }],
    ["toolchain.c2.beacon_jitter_pct", { name: "beacon jitter", unit: "%" }],
    ["motor.input_modality", { name: "input modality", unit: "" }],
    ["motor.shell_mastery.tab_completion", { name: "tab completion", unit: "" }],
    ["custom.ms", { name: "ms", unit: "" }],
  ])("%s measures %o", (primitive, quantity) => {
    expect(quantityOf(primitive)).toEqual(quantity);
  });

  it.each<[string, Parameters<typeof shiftWords>, string]>([
    ["numbers with their unit", [numbers(140), numbers(230), "ms"], "went from 140 to 230 ms"],
    ["the same median", [numbers(140), numbers(140), "ms"], "spreads differently around 140 ms"],
    ["nothing left on a side", [{ ...numbers(1), median: null, quartiles: null }, numbers(2), ""], "changed"],
    ["erased values", [null, null, ""], "changed; its values have been erased"],
    [
      "the values that fell and rose most",
      [shares({ typed: 0.9, pasted: 0.1 }), shares({ pasted: 0.9, typed: 0.1 }), ""],
      "`typed` went from 90 % to 10 %, `pasted` went from 10 % to 90 %",
    ],
    [
      "a value that is new",
      [shares({ a: 1 }), shares({ a: 0.5, b: 0.3, c: 0.2 }), ""],
      "`a` went from 100 % to 50 %, `b` went from 0 % to 30 %",
    ],
    [
      "digests of long values",
      [{ count: 1, shares: [{ value: { digest: "00ff00ff00ff00ff" }, share: 1 }] }, shares({ b: 1 }), ""],
      "`digest 00ff00ff00ff…` went from 100 % to 0 %, `b` went from 0 % to 100 %",
    ],
  ])("a shift: %s", (_, given, words) => {
    expect(shiftWords(...given)).toBe(words);
  });

  it("a change with its effect", () => {
    expect(changeWords(BEACON, change())).toBe(
      "beacon interval went from 140 to 230 ms (median +64 %, E = 5,400).",
    );
    const modality = change({
      before: shares({ typed: 1 }),
      after: shares({ typed: 0.2, pasted: 0.8 }),
      effect: 0.8,
    });
    expect(changeWords("motor.input_modality", modality)).toBe(
      "input modality: `typed` went from 100 % to 20 %, `pasted` went from 0 % to 80 % (80 % of the values differ, E = 5,400).",
    );
    expect(changeWords(BEACON, change({ before: null, after: null, effect: null }))).toBe(
      "beacon interval changed; its values have been erased (E = 5,400).",
    );
  });

  it("never says who, or what somebody is", () => {
    const all = [
      ...told(evidence([series({ changes: [change()] })])),
      estimateWords(operators({ estimate: 2, gain: 40 })).why,
      commandsWords({ sessions: 9, last: { score: 1, p: 0.01 } }),
    ];
    expect(all.join(" ")).not.toMatch(/somebody|someone|person|human|bot\b|machine|model\b/i);
  });
});

describe("[dashboard evidence] the header", () => {
  it("alike since when, and over how many sessions", () => {
    expect(told(evidence([series()]))).toEqual(["Has behaved alike since 12 March, 10 sessions."]);
    expect(storyOf(evidence([series()]), NOW).level).toBe("none");
  });

  it("of the last sessions only so many are known", () => {
    const many = operators({ sessions: 64, assignment: sessions(...Array<number>(64).fill(0)) });
    expect(told(evidence([series()], { operators: many }))).toEqual([
      "Has behaved alike since 12 March, at least 64 sessions (214 observations of a primitive).",
    ]);
  });

  it("a date of another year says so", () => {
    expect(told(evidence([series({ regime_since_ts: at(12, 3, 2025) })]))[0]).toContain(
      "since 3 December 2025,",
    );
  });

  it("too few observations to tell anything", () => {
    const few = evidence([series({ observations: 15 })]);
    expect(told(few)).toEqual([
      "Too few observations to tell whether anything changed: 15 observations of a primitive at most, 16 are needed.",
    ]);
    expect(storyOf(few, NOW).level).toBe("few");
    expect(storyOf(evidence([series({ observations: 16 })]), NOW).level).toBe("none");
    expect(told(evidence([series({ changes: [change()], observations: 15 })]))[1]).toBe(
      "Since then too few observations to tell more: 15 observations of a primitive at most, 16 are needed.",
    );
  });

  it("a proven change: when, what, how sure; and what holds since", () => {
    const given = evidence([series({ changes: [change()], observations: 40 })]);
    expect(told(given)).toEqual([
      "Changed on 12 March: beacon interval went from 140 to 230 ms (E = 5,400).",
      "Has behaved alike since then, 10 sessions.",
    ]);
    expect(storyOf(given, NOW).level).toBe("changed");
  });

  it("changes that began together are told together, the strongest first; earlier ones are not", () => {
    const all = [
      series({ changes: [change({ since_ts: at(2, 1) }), change({ since_ts: at(3, 12) + 60, e: 4_000 })] }),
      series({
        primitive: "motor.input_modality",
        changes: [change({ e: 9_000, before: shares({ typed: 0.9 }), after: shares({ typed: 0.1 }) })],
      }),
      series({ primitive: "motor.old_one", changes: [change({ since_ts: at(2, 1) })] }),
    ];
    expect(told(evidence(all))[0]).toBe(
      "Changed on 12 March: input modality: `typed` went from 90 % to 10 % (E = 9,000); beacon interval went from 140 to 230 ms (E = 4,000).",
    );
    const five = Array.from({ length: 5 }, (_, i) =>
      series({ primitive: `motor.p${i}`, changes: [change()] }),
    );
    expect(told(evidence(five))[0]).toMatch(/; and 2 more primitives\.$/);
  });

  it("a change that is likely but not proven", () => {
    const noted = series({ e: 154, noted_ts: at(3, 14), likeliest_ts: at(3, 12) });
    expect(told(evidence([noted]))).toEqual([
      "A change of beacon interval on about 12 March is likely but not proven (E = 150 of 3,200).",
    ]);
    expect(storyOf(evidence([noted]), NOW).level).toBe("noted");
    expect(told(evidence([{ ...noted, e: 40 }]))).toEqual([
      "A change of beacon interval on about 12 March is likely but not proven (E = 40 of 3,200; it reached 100 on 14 March).",
    ]);
  });

  it("nothing was observed yet", () => {
    expect(told(evidence([]))).toEqual([]);
  });
});

describe("[dashboard evidence] where rule and evidence disagree", () => {
  const member = { value: 1, ts: 1, evidence_ref: "e", attacker_uuid: "a" };
  const explained = (rule: string, recent = 5, older = 5): Explanation => ({
    rule,
    recent: Array.from({ length: recent }, () => member),
    older: Array.from({ length: older }, () => member),
    entered: [],
    left: [],
    statistic: 0,
    threshold: 0,
    margin: 0,
  });
  const rule = (state: RuleView["state"], more: Partial<RuleView> = {}): RuleView => ({
    state,
    lastChangeTs: at(3, 10),
    lastObservationTs: at(3, 19),
    explanation: explained("mean_shifted"),
    ...more,
  });
  const TEN = "The rule looks at the last 10 observations";

  it.each<[string, RuleView, SeriesEvidence, number | null, string | null]>([
    [
      "drifting, E small",
      rule("drifting"),
      series({ e: 5.2 }),
      1,
      `${TEN}. Over all 214 observations, the values are what one sees in up to 1 of 5 series that never change (E = 5.2).`,
    ],
    [
      "drifting, nothing at all",
      rule("drifting"),
      series({ e: 0.4 }),
      1,
      `${TEN}. Over all 214 observations, nothing speaks for a change (E = 0.4).`,
    ],
    [
      "conflicted, E about 1",
      rule("conflicted", { explanation: null }),
      series(),
      null,
      "The rule looks at the newest observations only. Over all 214 observations, the values are what one sees in most series that never change (E = 1.3).",
    ],
    [
      "a hash that rotates as it always did",
      rule("drifting", { explanation: explained("few_rotations", 2, 0) }),
      series({ e: 0.9 }),
      1,
      "The rule counts the values of the last day only. Over all 214 observations, nothing speaks for a change (E = 0.9).",
    ],
    [
      "drifting, after a change that is older",
      rule("drifting", { lastChangeTs: at(3, 18) }),
      series({ e: 0.9, observations: 80, changes: [change()] }),
      1,
      `${TEN}. Over the 80 observations since the change on 12 March, nothing speaks for a change (E = 0.9).`,
    ],
    ["drifting, proven since", rule("drifting"), series({ changes: [change()] }), 1, null],
    ["drifting, noted", rule("drifting"), series({ e: 150, noted_ts: at(3, 15) }), 1, null],
    [
      "multi-actor, one operator",
      rule("multi_actor"),
      series({ e: 0.9 }),
      1,
      `${TEN}. Over all 214 observations, nothing speaks for a change (E = 0.9). Nor do the sessions tell several operators apart: one who alternates looks the same to the rule.`,
    ],
    [
      "multi-actor, two operators",
      rule("multi_actor"),
      series({ e: 0.9 }),
      2,
      `${TEN}. Over all 214 observations, nothing speaks for a change (E = 0.9). Taking turns is no change: the sessions are best explained by 2 operators.`,
    ],
    [
      "stable, but proven to have changed",
      rule("stable"),
      series({ changes: [change()] }),
      1,
      `${TEN}; all of them came after the change that began on 12 March, and they agree with one another. Evidence compares all 274 (E = 5,400).`,
    ],
    [
      "stable, but a change is likely",
      rule("stable"),
      series({ e: 150, noted_ts: at(3, 15), likeliest_ts: at(3, 12) }),
      1,
      `${TEN}, and among those nothing moved enough to count. Over all 214 observations a change around 12 March is likely but not proven (E = 150 of 3,200).`,
    ],
    [
      "stable, the change is among what the rule compares",
      rule("stable"),
      series({ observations: 2, changes: [change({ after: numbers(150, 6) })] }),
      1,
      `${TEN}, and among those nothing moved enough to count. Evidence compares all 38, and proves a change that began on 12 March (E = 5,400).`,
    ],
    ["stable, nothing", rule("stable"), series(), 1, null],
    [
      "stable, changed long ago",
      rule("stable", { lastObservationTs: at(3, 13) + 31 * DAY }),
      series({ changes: [change()] }),
      1,
      null,
    ],
    ["unknown", rule("unknown"), series({ changes: [change()] }), 1, null],
    ["too few observations", rule("drifting"), series({ observations: 15 }), 1, null],
    ["as of before the series is followed", rule("drifting"), series({ e: null }), 1, null],
  ])("%s", (_, ruled, given, estimate, words) => {
    expect(disagreementOf(ruled, given, estimate, NOW)).toBe(words);
  });
});

describe("[dashboard evidence] operators", () => {
  const two = operators({
    estimate: 2,
    sessions: 8,
    gain: 41.26,
    needed: 9,
    active: 1,
    assignment: sessions(0, 1, 1, 0, 0, 1, 0, 1),
    groups: [0, 1].map((operator) => ({
      operator,
      sessions: 4,
      share: 0.5,
      first_ts: at(3, 12),
      last_ts: at(3, 13),
      values: {
        [BEACON]: numbers(operator === 0 ? 100 : 110),
        "motor.input_modality": shares(operator === 0 ? { typed: 0.9, pasted: 0.1 } : { pasted: 1 }),
      },
    })),
  });

  it("two, and why", () => {
    expect(estimateWords(two)).toEqual({
      estimate: "Two operators",
      why: "All 8 sessions are better explained by 2 than by fewer (gain in log-likelihood 41.3, where 9 is needed). From one session to the next the operator changes 5 times; the last session is of operator 1.",
    });
    expect(switchesOf(two)).toBe(5);
  });

  it.each<[string, Partial<Operators>, string, RegExp]>([
    [
      "one",
      {},
      "One operator",
      /^One explains all 10 sessions as well as several would \(gain in log-likelihood 3, where 10 is needed\)\.$/,
    ],
    [
      "one despite the gain",
      { gain: 20 },
      "One operator",
      /^Several would explain all 10 sessions better .*close together\.$/,
    ],
    [
      "few sessions",
      { gain: null, needed: null, sessions: 5 },
      "Taken as one operator",
      /^5 sessions, of 8 that are needed/,
    ],
    [
      "nothing varies",
      { gain: null, needed: null },
      "One operator",
      /^Nothing .* differs in all 10 sessions\.$/,
    ],
    ["none", { sessions: 0, assignment: [] }, "No sessions yet", /./],
  ])("%s", (_, more, estimate, why) => {
    expect(estimateWords(operators(more)).estimate).toBe(estimate);
    expect(estimateWords(operators(more)).why).toMatch(why);
  });

  it("what tells an operator apart comes first", () => {
    expect(habitsOf(two, 0)).toEqual(["input modality `typed` 90 %", "beacon interval 100 ms"]);
    expect(habitsOf(two, 1)).toEqual(["input modality `pasted` 100 %", "beacon interval 110 ms"]);
  });

  it("a session: which, when, whose, how sure", () => {
    expect(sessionWords(two, 2)).toMatch(
      /^Session 3 of 8, .*\d\d:\d\d:\d\d.*, 15 minutes: operator 1, probability 93 %, attacker 5e1f0c7a$/,
    );
    expect(sessionWords(two, 99)).toBe("");
  });

  it.each<[Evidence["commands"], string | null]>([
    [null, null],
    [{ sessions: 0, last: null }, null],
    [
      { sessions: 3, last: { score: null, p: null } },
      "Too few sessions with commands (3) to say how usual the last one is.",
    ],
    [
      { sessions: 40, last: { score: 1.234, p: 0.42 } },
      "The commands of the last session are as usual for this identity (p = 0.42, score 1.23).",
    ],
    [
      { sessions: 40, last: { score: 6, p: 0.02 } },
      "The commands of the last session are unusual for this identity (p = 0.02, score 6).",
    ],
  ])("commands: %o", (commands, words) => {
    expect(commandsWords(commands)).toBe(words);
  });
});

describe("[dashboard evidence] E over time", () => {
  const path: EvidencePath = {
    times: [1, 2, 3, 4],
    es: [1, 0, 120, 9_999],
    firstNumber: 11,
    threshold: 3_200,
  };

  it("the axis reaches from below 1 to above both lines, and has a place for 0", () => {
    expect(rangeOf(path)).toEqual([0.001, 29_997]);
    expect(drawnEs(path)).toEqual([1, 0.001, 120, 9_999]);
    expect(rangeOf({ ...path, es: [1] })).toEqual([0.3, 9_600]);
  });

  it("the axis is named at powers of ten, not too many", () => {
    expect(powersIn([0.3, 9_600])).toEqual([1, 10, 100, 1_000]);
    expect(powersIn([0.001, 29_997])).toEqual([0.01, 1, 100, 10_000]);
  });

  it.each([
    [0, /^Observation 11, .*: E = 1; no evidence of a change$/],
    [2, /^Observation 13, .*: E = 120; noted: a change is likely but not proven$/],
    [3, /^Observation 14, .*: E = 10,000; a change is proven, a new regime starts$/],
    [9, /^$/],
  ])("observation at %d", (place, words) => {
    expect(pointWords(path, place)).toMatch(words);
  });

  it("is told as a whole", () => {
    expect(pathLabel(BEACON, path)).toBe(
      `${BEACON}: E over time on a logarithmic axis, 4 observations, 1 proven change, E now 10,000; noted from 100, changed from 3,200`,
    );
  });
});

describe("[dashboard evidence] events", () => {
  const event = (kind: string, payload: AttributionEvent["payload"]): AttributionEvent => ({
    v: 1,
    id: "e",
    seq: 1,
    topic: `attribution.evidence.${kind}`,
    type: `evidence.${kind}`,
    ts: NOW,
    payload,
  });

  it("each kind has its words", () => {
    const changed = event("changed", { primitive: BEACON, ...change() });
    expect(eventWords(changed)).toBe(
      "proven change: beacon interval went from 140 to 230 ms (median +64 %, E = 5,400).",
    );
    expect(evidenceWhyWords(changed)).toMatch(
      /^With this observation E reached 5,400; .* 1 of 5,400 cases\. It most likely began /,
    );
    expect(eventWords(event("withdrawn", { primitive: BEACON, id: "c" }))).toMatch(/no longer stands/);
    const several = event("operators", {
      estimate: 2,
      old_estimate: 1,
      sessions: 40,
      gain: 30,
      needed: 9,
      active: 1,
    });
    expect(eventWords(several)).toBe("operators: 1 → 2, told apart in 40 sessions");
    expect(evidenceWhyWords(several)).toBe(
      "A gain of 30 in log-likelihood, where 9 is needed; the last session is of operator 1.",
    );
    expect(evidenceWhyWords(event("withdrawn", {}))).toBeNull();
  });
});
