/** What open pages do with news, without a browser: it is applied to what is known, and only a gap loads again. */
import { describe, expect, it } from "vitest";
import { afterNews, factsOf, STRIP_POINTS, withOlder } from "../../src/dashboard/identity-facts.ts";
import { overviewAfter } from "../../src/dashboard/overview-news.ts";
import type { AttributionEvent } from "../../src/dashboard/schemas.ts";
import { drawingOf } from "../../src/dashboard/series.ts";
import type { IdentityPage, Overview } from "../../src/http/dashboard/wire.ts";

const UUID = "44dcda6a-0000-4000-8000-8775a8501e2c";
const MODALITY = "motor.input_modality";

const transition = (seq: number, more: Partial<AttributionEvent["payload"]> = {}): AttributionEvent => ({
  v: 1,
  id: `e${seq}`,
  seq,
  topic: "attribution.profile.state_changed",
  type: "profile.state_changed",
  ts: seq,
  payload: {
    identity_uuid: UUID,
    primitive: MODALITY,
    old_state: null,
    new_state: "unknown",
    ts: seq * 60,
    ...more,
  },
});
const point = (n: number, value: unknown = "typed") => ({
  value,
  ts: n,
  evidence_ref: `r${n}`,
  attacker_uuid: "a",
});
const explained = (seq: number, recent: ReturnType<typeof point>[]): AttributionEvent => ({
  ...transition(seq),
  explanation: {
    rule: "not_clear",
    recent,
    older: [],
    entered: [],
    left: [],
    statistic: 0,
    threshold: 0,
    margin: 0,
  },
});

describe("[dashboard] an identity that is open", () => {
  const page: IdentityPage = {
    uuid: UUID,
    attacker_count: 1,
    first_seen_at: 1,
    last_seen_at: 2,
    attackers: [],
    merged_from: [],
    recent: [point(5), point(6)].map((each) => ({ primitive: MODALITY, is_cut: false, ...each })),
    last_seq: 8,
  };
  const open = factsOf(page, { data: [transition(7), transition(8)], before_seq: 7 }, 8);
  const refs = (facts: typeof open) => facts.points.get(MODALITY)?.map((each) => each.evidence_ref);
  const none = { events: [], observations: [] };

  it("an event is added behind those that are known, marked as new, and counted once", () => {
    const after = afterNews(open, { ...none, events: [transition(8), transition(9)] });
    expect(after?.events.map(({ id }) => id)).toEqual(["e7", "e8", "e9"]);
    expect([...(after?.fresh ?? [])]).toEqual(["e9"]);
    expect(after?.page.last_seq).toBe(9);
    expect(after?.newsCount).toBe(1);
  });

  it.each<[string, AttributionEvent]>([
    ["an event is missing", transition(10)],
    ["it was merged", { ...transition(9), type: "merged" }],
    ["it was unmerged", { ...transition(9), type: "unmerged" }],
  ])("everything is loaded again where %s", (_, event) => {
    expect(afterNews(open, { ...none, events: [event] })).toBeNull();
  });

  it("an observation takes its place in the series; a repeat replaces, and only the newest are kept", () => {
    const late = { primitive: MODALITY, ...point(4) };
    const again = { primitive: MODALITY, ...point(6, "pasted") };
    const after = afterNews(open, { ...none, observations: [again, late] });
    expect(after && refs(after)).toEqual(["r4", "r5", "r6"]);
    expect(after?.points.get(MODALITY)?.at(-1)?.value).toBe("pasted");
    const many = Array.from({ length: 100 }, (_, i) => ({ primitive: MODALITY, ...point(10 + i) }));
    const full = afterNews(open, { ...none, observations: many });
    expect(full && refs(full)).toHaveLength(STRIP_POINTS);
    expect(full && refs(full)?.at(-1)).toBe("r109");
  });

  it("older events come before, and what they were decided by is drawn, but digests are not", () => {
    const older = explained(6, [point(1), point(2, { sha256: "ab", bytes: 300 }), point(5, "other")]);
    const after = withOlder(open, { data: [older], before_seq: null });
    expect(after.events.map(({ id }) => id)).toEqual(["e6", "e7", "e8"]);
    expect(after.beforeSeq).toBeNull();
    expect(refs(after)).toEqual(["r1", "r5", "r6"]);
    expect(after.points.get(MODALITY)?.[1]?.value).toBe("typed");
  });

  it("counts events about evidence, after which the evidence is loaded again", () => {
    expect(open.evidenceCount).toBe(0);
    const changed = { ...transition(9), topic: "attribution.evidence.changed", type: "evidence.changed" };
    const facts = afterNews(open, { events: [changed], observations: [] });
    expect(facts?.evidenceCount).toBe(1);
    const later = facts && afterNews(facts, { events: [transition(10)], observations: [] });
    expect(later?.evidenceCount).toBe(1);
    expect(later?.events.map(({ seq }) => seq)).toEqual([7, 8, 9, 10]);
  });

  it("loaded again, it marks as new what came since it was opened", () => {
    const again = factsOf(page, { data: [transition(8), transition(9)], before_seq: 8 }, 8);
    expect([...again.fresh]).toEqual(["e9"]);
  });
});

describe("[dashboard] an overview that is open", () => {
  const overview: Overview = {
    event_count: 10,
    turns: [{ hour_ts: 0, old_state: null, new_state: "unknown", count: 2 }],
    active: [{ uuid: "other", transitions: 1, last_ts: 5 }],
    suspicions: [{ uuid: UUID, primitives: ["a.b", "c.d"], primitive_count: 2, ts: 1 }],
    totals: {
      observations: 1,
      attackers: 1,
      identities: 1,
      events: 12,
      states: { unknown: 2, stable: 0, drifting: 0, conflicted: 0, multi_actor: 0 },
      deferred: 0,
      dead_letters: 0,
      outbox_pending: 0,
      queue_backlog: null,
      evidence: { unchanged: 1, changed_within_day: 0, several_operators: 0 },
    },
  };

  it("a transition counts in its hour, for its identity and in the states now", () => {
    const first = transition(1);
    const next = transition(2, { old_state: "unknown", new_state: "stable", ts: 4_000 });
    const after = overviewAfter(overview, [first, next]);
    expect(after.turns).toEqual([
      { hour_ts: 0, old_state: null, new_state: "unknown", count: 3 },
      { hour_ts: 3_600, old_state: "unknown", new_state: "stable", count: 1 },
    ]);
    expect(after.active).toEqual([
      { uuid: UUID, transitions: 2, last_ts: 4_000 },
      { uuid: "other", transitions: 1, last_ts: 5 },
    ]);
    expect(after.totals).toMatchObject({ events: 14, states: { unknown: 2, stable: 1 } });
    expect(after.event_count).toBe(12);
  });

  it("a suspicion takes the place of the identity's one before, in front of all others", () => {
    const primitives = Array.from({ length: 30 }, (_, i) => `p.x${i}`);
    const event: AttributionEvent = {
      ...transition(3),
      type: "profile.multi_actor_suspected",
      payload: { identity_uuid: UUID, primitives, ts: 9 },
    };
    expect(overviewAfter(overview, [event]).suspicions).toEqual([
      { uuid: UUID, primitives: primitives.slice(0, 20), primitive_count: 30, ts: 9 },
    ]);
  });

  it("what is not known stays so", () => {
    const unknown = { ...overview, totals: { ...overview.totals, events: null, states: null } };
    expect(overviewAfter(unknown, [transition(1)]).totals).toMatchObject({ events: null, states: null });
  });
});

describe("[dashboard] a chart", () => {
  it("gets numbers with their means, or lanes in the order in which values first came", () => {
    expect(drawingOf([point(1, 10), point(2, 20)], null)).toEqual({
      kind: "line",
      times: [1, 2],
      values: [10, 20],
      means: [10, 13],
      lanes: [],
    });
    expect(drawingOf([point(1, "b"), point(2, "a"), point(3, "b")], null)).toEqual({
      kind: "bands",
      times: [1, 2, 3],
      values: [0, 1, 0],
      means: [],
      lanes: ['"b"', '"a"'],
    });
  });
});
