/** What leaves an identity object leaves its session rows: expiry, erasure, exchanges, and the numbers of attackers. */
import { describe, expect, it } from "vitest";
import { type AppliedObservation, decide, STANDARD_POLICY } from "../../src/core/index.ts";
import { arrive } from "../../src/identity/arrivals.ts";
import { checkRange, digestRange } from "../../src/identity/check.ts";
import { eraseAttacker, forgetIfDeserted } from "../../src/identity/erase.ts";
import { expiredKeys } from "../../src/identity/expire.ts";
import { exchange } from "../../src/identity/jobs/exchange.ts";
import { CHECKED_ROWS } from "../../src/identity/protocol.ts";
import { type IdentityStore, nameOf } from "../../src/identity/store/index.ts";
import type { StoredMember } from "../../src/storage/index.ts";
import { observation, withStore } from "./open-store.ts";

const [A, B] = ["00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"];
const FROM_TS = 1_700_000_000;

function linkOf(attackerUuid: string, linkVersion = 1) {
  return { attackerUuid, linkVersion, firstSeenTs: FROM_TS, needsBackfill: false };
}

function apply(store: IdentityStore, observations: readonly AppliedObservation[]): void {
  store.prepare();
  const links = [...new Set(observations.map(({ attackerUuid }) => attackerUuid))].map((uuid) =>
    linkOf(uuid, store.links.version(uuid) ?? 1),
  );
  const cause = arrive(store, { links, observations });
  store.save(decide(store.facts(STANDARD_POLICY, 1, cause.observations), cause));
}

/** Observations of one primitive in one session, a second apart. */
function session(attackerUuid: string, name: string, count: number, fromTs = FROM_TS): AppliedObservation[] {
  return Array.from({ length: count }, (_, i) =>
    observation({ attackerUuid, evidenceRef: `cowrie:s/${name}#${i}`, ts: fromTs + i, value: `"${i % 3}"` }),
  );
}

function held(store: IdentityStore): AppliedObservation[] {
  return [...store.observations.range({ after: null, through: null })].flatMap(
    ({ observations }) => observations,
  );
}

const names = (observations: readonly AppliedObservation[]) => observations.map(nameOf).toSorted();

describe("[design] expiry", () => {
  it("trims the row of a session: what a state needs stays in it", async () => {
    await withStore(({ store, sql }) => {
      const all = session(A, "one", 40);
      apply(store, all);
      const { keys, next } = expiredKeys(store, STANDARD_POLICY, FROM_TS + 1_000, 1_000, null);
      expect(next).toBeNull();
      // The windows hold ten.
      expect(names(keys as AppliedObservation[])).toEqual(names(all.slice(0, 30)));
      store.observations.remove(keys, FROM_TS + 1_000);
      expect(names(held(store))).toEqual(names(all.slice(30)));
      expect(sql.exec("SELECT size, first_ts FROM sessions").toArray()).toEqual([
        { size: 10, first_ts: FROM_TS + 30 },
      ]);
    });
  });

  it("keeps what is not older, in the same row", async () => {
    await withStore(({ store }) => {
      const all = session(A, "one", 40);
      apply(store, all);
      const { keys } = expiredKeys(store, STANDARD_POLICY, FROM_TS + 7, 1_000, null);
      expect(names(keys as AppliedObservation[])).toEqual(names(all.slice(0, 7)));
    });
  });

  it("goes on after whole rows, and comes to an end though nothing is removed", async () => {
    await withStore(({ store }) => {
      const sessions = Array.from({ length: 20 }, (_, s) =>
        session(s % 2 ? A : B, `${s}`, 15, FROM_TS + 100 * s),
      );
      apply(store, sessions.flat());
      const pages: string[][] = [];
      for (let after: Parameters<typeof expiredKeys>[4] = null; ;) {
        const { keys, next } = expiredKeys(store, STANDARD_POLICY, FROM_TS + 10_000, 50, after);
        pages.push(keys.map(nameOf));
        if (next === null) break;
        expect(keys.length).toBeLessThanOrEqual(50);
        after = next;
      }
      expect(pages.length).toBeGreaterThan(5);
      expect(pages.flat().toSorted()).toEqual(names(sessions.flat().slice(0, -10)));
    });
  });

  it("a page has at least one row, however small it is to be", async () => {
    await withStore(({ store }) => {
      apply(store, [...session(A, "one", 40), ...session(A, "two", 40, FROM_TS + 500)]);
      const { keys, next } = expiredKeys(store, STANDARD_POLICY, FROM_TS + 10_000, 1, null);
      expect(keys.length).toBeGreaterThan(1);
      expect(next).not.toBeNull();
    });
  });

  it("a full row that loses everything still leads to the deeper ones", async () => {
    await withStore(({ store, sql }) => {
      const all = session(A, "long", 500);
      apply(store, all);
      const [first] = sql
        .exec<{ id: number }>("SELECT id FROM sessions ORDER BY is_full DESC, size DESC")
        .toArray();
      const inFirst = [...store.observations.range({ after: null, through: null })].find(
        ({ cursor }) => cursor.place === (first?.id ?? 0) % 2 ** 32,
      );
      expect(inFirst?.observations).toHaveLength(128);
      store.observations.remove(inFirst?.observations ?? []);
      expect(sql.exec("SELECT size, is_full FROM sessions WHERE id = ?", first?.id ?? 0).one()).toEqual({
        size: 0,
        is_full: 1,
      });
      expect(store.observations.standing(all).size).toBe(500 - 128);
      // What was removed comes again: once.
      store.observations.put(all);
      expect(names(held(store))).toEqual(names(all));
    });
  });
});

describe("[§6] erasure", () => {
  it("cuts a row that straddles it, and keeps later observations of the same session", async () => {
    await withStore(({ store, sql }) => {
      const [ofA, ofB] = [session(A, "one", 40), session(B, "one", 40)];
      apply(store, [...ofA, ...ofB]);
      const cause = eraseAttacker(store, A, FROM_TS + 19);
      store.save(decide(store.facts(STANDARD_POLICY, 1, []), cause));
      expect(names(held(store))).toEqual(names([...ofA.slice(20), ...ofB]));
      expect(sql.exec("SELECT size FROM sessions ORDER BY size").toArray()).toEqual([
        { size: 20 },
        { size: 40 },
      ]);
      // An observation from before it that comes again is dropped.
      apply(store, ofA);
      expect(names(held(store))).toEqual(names([...ofA.slice(20), ...ofB]));
    });
  });

  it("an attacker without observations loses its rows and its number, full rows included", async () => {
    await withStore(({ store, sql }) => {
      apply(store, [...session(B, "one", 5), ...session(A, "long", 500)]);
      const number = store.links.numberOf(A);
      const cause = eraseAttacker(store, A, FROM_TS + 10_000);
      store.save(decide(store.facts(STANDARD_POLICY, 1, []), cause));
      forgetIfDeserted(store);
      expect(sql.exec("SELECT size, is_full FROM sessions").toArray()).toEqual([{ size: 5, is_full: 0 }]);
      expect(store.links.numberOf(A)).toBeNull();
      // The number is free: the next attacker that has it finds no row of another one.
      const other = "00000000-0000-4000-8000-00000000000c";
      apply(store, session(other, "long", 3, FROM_TS + 20_000));
      expect(store.links.numberOf(other)).toBe(number);
      expect(held(store).filter(({ attackerUuid }) => attackerUuid === other)).toHaveLength(3);
    });
  });
});

describe("[§6] an exchange", () => {
  const KEY = "exchange-of-a-test";

  function exchangeWith(
    store: IdentityStore,
    load: readonly string[],
    drop: readonly string[],
    pages: readonly (readonly StoredMember[])[],
    beforeLast: () => void = () => {},
  ): void {
    const linksOf = (uuids: readonly string[]) =>
      uuids.map((attackerUuid) => ({ attackerUuid, linkVersion: 2, firstSeenTs: FROM_TS }));
    store.prepare();
    store.jobs.start("exchange", KEY, {
      load: linksOf(load),
      drop: linksOf(drop),
      notice: null,
      isWhole: false,
    });
    const step = (page: readonly StoredMember[], next: { attackerUuid: string; place: number } | null) => {
      const job = store.jobs.next(Date.now());
      if (job?.kind !== "exchange") throw new Error("an exchange must wait");
      const cause = exchange.apply(job, { observations: page, sessions: [], next }, store);
      if (cause !== null) store.save(decide(store.facts(STANDARD_POLICY, 1, []), cause));
    };
    for (const [i, page] of pages.entries()) {
      const last = page.at(-1);
      step(page, i < pages.length - 1 && last ? { attackerUuid: last.attackerUuid, place: i } : null);
    }
    beforeLast();
    step([], null);
    // D1 is told of the attackers that were loaded.
    if (load.length > 0) step([], null);
    expect(store.jobs.isWaiting(KEY)).toBe(false);
  }

  it("replaces the rows of an attacker by those of all pages, large sessions included", async () => {
    await withStore(({ store, sql }) => {
      const [before, after] = [session(A, "old", 20), session(A, "long", 700, FROM_TS + 1_000)];
      apply(store, [...before, ...session(B, "one", 4)]);
      exchangeWith(store, [A], [], [after.slice(0, 300), after.slice(200, 500), after.slice(500)]);
      expect(names(held(store))).toEqual(names([...after, ...session(B, "one", 4)]));
      expect(store.observations.standing(after).size).toBe(700);
      expect(store.observations.counts().get("motor.input_modality")).toBe(704);
      expect(sql.exec("SELECT count(*) AS n FROM staged").one()).toEqual({ n: 0 });
      // What comes again changes nothing.
      store.observations.put(after);
      expect(held(store)).toHaveLength(704);
    });
  });

  it("an erasure meanwhile takes out what is not later, also of the pages that were read", async () => {
    await withStore(({ store }) => {
      const all = session(A, "one", 40);
      exchangeWith(store, [A], [], [all], () => {
        const cause = eraseAttacker(store, A, FROM_TS + 9);
        store.save(decide(store.facts(STANDARD_POLICY, 1, []), cause));
      });
      expect(names(held(store))).toEqual(names(all.slice(10)));
    });
  });

  it("an expiry meanwhile takes out its keys, also of the pages that were read", async () => {
    await withStore(({ store }) => {
      const all = session(A, "one", 40);
      exchangeWith(store, [A], [], [all], () => store.staged.remove(all.slice(0, 15), FROM_TS + 12));
      expect(names(held(store))).toEqual(names(all.slice(12)));
    });
  });

  it("drops an attacker with all its rows, also one that was erased", async () => {
    await withStore(({ store, sql }) => {
      apply(store, [...session(A, "long", 300), ...session(B, "one", 4)]);
      store.links.erase(A, FROM_TS + 10_000);
      exchangeWith(store, [], [A], []);
      expect(names(held(store))).toEqual(names(session(B, "one", 4)));
      expect(sql.exec("SELECT count(*) AS n FROM sessions").one()).toEqual({ n: 1 });
      expect(store.links.numberOf(A)).toBeNull();
    });
  });
});

describe("[design] comparison with D1", () => {
  it("is the same whatever the order, and differs where anything differs", async () => {
    await withStore(({ store }) => {
      const all = [...session(A, "one", 40), ...session(B, "two", 200)];
      apply(store, all);
      const range = { after: null, through: null };
      expect(checkRange(store, range, digestRange(all.toReversed()))).toEqual({ outcome: "same" });
      const other = all.map((each, i) => (i === 7 ? { ...each, id: "j" } : each));
      const answer = checkRange(store, range, digestRange(other));
      expect(answer).toMatchObject({ outcome: "differs", through: null });
      expect(answer.outcome === "differs" && names([...answer.rows])).toEqual(names(all));
    });
  });

  it("is the same for observations that stand at other depths in D1, over the whole range", async () => {
    await withStore(({ store }) => {
      const all = session(A, "long", 700);
      apply(store, all.toReversed());
      expect(checkRange(store, { after: null, through: null }, digestRange(all))).toEqual({
        outcome: "same",
      });
    });
  });

  it("answers whole rows up to a limit, and how far they go", async () => {
    await withStore(({ store }) => {
      const all = Array.from({ length: 60 }, (_, s) => session(A, `${s}`, 50)).flat();
      apply(store, all);
      const first = checkRange(store, { after: null, through: null }, { count: 0, digest: "" });
      if (first.outcome !== "differs") throw new Error("they must differ");
      expect(first.rows).toHaveLength(CHECKED_ROWS);
      const rest = checkRange(store, { after: first.through, through: null }, { count: 0, digest: "" });
      if (rest.outcome !== "differs") throw new Error("they must differ");
      expect(rest.through).toBeNull();
      expect(names([...first.rows, ...rest.rows])).toEqual(names(all));
    });
  });
});
