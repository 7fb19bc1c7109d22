/** Records in pages: each is found again, and a save writes the pages that it concerns, once. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Member, PrimitiveRecord } from "../../src/core/index.ts";
import { Records } from "../../src/identity/store/records.ts";
import { Tables } from "../../src/identity/store/tables.ts";
import { inObject } from "../setup/identity-object.ts";
import { metered, type Rows } from "./metered.ts";

const ATTACKER = "00000000-0000-4000-8000-000000000001";

/** Runs something on the SQLite of an object with the tables of a new store. */
function onStore<T>(act: (sql: SqlStorage, take: () => Rows) => T): Promise<T> {
  return inObject(env.IDENTITIES.getByName(crypto.randomUUID()), (plain) => {
    new Tables(plain).create();
    const { sql, take } = metered(plain);
    return act(sql, take);
  });
}

/** A record with so many members, each with the pointer of its session. */
function record(count: number, pointer = (i: number) => `cowrie:sensor-a/${i}`): PrimitiveRecord {
  const newest = Array.from({ length: count }, (_, i): Member => ({
    value: `"value ${i % 2}"`,
    ts: 1_700_000_000.25 + i,
    evidenceRef: pointer(i),
    attackerUuid: ATTACKER,
  }));
  const lastTs = newest.at(-1)?.ts ?? 0;
  return {
    attribution: {
      currentValue: '"value 0"',
      state: "stable",
      confidence: 0.8,
      observationCount: count + 5,
      lastChangeTs: 1_700_000_000.25,
      lastObservationTs: lastTs,
    },
    tail: { kind: "categorical", count: count + 5, informative: count + 3, lastTs, newest },
    policyId: "5,3,4,0.6,2,0.3,0.3,1,2,86400",
    kept: null,
  };
}

/** Bytes that differ by their number, and by the name of a primitive. */
const bytes = (length: number, name = "") => {
  const salt = 1 + 2 * Number(name.replaceAll(/\D/g, ""));
  return Uint8Array.from({ length }, (_, i) => (i * 31 * salt + length) % 256);
};

const names = (count: number, prefix = "p") =>
  Array.from({ length: count }, (_, i) => `${prefix}.${String(i).padStart(4, "0")}`);

const recordsOf = (primitives: readonly string[], of: (primitive: string) => PrimitiveRecord) =>
  new Map(primitives.map((primitive) => [primitive, of(primitive)]));

function pagesOf(sql: SqlStorage) {
  return sql
    .exec<{ primitives: string; size: number }>(
      "SELECT primitives, length(body) AS size FROM states ORDER BY page",
    )
    .toArray()
    .map(({ primitives, size }) => ({ primitives: JSON.parse(primitives) as string[], size }));
}

describe("[design] records in pages", () => {
  it("a session of 30 primitives is two pages: new or known, a save writes two rows", () =>
    onStore((sql, take) => {
      const records = new Records(sql);
      const primitives = names(30);
      records.save(recordsOf(primitives, () => record(1)));
      expect(take().written).toBe(2);
      expect(pagesOf(sql).map((page) => page.primitives.length)).toEqual([15, 15]);
      for (let i = 1; i <= 12; i++) {
        take();
        records.save(recordsOf(primitives, () => record(Math.min(i, 10))));
        expect(take().written).toBe(2);
      }
      take();
      records.save(recordsOf(primitives.slice(7, 8), () => record(10)));
      expect(take().written).toBe(1);
      // Names the pointers once.
      expect(Math.max(...pagesOf(sql).map(({ size }) => size))).toBeLessThan(3_500);
    }));

  it("primitives that come later join the page of those they come with, else the last page", () =>
    onStore((sql, take) => {
      const records = new Records(sql);
      records.save(recordsOf(names(3, "a"), () => record(2)));
      records.save(recordsOf(names(2, "b"), () => record(2)));
      records.save(recordsOf(names(14, "c"), () => record(2)));
      expect(pagesOf(sql).map((page) => page.primitives.length)).toEqual([5, 14]);
      take();
      records.save(recordsOf([...names(3, "a"), ...names(4, "d")], () => record(2)));
      expect(take().written).toBe(1);
      expect(pagesOf(sql)[0]?.primitives).toEqual([...names(3, "a"), ...names(2, "b"), ...names(4, "d")]);
    }));

  it("a page that has grown too large is split, and a record of any size has a page", () =>
    onStore((sql) => {
      const records = new Records(sql);
      const primitives = names(16);
      for (let i = 1; i <= 10; i++) {
        records.save(recordsOf(primitives, (primitive) => record(i, (k) => `pointer of ${primitive} ${k}`)));
      }
      const large = record(5_000, (i) => `pointer ${i}`);
      records.save(new Map([["p.0003", large]]));
      const pages = pagesOf(sql);
      expect(pages.flatMap((page) => page.primitives).toSorted()).toEqual(primitives);
      expect(pages.filter(({ size }) => size > 8_000).map((page) => page.primitives)).toEqual([["p.0003"]]);
      expect(new Records(sql).find("p.0003")).toEqual(large);
    }));

  it("every record is found again, whatever is saved and removed in between", () =>
    onStore((sql) => {
      let records = new Records(sql);
      const expected = new Map<string, PrimitiveRecord>();
      let seed = 7;
      const random = (below: number) => {
        seed = (seed * 48_271) % 2_147_483_647;
        return seed % below;
      };
      for (let round = 0; round < 150; round++) {
        const saved = recordsOf(
          Array.from({ length: 1 + random(30) }, () => `p.${random(400)}`),
          (primitive) => ({
            ...record(1 + random(10), (i) => (random(2) === 0 ? `shared ${i}` : `${primitive} ${i}`)),
            kept: random(4) === 0 ? null : bytes(random(3_000)),
          }),
        );
        const removed = Array.from({ length: random(8) }, () => `p.${random(400)}`).filter(
          (primitive) => !saved.has(primitive),
        );
        records.save(saved, removed);
        for (const [primitive, each] of saved) expected.set(primitive, each);
        for (const primitive of removed) expected.delete(primitive);
        if (random(5) === 0) records = new Records(sql);
        if (random(9) === 0) records.forget();
      }
      const sorted = [...expected.keys()].toSorted();
      for (const each of [records, new Records(sql)]) {
        expect(each.primitives()).toEqual(sorted);
        if (each !== records) {
          // Pages are known without what is kept; it is read when it is asked for.
          each.attributions();
        }
        expect(sorted.map((primitive) => each.find(primitive))).toEqual(
          sorted.map((primitive) => expected.get(primitive)),
        );
        expect(each.attributions()).toEqual(
          sorted.map((primitive) => ({ primitive, ...expected.get(primitive)?.attribution })),
        );
      }
      const pages = pagesOf(sql);
      expect(pages.every(({ primitives }) => primitives.length > 0 && primitives.length <= 16)).toBe(true);
      expect(pages.every(({ primitives, size }) => size <= 8_000 || primitives.length === 1)).toBe(true);
      expect(pages.flatMap(({ primitives }) => primitives).toSorted()).toEqual(sorted);
      expect(pages.length).toBeLessThan(expected.size / 3);
      new Records(sql).save(new Map(), sorted);
      expect(pagesOf(sql)).toEqual([]);
    }));

  it("reads a page only when one of its primitives is asked for", () =>
    onStore((sql, take) => {
      new Records(sql).save(recordsOf(names(160), () => record(3)));
      take();
      const records = new Records(sql);
      expect(records.find("p.0042")).not.toBeNull();
      expect(records.find("p.0043")).not.toBeNull();
      expect(records.find("q.0001")).toBeNull();
      expect(take()).toEqual({ read: 11, written: 0 });
    }));

  it("what a hook keeps makes no further row, and is not read with the states", () =>
    onStore((sql, take) => {
      const primitives = names(160);
      const of = (size: number) =>
        recordsOf(primitives, (name) => ({ ...record(10), kept: bytes(size, name) }));
      new Records(sql).save(of(6_000));
      const pages = pagesOf(sql).length;
      expect(pages).toBe(10);
      take();
      const reading = new Records(sql);
      reading.attributions();
      reading.attributionsJson();
      expect(reading.findState("p.0000")?.policyId).toBe(record(1).policyId);
      expect(take()).toEqual({ read: 20, written: 0 });
      // One statement reads a page with what is kept.
      expect(new Records(sql).find("p.0042")?.kept).toEqual(bytes(6_000, "p.0042"));
      expect(take()).toEqual({ read: 11, written: 0 });
      const records = new Records(sql);
      records.save(new Map([["p.0001", { ...record(10), kept: bytes(7_000) }]]));
      expect(take()).toEqual({ read: 12, written: 1 });
      expect(new Records(sql).find("p.0001")?.kept).toEqual(bytes(7_000));
      expect(new Records(sql).find("p.0002")?.kept).toEqual(bytes(6_000, "p.0002"));
      // Not even the largest states make a page too large …
      records.save(of(12_300));
      expect(pagesOf(sql)).toHaveLength(pages);
      // … and whatever is kept, a row stays far below 2 MB.
      records.save(of(100_000));
      expect(pagesOf(sql).length).toBeGreaterThan(pages);
      expect(
        sql.exec<{ most: number }>("SELECT max(octet_length(kept)) AS most FROM states").one().most,
      ).toBeLessThan(700_000);
      expect(
        primitives.every((primitive) => new Records(sql).find(primitive)?.kept?.length === 100_000),
      ).toBe(true);
    }));

  it("notes of an estimate are written with a page, and the latest one counts", () =>
    onStore((sql) => {
      const records = new Records(sql);
      expect(records.estimate).toEqual({ ts: 0, count: null });
      records.save(recordsOf(names(16, "a"), () => record(1)));
      records.noteEstimate({ ts: 5, count: 16 });
      records.save(recordsOf(names(16, "b"), () => record(1)));
      expect(new Records(sql).estimate).toEqual({ ts: 5, count: 16 });
      records.noteEstimate({ ts: 6, count: null });
      records.save(recordsOf(names(1, "a"), () => record(1)));
      expect(new Records(sql).estimate).toEqual({ ts: 6, count: null });
      // The clock was put back.
      records.noteEstimate({ ts: 2, count: 8 });
      records.save(recordsOf(names(1, "a"), () => record(1)));
      expect(new Records(sql).estimate).toEqual({ ts: 6.001, count: 8 });
    }));

  it("keeps hash tails, texts with any character, and numbers as they are", () =>
    onStore((sql) => {
      const latest: Member[] = [
        { value: '"\u0000\uD83D\uDE00\\"é"', ts: 0.1 + 0.2, evidenceRef: 'a"\\,[é', attackerUuid: ATTACKER },
        { value: '{"10":1,"9":[null]}', ts: -1e300, evidenceRef: "b", attackerUuid: "other" },
      ];
      const hash: PrimitiveRecord = {
        attribution: {
          currentValue: '"x"',
          state: "multi_actor",
          confidence: 1 / 3,
          observationCount: 123_456_789,
          lastChangeTs: 1e-7,
          lastObservationTs: 1_700_000_000.123_456,
        },
        tail: { kind: "hash", count: 123_456_789, lastTs: 1_700_000_000.123_456, distinct: 99, latest },
        policyId: "another",
        kept: null,
      };
      new Records(sql).save(new Map([["h", hash]]));
      expect(new Records(sql).find("h")).toEqual(hash);
    }));

  it("keeps the tail of bags, a member at most", () =>
    onStore((sql) => {
      const value = '["0123456789abcdef","fedcba9876543210"]';
      const newest: Member[] = [{ value, ts: 4, evidenceRef: "e", attackerUuid: ATTACKER }];
      const bag = (members: readonly Member[]): PrimitiveRecord => ({
        attribution: {
          currentValue: members[0]?.value ?? '"unknown"',
          state: "unknown",
          confidence: 0,
          observationCount: 3,
          lastChangeTs: 2,
          lastObservationTs: 4,
        },
        tail: { kind: "bag", count: 3, informative: members.length, lastTs: 4, newest: members },
        policyId: "p",
        kept: null,
      });
      const all = new Map([
        ["b.full", bag(newest)],
        ["b.none", bag([])],
      ]);
      new Records(sql).save(all);
      for (const [name, saved] of all) expect(new Records(sql).find(name)).toEqual(saved);
    }));
});
