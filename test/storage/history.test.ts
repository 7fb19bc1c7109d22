/** Readers of the history: packed rows beside rows of the version before, and cursors that point into the middle of a row. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { differenceOf } from "../../src/core/index.ts";
import { readEventHeads } from "../../src/overview/store.ts";
import type { HistoryEvent } from "../../src/storage/history/codec.ts";
import {
  readEventsAfter,
  readFollowed,
  readHistory,
  readSeqsAt,
  readStreamStart,
  readTransitions,
} from "../../src/storage/index.ts";
import { storedEvents, storePage, storeTexts } from "../setup/history.ts";
import { eventsFrom, transition } from "./events.ts";
import { countingDatabase } from "./counting-database.ts";

const [a, b] = [crypto.randomUUID(), crypto.randomUUID()];
/** All events of both, in the order of the history. */
const all: { readonly identityUuid: string; readonly seq: number; readonly event: string }[] = [];
const attackerUuid = crypto.randomUUID();

/** Stores the next events of an identity. */
async function store(uuid: string, count: number, how: typeof storePage | typeof storeTexts): Promise<void> {
  const from = all.filter(({ identityUuid }) => identityUuid === uuid).length + 1;
  const events = eventsFrom(uuid, from, count);
  await how(env.DB, uuid, events);
  all.push(...events.map((event) => ({ ...event, identityUuid: uuid })));
}

const own = (uuid: string) => all.filter(({ identityUuid }) => identityUuid === uuid);
const places = (events: readonly { readonly seq: number; readonly event: string }[]) =>
  events.map(({ seq, event }) => ({ seq, event }));

beforeAll(async () => {
  for (const uuid of [a, b]) {
    await env.DB.prepare("INSERT INTO attackers (uuid, identity_uuid, link_version) VALUES (?1, ?2, 1)")
      .bind(uuid === a ? attackerUuid : crypto.randomUUID(), uuid)
      .run();
  }
  await store(a, 4, storeTexts);
  await store(b, 2, storeTexts);
  await store(a, 5, storePage);
  await store(b, 1, storePage);
  await store(b, 4, storePage);
  await store(a, 2, storeTexts);
  await store(a, 1, storePage);
  await store(b, 7, storePage);
  await store(a, 3, storePage);
});

const LIMITS = [1, 2, 3, 5, 100];

describe("[events in D1] a reader may start and stop anywhere in a row", () => {
  it("cursors are dense, across both kinds of rows", async () => {
    const stored = await storedEvents(env.DB);
    expect(stored).toEqual(all.map((event, i) => ({ ...event, cursor: i + 1 })));
  });

  it.each([a, b])("the history of an identity, and its transitions (%#)", async (uuid) => {
    const events = places(own(uuid));
    for (let after = 0; after <= events.length; after++) {
      for (const limit of LIMITS) {
        const expected = events.slice(after, after + limit);
        expect(await readHistory(env.DB, uuid, after, limit)).toEqual(expected);
        for (const isOwn of [true, false]) {
          expect(await readTransitions(env.DB, uuid, isOwn, after, limit)).toEqual({
            identityUuid: uuid,
            events: expected,
          });
        }
      }
    }
    expect(await readTransitions(env.DB, crypto.randomUUID(), false, 0, 10)).toBeNull();
  });

  it("the history of everything", async () => {
    const expected = all.map(({ event, ...place }, i) => ({ ...place, cursor: i + 1, event }));
    for (let after = 0; after <= all.length; after++) {
      for (const limit of LIMITS) {
        const read = await readEventsAfter(env.DB, after, limit);
        expect(read).toEqual(
          expected
            .slice(after, after + limit)
            .map((each) => ({ ...each, topic: "attribution.profile.state_changed" })),
        );
      }
    }
    expect((await readStreamStart(env.DB)).newestCursor).toBe(all.length);
  });

  it("the events of several identities, each after a number of its own", async () => {
    for (let fromA = 0; fromA <= own(a).length; fromA += 2) {
      for (let fromB = 0; fromB <= own(b).length; fromB += 3) {
        for (const limit of LIMITS) {
          const seqs = new Map([
            [a, fromA],
            [b, fromB],
          ]);
          const { events, identityUuids, isKnown, newestCursor } = await readFollowed(
            env.DB,
            { kind: "attacker", uuid: attackerUuid },
            seqs,
            limit,
          );
          const expected = all.filter(({ identityUuid, seq }) => seq > (seqs.get(identityUuid) ?? 0));
          expect(events.map(({ identityUuid, seq, event }) => ({ identityUuid, seq, event }))).toEqual(
            expected.slice(0, limit).map(({ identityUuid, seq, event }) => ({ identityUuid, seq, event })),
          );
          expect({ identityUuids, isKnown, newestCursor }).toEqual({
            identityUuids: [a],
            isKnown: true,
            newestCursor: all.length,
          });
        }
      }
    }
  });

  it("the number of an identity's last event up to a cursor", async () => {
    const none = crypto.randomUUID();
    for (let cursor = 0; cursor <= all.length + 1; cursor++) {
      const seqs = await readSeqsAt(env.DB, [a, b, none], cursor);
      const upTo = (uuid: string) =>
        all.slice(0, cursor).findLast(({ identityUuid }) => identityUuid === uuid)?.seq ?? 0;
      expect([seqs.get(a), seqs.get(b), seqs.get(none)]).toEqual([upTo(a), upTo(b), 0]);
    }
  });

  it("the heads that the overview sums up", async () => {
    for (let after = 0; after <= all.length; after++) {
      for (const through of [after, after + 3, all.length]) {
        const heads = await readEventHeads(env.DB, after, through);
        expect(heads.map(({ cursor }) => cursor)).toEqual(
          all.slice(after, through).map((_, i) => after + i + 1),
        );
      }
    }
    const [head] = await readEventHeads(env.DB, 7, 8);
    const { payload } = transition(a, 6);
    expect(head).toEqual({
      cursor: 8,
      identityUuid: a,
      seq: 6,
      type: "profile.state_changed",
      ts: 1_714_000_006,
      oldState: "old_state" in payload ? payload.old_state : null,
      newState: "new_state" in payload ? payload.new_state : null,
    });
  });

  it("reads no more rows than hold the events, and one or two to know where they end", async () => {
    const uuid = crypto.randomUUID();
    for (let from = 1; from <= 500; from += 5) await storePage(env.DB, uuid, eventsFrom(uuid, from, 5));
    const newest = (await readStreamStart(env.DB)).newestCursor;
    const { db, take } = countingDatabase(env.DB);
    expect(await readHistory(db, uuid, 203, 100)).toHaveLength(100);
    expect(take()).toBeLessThanOrEqual(21 + 2);
    expect(await readEventsAfter(db, newest - 298, 100)).toHaveLength(100);
    expect(take()).toBeLessThanOrEqual(21 + 2);
    const seqs = new Map([[uuid, 203]]);
    const { events } = await readFollowed(db, { kind: "identity", uuid }, seqs, 100);
    expect(events).toHaveLength(100);
    // The list of identities, each with its number, is read as well.
    expect(take()).toBeLessThanOrEqual(2 * 21 + 10);
    expect(await readHistory(db, uuid, 495, 100)).toHaveLength(5);
    expect(take()).toBeLessThanOrEqual(3);
  });

  it("events that are missing hide none that follow: as when a database was set back, or others were removed", async () => {
    const [gappy, whole] = [crypto.randomUUID(), crypto.randomUUID()];
    const { newestCursor } = await readStreamStart(env.DB);
    const published: { identityUuid: string; seq: number }[] = [];
    const add = async (uuid: string, from: number, count: number) => {
      await storePage(env.DB, uuid, eventsFrom(uuid, from, count));
      for (let seq = from; seq < from + count; seq++) published.push({ identityUuid: uuid, seq });
    };
    await add(gappy, 90, 3);
    await add(whole, 1, 2);
    await add(gappy, 93, 2);
    await add(gappy, 200, 4);
    await add(whole, 3, 2);
    await add(gappy, 204, 1);
    await add(whole, 5, 6);
    await add(gappy, 900, 1);
    const read = published.filter(({ identityUuid }) => identityUuid === gappy).map(({ seq }) => seq);
    for (const limit of LIMITS) {
      for (let from = 0; from <= read.length; from++) {
        const page = await readHistory(env.DB, gappy, read[from - 1] ?? 0, limit);
        expect(page.map(({ seq }) => seq)).toEqual(read.slice(from, from + limit));
      }
      const seqs = new Map([
        [gappy, 0],
        [whole, 0],
      ]);
      const followed: typeof published = [];
      for (let isAtEnd = false; !isAtEnd;) {
        const { events, hasMore } = await readFollowed(
          env.DB,
          { kind: "identity", uuid: gappy },
          seqs,
          limit,
        );
        expect(events.length).toBeLessThanOrEqual(limit);
        for (const { identityUuid, seq } of events) {
          seqs.set(identityUuid, seq);
          followed.push({ identityUuid, seq });
        }
        isAtEnd = !hasMore;
      }
      expect(followed).toEqual(published);
    }
    // Cursors are missing as well.
    await env.DB.prepare("DELETE FROM events WHERE cursor <= ?1 OR (identity_uuid = ?2 AND seq = 4)")
      .bind(newestCursor, whole)
      .run();
    const left = published.filter(
      ({ identityUuid, seq }) => identityUuid !== whole || (seq !== 3 && seq !== 4),
    );
    for (const limit of LIMITS) {
      const events = await readEventsAfter(env.DB, 0, limit);
      expect(events).toHaveLength(Math.min(limit, left.length));
      expect(events.map(({ event }) => JSON.parse(event) as { seq: number }).map(({ seq }) => seq)).toEqual(
        left.slice(0, limit).map(({ seq }) => seq),
      );
    }
  });
});

describe("[events in D1] suspicions of the version before", () => {
  const suspicion = (uuid: string, seq: number, primitives: readonly string[]) => ({
    v: 1,
    id: `event-${seq}`,
    seq,
    topic: "attribution.profile.multi_actor_suspected",
    type: "profile.multi_actor_suspected",
    ts: 5,
    payload: { identity_uuid: uuid, primitives, evidence_summary: "some", confidence: 0.3, ts: 4 },
    policy: "pol_1",
  });

  it("that are stored as differences are read whole beside packed rows, from any start", async () => {
    const uuid = crypto.randomUUID();
    const lists = [["p.a"], ["p.a", "p.b"], ["p.b", "p.c"], ["p.a", "p.b", "p.c"]];
    const published = lists.map((primitives, i) => suspicion(uuid, i + 1, primitives));
    const texts = published.map((event, i): HistoryEvent => {
      const before = lists[i - 1];
      if (!before) return { seq: 1, event: JSON.stringify(event) };
      const { primitives, ...payload } = event.payload;
      const difference = { previous: i, ...differenceOf(before, primitives) };
      return { seq: i + 1, event: JSON.stringify({ ...event, payload, difference }) };
    });
    await storeTexts(env.DB, uuid, texts);
    const later = [5, 6].map((seq) => ({
      seq,
      event: JSON.stringify(suspicion(uuid, seq, ["p.a", `p.${seq}`])),
    }));
    await storePage(env.DB, uuid, later);
    const whole = [...published.map((event) => JSON.stringify(event)), ...later.map(({ event }) => event)];
    for (let after = 0; after < whole.length; after++) {
      for (const limit of LIMITS) {
        const read = await readHistory(env.DB, uuid, after, limit);
        expect(read.map(({ event }) => event)).toEqual(whole.slice(after, after + limit));
      }
    }
    // Retention has removed the one with the whole list.
    await env.DB.prepare("DELETE FROM events WHERE identity_uuid = ?1 AND seq = 1").bind(uuid).run();
    const [first] = await readHistory(env.DB, uuid, 0, 1);
    expect(JSON.parse(first?.event ?? "")).toMatchObject({
      truncated: true,
      payload: { primitives: ["p.b"] },
    });
  });
});

describe("[events in D1] large events", () => {
  it("1,000 events of 100 KB are read in pages, and nothing twice", async () => {
    const uuid = crypto.randomUUID();
    const long = "0123456789abcdef".repeat(6_250);
    for (let from = 1; from <= 1_000; from += 2) {
      await storePage(
        env.DB,
        uuid,
        eventsFrom(uuid, from, 2, (event) => ({ ...event, long })),
      );
    }
    let after = 0;
    for (let page = await readHistory(env.DB, uuid, after, 100); page.length > 0;) {
      expect(page.length).toBeLessThanOrEqual(100);
      expect(page.map(({ seq }) => seq)).toEqual(page.map((_, i) => after + 1 + i));
      expect(page[0]?.event.length).toBeGreaterThan(100_000);
      after = page.at(-1)?.seq ?? after;
      page = await readHistory(env.DB, uuid, after, 100);
    }
    expect(after).toBe(1_000);
  });
});
