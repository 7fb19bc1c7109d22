/** Writers of the same session rows at the same time, and writers against retention, erasure and a pause: every total stays exact. */
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { comparePrecedence, nameInAttacker, type Observation } from "../../../src/core/index.ts";
import {
  beginErasure,
  cutSessions,
  deleteObservations,
  eraseSessions,
  recordBatch,
  setPaused,
} from "../../../src/storage/index.ts";
import { countStored, makeObservation, store, storedObservations, totals } from "../../setup/observations.ts";
import { counting } from "../../maintenance/counting.ts";

const LATER = 100_000;

/** A session's observations from a number on. */
function session(attackerUuid: string, count: number, from = 0): Observation[] {
  return Array.from({ length: count }, (_, i) =>
    makeObservation({
      attackerUuid,
      primitive: `test.primitive_${from + i}`,
      ts: 1_000 + from + i,
      evidenceRef: "cowrie:sensor/session#close",
    }),
  );
}

/** What must be stored of some observations: the greatest of each key. */
function greatest(observations: readonly Observation[]): string[] {
  const kept = new Map<string, Observation>();
  for (const each of observations) {
    const prior = kept.get(nameInAttacker(each));
    if (!prior || comparePrecedence(each, prior) > 0) kept.set(nameInAttacker(each), each);
  }
  return [...kept.values()].map(({ id }) => id).toSorted();
}

const idsOf = (observations: readonly Observation[]) => observations.map(({ id }) => id).toSorted();

async function identityOf(attackerUuid: string): Promise<string> {
  const uuid = await env.DB.prepare("SELECT identity_uuid AS uuid FROM attackers WHERE uuid = ?1")
    .bind(attackerUuid)
    .first<string>("uuid");
  return uuid ?? "";
}

/** A database to which something happens once, right after it has answered its nth call. */
function interrupted(nth: number, happen: () => Promise<unknown>): D1Database {
  let calls = 0;
  const natives = new WeakMap<D1PreparedStatement, D1PreparedStatement>();
  const answered = async <T>(ask: Promise<T>): Promise<T> => {
    const answer = await ask;
    if (++calls === nth) await happen();
    return answer;
  };
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const wrapped = {
      bind: (...values: unknown[]) => wrap(statement.bind(...values)),
      all: () => answered(statement.all()),
    } as unknown as D1PreparedStatement;
    natives.set(wrapped, statement);
    return wrapped;
  };
  return {
    prepare: (sql: string) => wrap(env.DB.prepare(sql)),
    batch: (statements: D1PreparedStatement[]) =>
      answered(env.DB.batch(statements.map((statement) => natives.get(statement) ?? statement))),
  } as unknown as D1Database;
}

/** What the totals have changed by. */
async function difference(act: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await totals();
  await act();
  const after = await totals();
  const changed = Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)] as const);
  return Object.fromEntries(changed.filter(([, value]) => value !== 0));
}

/** Stores as this isolate does, which then remembers the rows. */
async function remember(observations: readonly Observation[], db: D1Database = env.DB): Promise<void> {
  const recorded = observations.map((observation) => ({ observation, isUnlisted: false }));
  await recordBatch(db, { observations: recorded, deadLetters: [], ignored: 0, expired: 0 }, true);
}

async function countUnlisted(observations: readonly Observation[], db: D1Database = env.DB): Promise<void> {
  const recorded = observations.map((observation) => ({ observation, isUnlisted: true }));
  await recordBatch(db, { observations: recorded, deadLetters: [], ignored: 0, expired: 0 }, true);
}

describe("writers of one row", () => {
  it("all at once lose nothing, whatever they share", async () => {
    const attackerUuid = crypto.randomUUID();
    const shared = session(attackerUuid, 60);
    const batches = Array.from({ length: 5 }, (_, writer) => [
      ...shared.map((each, i) => ({ ...each, id: `${writer}-${i}`, ts: each.ts + ((writer * 7 + i) % 5) })),
      ...session(attackerUuid, 50, 100 + writer * 50),
    ]);
    const changed = await difference(async () => {
      await Promise.all(batches.map((batch) => store(batch)));
      await Promise.all(batches.toReversed().map((batch) => store(batch)));
    });
    expect(idsOf(await storedObservations(attackerUuid))).toEqual(greatest(batches.flat()));
    expect(changed).toEqual({ observations: 60 + 250 });
  });

  it.each([1, 2])("that come after call %d of another are not overwritten", async (nth) => {
    const attackerUuid = crypto.randomUUID();
    await store(session(attackerUuid, 10));
    const [first, second] = [session(attackerUuid, 10, 5), session(attackerUuid, 10, 10)];
    const changed = await difference(() =>
      countUnlisted(
        first,
        interrupted(nth, () => countUnlisted(second)),
      ),
    );
    const all = await storedObservations(attackerUuid);
    expect(all).toHaveLength(20);
    expect(changed["observations"]).toBe(10);
    // Of those that were new or replaced another.
    const ids = new Set([...first, ...second].map(({ id }) => id));
    expect(changed["unlisted_values"]).toBe(all.filter(({ id }) => ids.has(id)).length);
  });

  it("that remember a row continue it with one call, and a changed one with two more", async () => {
    const attackerUuid = crypto.randomUUID();
    const all = session(attackerUuid, 30);
    await remember(all.slice(0, 10));
    const { db, counted } = counting(env.DB);
    await remember(all.slice(5, 15), db);
    expect(counted.calls).toBe(1);
    // Trimmed by others: what this isolate remembers is out of date.
    const identityUuid = await identityOf(attackerUuid);
    expect(await deleteObservations(env.DB, identityUuid, all.slice(0, 5), LATER)).toBe(5);
    const changed = await difference(() => remember(all.slice(10, 30), db));
    expect(counted.calls).toBe(1 + 3);
    expect(changed).toEqual({ observations: 15 });
    expect(idsOf(await storedObservations(attackerUuid))).toEqual(idsOf(all.slice(5)));
  });

  it("that remember a row which is gone store it again, a repeat too", async () => {
    const attackerUuid = crypto.randomUUID();
    const all = session(attackerUuid, 12);
    await remember(all);
    const identityUuid = await identityOf(attackerUuid);
    for (const again of [all, [...all, ...session(attackerUuid, 1, 50)]]) {
      const stored = await storedObservations(attackerUuid);
      await deleteObservations(env.DB, identityUuid, stored, LATER);
      expect(await countStored(attackerUuid)).toBe(0);
      const changed = await difference(() => remember(again));
      expect(changed).toEqual({ observations: again.length });
      expect(idsOf(await storedObservations(attackerUuid))).toEqual(idsOf(again));
    }
  });

  it("that remember a row of an erased attacker bring nothing of it back", async () => {
    const attackerUuid = crypto.randomUUID();
    const all = session(attackerUuid, 12);
    await remember(all.slice(0, 10));
    await beginErasure(env.DB, attackerUuid, LATER);
    expect(await difference(() => remember(all))).toEqual({ erased: 12 });
    await eraseSessions(env.DB, attackerUuid, LATER);
    expect(await difference(() => remember(all))).toEqual({ erased: 12 });
    expect(await countStored(attackerUuid)).toBe(0);
  });

  it("write nothing for a repeat, not for one of a full row either", async () => {
    const attackerUuid = crypto.randomUUID();
    const all = session(attackerUuid, 400);
    await store(all);
    const { db, counted } = counting(env.DB);
    await store(all, { db });
    await store(all.slice(100, 300), { db });
    expect(counted.rowsWritten).toBe(0);
  });
});

describe("retention", () => {
  it("between the two calls of a writer: what it removed stays removed, the writer's is stored", async () => {
    const attackerUuid = crypto.randomUUID();
    const old = session(attackerUuid, 20);
    await store(old);
    const identityUuid = await identityOf(attackerUuid);
    const added = session(attackerUuid, 5, 20);
    const changed = await difference(() =>
      store(added, { db: interrupted(1, () => deleteObservations(env.DB, identityUuid, old, LATER)) }),
    );
    expect(idsOf(await storedObservations(attackerUuid))).toEqual(idsOf(added));
    expect(changed).toEqual({ observations: 5 - 20 });
  });

  it("whose row a writer changes meanwhile reads it again", async () => {
    const attackerUuid = crypto.randomUUID();
    const old = session(attackerUuid, 20);
    await store(old);
    const identityUuid = await identityOf(attackerUuid);
    const added = session(attackerUuid, 5, 20);
    const replaced = old.slice(0, 1).map((each) => ({ ...each, id: crypto.randomUUID(), ts: LATER + 1 }));
    let removed = 0;
    const changed = await difference(async () => {
      const db = interrupted(1, () => store([...added, ...replaced]));
      removed = await deleteObservations(db, identityUuid, old, LATER);
    });
    expect(removed).toBe(19);
    expect(idsOf(await storedObservations(attackerUuid))).toEqual(idsOf([...added, ...replaced]));
    expect(changed).toEqual({ observations: 5 - 19 });
  });

  it("whose attacker is linked elsewhere meanwhile removes nothing", async () => {
    const attackerUuid = crypto.randomUUID();
    const old = session(attackerUuid, 20);
    await store(old);
    const identityUuid = await identityOf(attackerUuid);
    const db = interrupted(1, () =>
      env.DB.prepare("UPDATE attackers SET identity_uuid = ?2 WHERE uuid = ?1")
        .bind(attackerUuid, crypto.randomUUID())
        .run(),
    );
    expect(await deleteObservations(db, identityUuid, old, LATER)).toBe(0);
    expect(await countStored(attackerUuid)).toBe(20);
  });
});

describe("an erasure", () => {
  const ERASED_TS = 1_050;

  async function erase(attackerUuid: string): Promise<void> {
    await beginErasure(env.DB, attackerUuid, ERASED_TS);
    while ((await eraseSessions(env.DB, attackerUuid, ERASED_TS)).hasMore);
    while (await cutSessions(env.DB, attackerUuid, ERASED_TS));
  }

  it("keeps what is newer in each row, and what is deeper than a full row is found again", async () => {
    const attackerUuid = crypto.randomUUID();
    const all = session(attackerUuid, 400);
    const newer = all.filter(({ ts }) => ts > ERASED_TS);
    await store(all);
    const changed = await difference(() => erase(attackerUuid));
    expect(idsOf(await storedObservations(attackerUuid))).toEqual(idsOf(newer));
    expect(changed).toEqual({ observations: newer.length - all.length });
    expect(await difference(() => store(all))).toEqual({ erased: all.length - newer.length });
    expect(idsOf(await storedObservations(attackerUuid))).toEqual(idsOf(newer));
  });

  it("empties a full row whose deeper rows have something newer", async () => {
    const attackerUuid = crypto.randomUUID();
    // The first 128 fill the row of the session.
    const [older, newer] = [
      session(attackerUuid, 128).map((each) => ({ ...each, ts: 1_000 })),
      session(attackerUuid, 20, 200),
    ];
    await store(older);
    await store(newer);
    await erase(attackerUuid);
    expect(idsOf(await storedObservations(attackerUuid))).toEqual(idsOf(newer));
    expect(await difference(() => store(newer))).toEqual({});
    expect(await countStored(attackerUuid)).toBe(20);
  });

  it.each([1, 2])(
    "after call %d of a writer: it stores only what is newer, and counts the rest",
    async (nth) => {
      const attackerUuid = crypto.randomUUID();
      await store(session(attackerUuid, 20));
      const arriving = session(attackerUuid, 60, 20);
      const newer = arriving.filter(({ ts }) => ts > ERASED_TS);
      const changed = await difference(() =>
        store(arriving, { db: interrupted(nth, () => erase(attackerUuid)) }),
      );
      expect(idsOf(await storedObservations(attackerUuid))).toEqual(idsOf(newer));
      // Those that the writer had stored before the erasure are erased with the others.
      expect(changed).toEqual(
        nth === 1
          ? { observations: newer.length - 20, erased: arriving.length - newer.length }
          : { observations: newer.length - 20 },
      );
    },
  );

  it("before a writer inserts a new row: nothing older is stored", async () => {
    const attackerUuid = crypto.randomUUID();
    await store([makeObservation({ attackerUuid, ts: 2_000 })]);
    const fresh = session(attackerUuid, 10).map((each) => ({
      ...each,
      evidenceRef: "cowrie:sensor/other#close",
    }));
    await beginErasure(env.DB, attackerUuid, ERASED_TS);
    expect(await difference(() => store(fresh))).toEqual({ erased: 10 });
    expect(await countStored(attackerUuid)).toBe(1);
  });

  it("whose row a writer changes meanwhile cuts it with the next page", async () => {
    const attackerUuid = crypto.randomUUID();
    const all = session(attackerUuid, 100);
    await store(all);
    await beginErasure(env.DB, attackerUuid, ERASED_TS);
    const added = session(attackerUuid, 10, 100);
    const changed = await difference(async () => {
      expect(
        await cutSessions(
          interrupted(1, () => store(added)),
          attackerUuid,
          ERASED_TS,
        ),
      ).toBe(true);
      while (await cutSessions(env.DB, attackerUuid, ERASED_TS));
    });
    const newer = [...all, ...added].filter(({ ts }) => ts > ERASED_TS);
    expect(idsOf(await storedObservations(attackerUuid))).toEqual(idsOf(newer));
    expect(changed).toEqual({ observations: newer.length - all.length });
  });
});

describe("a pause", () => {
  afterEach(() => setPaused(env.DB, false));

  it("between the calls of a batch leaves the rest to its repeat", async () => {
    const attackerUuid = crypto.randomUUID();
    await store(session(attackerUuid, 10));
    const arriving = session(attackerUuid, 20, 10);
    const recorded = arriving.map((observation) => ({ observation, isUnlisted: false }));
    const batch = { observations: recorded, deadLetters: [], ignored: 3, expired: 0 };
    const db = interrupted(1, () => setPaused(env.DB, true));
    const changed = await difference(async () => {
      expect(await recordBatch(db, batch, true)).toEqual({ outcome: "paused" });
      expect(await countStored(attackerUuid)).toBe(10);
      await setPaused(env.DB, false);
      await recordBatch(env.DB, batch, true);
    });
    expect(await countStored(attackerUuid)).toBe(30);
    expect(changed).toEqual({ observations: 20, ignored: 3 });
  });
});
