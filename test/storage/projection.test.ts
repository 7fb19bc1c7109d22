import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { STATES } from "../../src/core/index.ts";
import type { HistoryEvent } from "../../src/storage/history/codec.ts";
import { type PackedProfile, projectEvents, retractPrimitives } from "../../src/storage/index.ts";
import { storedEvents } from "../setup/history.ts";
import { eventsFrom, provenChange, transition } from "./events.ts";

let projectedTs = 1;
const profile = (seq: number): PackedProfile => ({
  seq,
  projectedTs: (projectedTs += 1),
  policies: ["p"],
  states: [],
  suspected: null,
  evidence: null,
});

/** A database that adds up what D1 says of its batches, and may fail after one of them. */
function metered(failAfter = Infinity) {
  const used = { batches: 0, read: 0, written: 0 };
  const db = {
    prepare: (query: string) => env.DB.prepare(query),
    batch: async (statements: D1PreparedStatement[]) => {
      if (used.batches === failAfter) throw new Error("cut off");
      const results = await env.DB.batch(statements);
      used.batches += 1;
      for (const { meta } of results) {
        used.read += meta.rows_read;
        used.written += meta.rows_written;
      }
      return results;
    },
  };
  return { db: db as unknown as D1Database, used };
}

let identityUuid = "";

const project = (events: readonly HistoryEvent[], { db } = metered()) =>
  projectEvents(db, identityUuid, events, profile(events.at(-1)?.seq ?? 0));

const stored = async () =>
  (await storedEvents(env.DB, identityUuid)).map(({ seq, event }) => ({ seq, event }));

const attributions = async () => {
  const { results } = await env.DB.prepare(
    "SELECT primitive, state, seq FROM attributions WHERE identity_uuid = ?1 ORDER BY primitive, state",
  )
    .bind(identityUuid)
    .all<{ primitive: string; state: string; seq: number }>();
  return results;
};

/** A transition of a primitive into a state. */
function turn(seq: number, primitive: string, state: string): HistoryEvent {
  const event = transition(identityUuid, seq, { primitive });
  return { seq, event: JSON.stringify({ ...event, payload: { ...event.payload, new_state: state } }) };
}

beforeEach(async () => {
  identityUuid = crypto.randomUUID();
  await env.DB.prepare(
    "INSERT INTO attackers (uuid, identity_uuid, link_version, first_seen_ts, last_seen_ts) VALUES (?1, ?2, 1, 1, 1)",
  )
    .bind(crypto.randomUUID(), identityUuid)
    .run();
});

describe("[events in D1] a page of a drain", () => {
  it("of events about evidence leaves states and the time of the last change as they are", async () => {
    await project([turn(1, "p.a", "stable")]);
    const read = () =>
      env.DB.prepare("SELECT last_seq AS seq, last_change_ts AS ts FROM identities WHERE uuid = ?1")
        .bind(identityUuid)
        .first<{ seq: number; ts: number }>();
    const [before, states] = [await read(), await attributions()];
    const withdrawn = {
      type: "evidence.withdrawn",
      payload: { identity_uuid: identityUuid, primitive: "p.a", id: "i", new_state: "drifting" },
    };
    await project([
      { seq: 2, event: JSON.stringify(provenChange(identityUuid, 2)) },
      { seq: 3, event: JSON.stringify(withdrawn) },
      { seq: 4, event: JSON.stringify({ type: "of a later version", payload: {} }) },
    ]);
    expect(await read()).toEqual({ seq: 4, ts: before?.ts });
    expect(await attributions()).toEqual(states);
    expect(await stored()).toHaveLength(4);
  });

  it("is one row, with cursors that follow those of before", async () => {
    const other = crypto.randomUUID();
    await projectEvents(env.DB, other, eventsFrom(other, 1, 2), profile(2));
    const before = (await storedEvents(env.DB)).at(-1)?.cursor ?? 0;
    const events = eventsFrom(identityUuid, 1, 5);
    await project(events);
    const row = await env.DB.prepare(
      "SELECT cursor, seq, size, last_ts AS lastTs, typeof(event) AS type FROM events WHERE identity_uuid = ?1",
    )
      .bind(identityUuid)
      .all();
    expect(row.results).toEqual([
      { cursor: before + 5, seq: 5, size: 5, lastTs: 1_714_000_005, type: "blob" },
    ]);
    expect((await storedEvents(env.DB, identityUuid)).map(({ cursor }) => cursor - before)).toEqual([
      1, 2, 3, 4, 5,
    ]);
    expect(await stored()).toEqual(events);
  });

  it("writes two rows for its events, two for its identity, one for each first state, two for each changed one", async () => {
    const first = metered();
    await project([turn(1, "p.a", "unknown"), turn(2, "p.b", "unknown"), turn(3, "p.c", "stable")], first);
    expect(first.used).toMatchObject({ batches: 1, written: 2 + 2 + 3 });
    const second = metered();
    await project([turn(4, "p.a", "stable"), turn(5, "p.d", "unknown"), turn(6, "p.a", "drifting")], second);
    expect(second.used).toMatchObject({ batches: 1, written: 2 + 2 + 2 + 1 });
    expect(await attributions()).toEqual([
      { primitive: "p.a", state: "drifting", seq: 6 },
      { primitive: "p.b", state: "unknown", seq: 2 },
      { primitive: "p.c", state: "stable", seq: 3 },
      { primitive: "p.d", state: "unknown", seq: 5 },
    ]);
    expect(second.used.read).toBeLessThan(60);
  });

  it("without a transition writes no entry of the index by change", async () => {
    const { db, used } = metered();
    const event = { v: 1, id: "x", seq: 1, topic: "identity.formed", type: "formed", ts: 5, payload: {} };
    await project([{ seq: 1, event: JSON.stringify(event) }], { db, used });
    expect(used.written).toBe(2 + 1);
  });

  it("that comes twice writes nothing the second time", async () => {
    const events = [turn(1, "p.a", "unknown"), turn(2, "p.b", "stable"), turn(3, "p.a", "stable")];
    await project(events);
    const { db, used } = metered();
    await project(events, { db, used });
    expect(used).toMatchObject({ batches: 1, written: 0 });
    expect(await stored()).toEqual(events);
  });

  it.each([1, 4, 7, 8])(
    "that comes again with further events behind adds those (%d were stored)",
    async (known) => {
      const events = eventsFrom(identityUuid, 1, 8);
      for (let i = 0; i < known; i += 3) await project(events.slice(i, Math.min(i + 3, known)));
      await project(events);
      expect(await stored()).toEqual(events);
      const row = await env.DB.prepare("SELECT last_seq AS seq FROM identities WHERE uuid = ?1")
        .bind(identityUuid)
        .first("seq");
      expect(row).toBe(8);
    },
  );

  it("that is cut off before its second transaction is completed by the next attempt", async () => {
    const events = eventsFrom(identityUuid, 1, 8);
    await project(events.slice(0, 5));
    await expect(project(events, metered(1))).rejects.toThrow("cut off");
    await project(events);
    expect(await stored()).toEqual(events);
  });

  it("that two write at once, one with more events behind, is stored once", async () => {
    for (let round = 0; round < 5; round++) {
      identityUuid = crypto.randomUUID();
      const events = eventsFrom(identityUuid, 1, 9);
      const pages = [events, events.slice(0, 4), events.slice(0, 6), events];
      await Promise.all(pages.map((page) => project(page)));
      expect(await stored()).toEqual(events);
    }
    const cursors = (await storedEvents(env.DB)).map(({ cursor }) => cursor);
    expect(cursors).toEqual(cursors.map((_, i) => (cursors[0] ?? 0) + i));
  });

  it("from random cuts, repeats and faults, every event is stored once and in order", async () => {
    for (let round = 0; round < 20; round++) {
      identityUuid = crypto.randomUUID();
      const events = eventsFrom(identityUuid, 1, 30);
      for (let done = 0; done < 30;) {
        const page = events.slice(done, done + 1 + Math.floor(Math.random() * 12));
        const outcome = Math.floor(Math.random() * 4);
        // 0: D1 is cut off before or between; 1: the outbox is not told; else it is.
        const result = await project(
          page,
          metered(outcome === 0 ? Math.floor(Math.random() * 2) : Infinity),
        ).catch(() => null);
        if (result !== null && outcome > 1) done = page.at(-1)?.seq ?? done;
      }
      expect(await stored()).toEqual(events);
    }
  });

  it.each([0, 1, 2, 3, 4])(
    "with numbers that do not follow one another is stored in several rows (%d were stored)",
    async (known) => {
      const events = [...eventsFrom(identityUuid, 1, 2), ...eventsFrom(identityUuid, 5, 3)];
      if (known > 0) await project(events.slice(0, known));
      await project(events);
      expect(await stored()).toEqual(events);
    },
  );

  it("of long events that nothing repeats in is stored in rows far below 2 MB", async () => {
    const random = () => Array.from({ length: 20 }, () => crypto.randomUUID()).join("");
    const events = Array.from({ length: 10 }, (_, i) => {
      const event = transition(identityUuid, i + 1);
      const noise = Array.from({ length: 150 }, random).join("");
      return { seq: i + 1, event: JSON.stringify({ ...event, noise }) };
    });
    // The first attempt was cut off in the middle of a row.
    await project(events.slice(0, 2));
    await project(events);
    expect(await stored()).toEqual(events);
    const largest = await env.DB.prepare(
      "SELECT max(octet_length(event)) AS bytes FROM events WHERE identity_uuid = ?1",
    )
      .bind(identityUuid)
      .first<number>("bytes");
    expect(largest).toBeLessThan(400_000);
  });
});

describe("[read model] states of primitives", () => {
  it("there is one row for a primitive, whatever states it goes through, in one page or several", async () => {
    let seq = 0;
    for (const state of [...STATES, ...STATES.toReversed()]) await project([turn((seq += 1), "p.a", state)]);
    await project([turn(seq + 1, "p.a", "stable"), turn(seq + 2, "p.a", STATES[0])]);
    expect(await attributions()).toEqual([{ primitive: "p.a", state: STATES[0], seq: seq + 2 }]);
  });

  it("a late repeat of an earlier page changes nothing", async () => {
    const early = [turn(1, "p.a", "unknown")];
    await project(early);
    await project([turn(2, "p.a", "stable")]);
    await project(early);
    expect(await attributions()).toEqual([{ primitive: "p.a", state: "stable", seq: 2 }]);
  });

  it("retracted primitives go, unless a later event has added them again; other identities keep theirs", async () => {
    const other = crypto.randomUUID();
    await projectEvents(env.DB, other, [turn(1, "p.a", "stable")], profile(1));
    await project([turn(1, "p.a", "stable"), turn(2, "p.b", "drifting"), turn(3, "p.c", "stable")]);
    const removed = [
      { primitive: "p.a", seq: 3 },
      { primitive: "p.b", seq: 1 },
      { primitive: "p.none", seq: 3 },
    ];
    const { db, used } = metered();
    await retractPrimitives(db, identityUuid, removed, profile(3));
    expect((await attributions()).map(({ primitive }) => primitive)).toEqual(["p.b", "p.c"]);
    const left = await env.DB.prepare("SELECT count(*) AS n FROM attributions WHERE identity_uuid = ?1")
      .bind(other)
      .first("n");
    expect(left).toBe(1);
    expect(used.read).toBeLessThan(40);
  });
});
