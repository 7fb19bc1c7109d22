/** What takes something out of the history: an erasure, and the retention. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { HistoryEvent } from "../../src/storage/history/codec.ts";
import { deleteHistory, readHistory, redactEvent, redactHistory } from "../../src/storage/index.ts";
import { storedEvents, storePage, storeTexts } from "../setup/history.ts";
import { eventsFrom, provenChange, transition } from "./events.ts";

const erased = crypto.randomUUID();
const kept = crypto.randomUUID();
let identityUuid = "";

beforeEach(() => {
  identityUuid = crypto.randomUUID();
});

/** A transition by one of the two attackers. */
const turn = (seq: number, attackerUuid: string): HistoryEvent => ({
  seq,
  event: JSON.stringify(transition(identityUuid, seq, { attackerUuid })),
});

/** Redacts to the end. @returns how many calls it took, and the most queries of one */
async function redactAll(db: D1Database = env.DB): Promise<number> {
  let calls = 0;
  for (let afterSeq: number | null = 0; afterSeq !== null; calls++) {
    if (calls > 1_000) throw new Error("the redaction must come to an end");
    afterSeq = await redactHistory(db, erased, identityUuid, afterSeq);
  }
  return calls;
}

const expected = (events: readonly HistoryEvent[]) =>
  events.map(({ seq, event }) => ({ seq, event: JSON.stringify(redactEvent(JSON.parse(event), erased)) }));

describe("[erasure] an event", () => {
  it("a transition loses its explanation and its value, if the attacker is in it; else it is the same object", () => {
    const event = transition(identityUuid, 3, { attackerUuid: erased });
    const { explanation: _, ...others } = event as typeof event & { explanation?: unknown };
    const redacted = redactEvent(event, erased);
    expect(redacted).toEqual({ ...others, payload: { ...event.payload, current_value: null } });
    expect(JSON.stringify(redacted)).not.toContain(erased);
    expect(redactEvent(redacted, erased)).toBe(redacted);
    expect(redactEvent(event, kept)).toBe(event);
  });

  it.each(["formed", "merged", "unmerged"])(
    "%s loses the attacker from its list; fields keep their order",
    (type) => {
      const event = {
        v: 1,
        type,
        payload: { x: 1, observation_uuids: [kept, erased], y: 2 },
        truncated: true,
      };
      expect(JSON.stringify(redactEvent(event, erased))).toBe(
        JSON.stringify({ ...event, payload: { x: 1, observation_uuids: [kept], y: 2 } }),
      );
      const other = { ...event, payload: { x: erased, observation_uuids: [kept] } };
      expect(redactEvent(other, erased)).toBe(other);
    },
  );

  it("a proven change loses its summaries, its effect and its explanation, whoever they name", () => {
    const event = provenChange(identityUuid, 3, { attackerUuid: kept });
    const { explanation: _, ...others } = event as typeof event & { explanation?: unknown };
    const redacted = redactEvent(event, erased);
    expect(redacted).toEqual({
      ...others,
      payload: { ...event.payload, before: null, after: null, effect: null },
    });
    expect(Object.keys(redacted as object)).toEqual(Object.keys(others));
    expect(redactEvent(redacted, erased)).toBe(redacted);
  });

  it.each([
    null,
    "text",
    [erased],
    { type: "profile.state_changed", payload: erased },
    { type: "profile.multi_actor_suspected", payload: { evidence_summary: erased } },
    { type: "merged", payload: { loser_uuid: erased } },
  ])("%j stays as it is", (event) => {
    expect(redactEvent(event, erased)).toBe(event);
  });
});

describe("[erasure] the history of an identity", () => {
  it("loses the attacker in both kinds of rows, and keeps everything else", async () => {
    const events = Array.from({ length: 12 }, (_, i) => turn(i + 1, i % 3 === 0 ? erased : kept));
    await storeTexts(env.DB, identityUuid, events.slice(0, 4));
    await storePage(env.DB, identityUuid, events.slice(4, 9));
    await storePage(env.DB, identityUuid, events.slice(9));
    const before = await storedEvents(env.DB, identityUuid);
    expect(await redactAll()).toBe(1);
    const after = await storedEvents(env.DB, identityUuid);
    expect(after.map(({ seq, event }) => ({ seq, event }))).toEqual(expected(events));
    expect(after.map(({ cursor }) => cursor)).toEqual(before.map(({ cursor }) => cursor));
    expect(JSON.stringify(after)).not.toContain(erased);
    expect(await readHistory(env.DB, identityUuid, 0, 100)).toEqual(expected(events));
  });

  it("loses what its proven changes were made of, in both kinds of rows, once", async () => {
    const events = Array.from({ length: 9 }, (_, i): HistoryEvent => {
      const seq = i + 1;
      if (i % 2 === 0) return turn(seq, kept);
      return { seq, event: JSON.stringify(provenChange(identityUuid, seq, { attackerUuid: kept })) };
    });
    await storeTexts(env.DB, identityUuid, events.slice(0, 4));
    await storePage(env.DB, identityUuid, events.slice(4));
    expect(await redactAll()).toBe(1);
    const after = (await storedEvents(env.DB, identityUuid)).map(({ seq, event }) => ({ seq, event }));
    expect(after).toEqual(expected(events));
    expect(after.filter(({ event }) => event.includes('"before":null'))).toHaveLength(4);
    expect(await redactAll()).toBe(1);
    expect((await storedEvents(env.DB, identityUuid)).map(({ seq, event }) => ({ seq, event }))).toEqual(
      after,
    );
  });

  it("that has nothing of the attacker is not written to", async () => {
    await storePage(env.DB, identityUuid, [turn(1, kept), turn(2, kept)]);
    let queries = 0;
    const counting = new Proxy(env.DB, {
      get: (target, name) => {
        if (name === "prepare") queries++;
        const member: unknown = Reflect.get(target, name);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    expect(await redactAll(counting)).toBe(1);
    expect(queries).toBe(1);
  });

  it("of many rows is redacted in pages", async () => {
    for (let from = 1; from <= 2_400; from += 2) {
      await storePage(env.DB, identityUuid, [turn(from, erased), turn(from + 1, kept)]);
    }
    expect(await redactAll()).toBeGreaterThan(2);
    expect(JSON.stringify(await storedEvents(env.DB, identityUuid))).not.toContain(erased);
  });

  it("of rows as large as they may be, in which nothing repeats, fits into the parameters of D1", async () => {
    const noise = () =>
      Array.from(crypto.getRandomValues(new Uint8Array(30_000)), (byte) =>
        String.fromCharCode(33 + (byte % 90)),
      ).join("");
    const events: HistoryEvent[] = [];
    for (let from = 1; from <= 30; from += 6) {
      const page = Array.from({ length: 6 }, (_, i) => {
        const event = transition(identityUuid, from + i, { attackerUuid: erased });
        return { seq: from + i, event: JSON.stringify({ ...event, noise: noise() }) };
      });
      events.push(...page);
      await storePage(env.DB, identityUuid, page);
    }
    await redactAll();
    expect(await readHistory(env.DB, identityUuid, 0, 100)).toEqual(expected(events));
  });

  it("that another erasure redacts at the same time loses both attackers", async () => {
    const events = Array.from({ length: 40 }, (_, i) => turn(i + 1, i % 2 === 0 ? erased : kept));
    for (let from = 0; from < 40; from += 4)
      await storePage(env.DB, identityUuid, events.slice(from, from + 4));
    let interfere = true;
    // The other one writes between the read and the write of this one.
    const racing = new Proxy(env.DB, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (name !== "prepare") return typeof member === "function" ? member.bind(target) : member;
        return (query: string) => {
          const statement = target.prepare(query);
          if (!query.includes("UPDATE") || !interfere) return statement;
          interfere = false;
          return {
            bind: (...values: unknown[]) => ({
              run: async () => {
                for (let after: number | null = 0; after !== null;) {
                  after = await redactHistory(env.DB, kept, identityUuid, after);
                }
                return statement.bind(...values).run();
              },
            }),
          };
        };
      },
    });
    await redactAll(racing);
    const text = JSON.stringify(await storedEvents(env.DB, identityUuid));
    expect(text).not.toContain(erased);
    expect(text).not.toContain(kept);
  });
});

describe("[retention] the history", () => {
  const seqs = async () => (await storedEvents(env.DB)).map(({ seq }) => seq);

  it("loses rows by the last of their events, old texts by their own; the newest row stays", async () => {
    await env.DB.prepare("DELETE FROM events").run();
    // `ts` of event n is 1,714,000,000 + n.
    const events = eventsFrom(identityUuid, 1, 20);
    const page = (from: number, to: number) =>
      storePage(env.DB, identityUuid, events.slice(from - 1, to), 1_714_000_000 + to);
    await storeTexts(env.DB, identityUuid, events.slice(0, 3));
    await page(4, 9);
    await storeTexts(env.DB, identityUuid, events.slice(9, 10));
    await page(11, 15);
    await page(16, 20);
    const from = (n: number) => Array.from({ length: 21 - n }, (_, i) => n + i);
    expect(await deleteHistory(env.DB, 1_714_000_001, 100)).toBe(0);
    expect(await deleteHistory(env.DB, 1_714_000_003, 100)).toBe(2);
    expect(await seqs()).toEqual(from(3));
    // The last event of the row is not old yet.
    expect(await deleteHistory(env.DB, 1_714_000_009, 100)).toBe(1);
    expect(await seqs()).toEqual(from(4));
    expect(await deleteHistory(env.DB, 1_714_000_010, 1)).toBe(1);
    expect(await seqs()).toEqual(from(10));
    expect(await deleteHistory(env.DB, 2_000_000_000, 100)).toBe(2);
    expect(await seqs()).toEqual(from(16));
    expect(await deleteHistory(env.DB, 2_000_000_000, 100)).toBe(0);
    const newest = await env.DB.prepare("SELECT max(cursor) FROM events").first();
    await storePage(env.DB, identityUuid, eventsFrom(identityUuid, 21, 2));
    expect(Object.values(newest ?? {})).toEqual([(await storedEvents(env.DB)).at(-3)?.cursor]);
  });
});
