/** The rows of the outbox: few, in whole batches, and what comes out is what went in. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { type IdentityHead, newIdentityHead, type OutboundEvent } from "../../src/core/index.ts";
import { HeadRow } from "../../src/identity/store/head-row.ts";
import { Outbox } from "../../src/identity/store/outbox.ts";
import { Tables } from "../../src/identity/store/tables.ts";
import { inObject } from "../setup/identity-object.ts";
import { provenChange } from "../storage/events.ts";
import { metered, type Rows } from "./metered.ts";

const IDENTITY = "00000000-0000-4000-8000-0000000000aa";
const ATTACKER = "00000000-0000-4000-8000-000000000001";
const PAGE = [100, 200_000] as const;

function onStore<T>(
  act: (store: {
    readonly sql: SqlStorage;
    readonly outbox: Outbox;
    readonly take: () => Rows;
    /** The same store as a new object reads it. */
    readonly reopened: () => Outbox;
  }) => T,
): Promise<T> {
  return inObject(env.IDENTITIES.getByName(crypto.randomUUID()), (plain) => {
    const { sql, take } = metered(plain);
    const reopened = () => new Outbox(sql, new Tables(sql), new HeadRow(sql));
    new Tables(sql).create();
    const outbox = reopened();
    expect(outbox.isEmpty).toBe(true);
    take();
    return act({ sql, outbox, take, reopened });
  });
}

function headAt(seq: number): IdentityHead {
  return { ...newIdentityHead(IDENTITY), seq };
}

function changed(seq: number, filling = ""): OutboundEvent {
  return {
    v: 1,
    id: `id-${seq}`,
    seq,
    topic: "attribution.profile.state_changed",
    type: "profile.state_changed",
    ts: 1_000 + seq,
    payload: {
      identity_uuid: IDENTITY,
      primitive: "p.a",
      old_state: null,
      new_state: "unknown",
      current_value: { "10": filling, "9": [] },
      confidence: 0,
      observation_count: 1,
      ts: 5,
    },
    policy: "p",
    explanation: { attackers: [ATTACKER] } as never,
  };
}

function suspected(seq: number, primitives: readonly string[]): OutboundEvent {
  return {
    v: 1,
    id: `id-${seq}`,
    seq,
    topic: "attribution.profile.multi_actor_suspected",
    type: "profile.multi_actor_suspected",
    ts: 1_000 + seq,
    payload: {
      identity_uuid: IDENTITY,
      primitives,
      evidence_summary: `${primitives.length} primitives flagged multi_actor`,
      confidence: 0.6,
      ts: 5,
    },
    policy: "p",
  };
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Takes pages until nothing waits. */
function drained(outbox: Outbox): string[] {
  const events: string[] = [];
  while (!outbox.isEmpty) {
    const page = outbox.next(...PAGE);
    expect(page.length).toBeLessThanOrEqual(PAGE[0]);
    events.push(...page.map(({ event }) => event));
    outbox.deleteThrough(page.at(-1)?.seq ?? 0);
  }
  return events;
}

describe("[design] the rows of the outbox", () => {
  it("events and head of a commit are one row, and so is their removal; no table is created", () =>
    onStore(({ sql, outbox, take, reopened }) => {
      const events = numbers(1, 30).map((seq) => changed(seq));
      outbox.add(headAt(30), events);
      expect(take().written).toBe(1);
      expect(outbox.pending()).toEqual({ count: 30, oldestTs: 1_001 });
      expect(reopened().pending()).toEqual({ count: 30, oldestTs: 1_001 });
      take();
      outbox.add(headAt(31), [changed(31)]);
      expect(take().written).toBe(1);
      const page = outbox.next(...PAGE);
      expect(page.map(({ event }) => event)).toEqual(
        [...events, changed(31)].map((event) => JSON.stringify(event)),
      );
      // What was added while the page was published stays.
      outbox.add(headAt(32), [changed(32)]);
      take();
      outbox.deleteThrough(31);
      expect(take().written).toBe(1);
      expect(
        reopened()
          .next(...PAGE)
          .map(({ seq }) => seq),
      ).toEqual([32]);
      outbox.deleteThrough(32);
      expect(outbox.isEmpty).toBe(true);
      expect(reopened().isEmpty).toBe(true);
      expect(new HeadRow(sql).head).toEqual(headAt(32));
      expect(new Tables(sql).has("outbox")).toBe(false);
    }));

  it("of a long outage have a row for each commit, and pages are whole rows in their order", () =>
    onStore(({ sql, outbox, reopened }) => {
      const all: OutboundEvent[] = [];
      for (const size of [60, 30, 30, 250, 1, 70, 31]) {
        const events = numbers(all.length + 1, all.length + size).map((seq) => changed(seq, "é".repeat(40)));
        all.push(...events);
        outbox.add(headAt(all.length), events);
      }
      expect(sql.exec("SELECT seq, size, due_ts FROM outbox").toArray()).toEqual([
        { seq: 120, size: 30, due_ts: 1_091 },
        { seq: 220, size: 100, due_ts: 1_121 },
        { seq: 320, size: 100, due_ts: 1_221 },
        { seq: 370, size: 50, due_ts: 1_321 },
        { seq: 371, size: 1, due_ts: 1_371 },
        { seq: 441, size: 70, due_ts: 1_372 },
        { seq: 472, size: 31, due_ts: 1_442 },
      ]);
      expect(outbox.pending()).toEqual({ count: 472, oldestTs: 1_001 });
      expect(outbox.next(...PAGE).map(({ seq }) => seq)).toEqual(numbers(1, 90));
      const other = reopened();
      expect(drained(other)).toEqual(all.map((event) => JSON.stringify(event)));
      expect(sql.exec("SELECT * FROM outbox").toArray()).toEqual([]);
      expect(new HeadRow(sql).head?.seq).toBe(472);
    }));

  it("a growing suspicion is stored as differences, and read whole", () =>
    onStore(({ sql, outbox, reopened }) => {
      const names = numbers(1, 400).map((i) => `a.primitive.with.a.long.name.${String(i).padStart(4, "0")}`);
      const events = numbers(1, 400).map((seq) =>
        suspected(seq, seq % 50 === 0 ? names.slice(seq / 2) : names.slice(0, seq + 1)),
      );
      outbox.add(headAt(400), events);
      const { bytes } = sql.exec("SELECT sum(length(events)) AS bytes FROM outbox").one();
      expect(bytes).toBeLessThan(events.reduce((sum, event) => sum + JSON.stringify(event).length, 0) / 8);
      const other = reopened();
      expect(other.next(...PAGE)[5]?.suspected).toEqual(names.slice(0, 7));
      expect(drained(other)).toEqual(events.map((event) => JSON.stringify(event)));
    }));

  it("an event larger than a page is a page of its own", () =>
    onStore(({ outbox, reopened }) => {
      const events = [changed(1), changed(2, "x".repeat(300_000)), changed(3)];
      outbox.add(headAt(3), events);
      expect(outbox.next(...PAGE).map(({ seq }) => seq)).toEqual([1]);
      expect(drained(reopened())).toEqual(events.map((event) => JSON.stringify(event)));
    }));

  it("an erasure takes what proven changes were made of out of every event that waits", () =>
    onStore(({ outbox, reopened }) => {
      const proven = (seq: number) => provenChange(IDENTITY, seq, { attackerUuid: ATTACKER });
      outbox.add(headAt(2), [proven(1), changed(2)]);
      outbox.add(
        headAt(150),
        numbers(3, 150).map((seq) => (seq % 70 === 0 ? proven(seq) : changed(seq))),
      );
      outbox.redact("somebody else");
      const events = drained(reopened()).map((event): Record<string, unknown> => JSON.parse(event));
      expect(events).toHaveLength(150);
      const redacted = events.filter(({ type }) => type === "evidence.changed");
      expect(redacted.map(({ seq }) => seq)).toEqual([1, 70, 140]);
      for (const event of redacted) {
        expect(event).not.toHaveProperty("explanation");
        expect(event).toMatchObject({ payload: { before: null, after: null, effect: null, e: 3_456.789 } });
      }
      // Of others only those that name the attacker.
      expect(events.filter((event) => "explanation" in event)).toHaveLength(147);
    }));

  it("an erased attacker is taken out of every event that waits", () =>
    onStore(({ outbox, reopened }) => {
      outbox.add(
        headAt(150),
        numbers(1, 150).map((seq) => (seq === 7 ? suspected(seq, ["a", "b"]) : changed(seq))),
      );
      outbox.redact("somebody else");
      expect(outbox.next(...PAGE)[0]?.event).toContain(ATTACKER);
      outbox.redact(ATTACKER);
      const events = drained(reopened());
      expect(events.join()).not.toContain(ATTACKER);
      expect(events).toHaveLength(150);
      expect(JSON.parse(events[149] ?? "")).toMatchObject({ seq: 150, payload: { current_value: null } });
    }));
});
