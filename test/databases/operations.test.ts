/** What is done to several databases: failing, sweeping, merging, erasing, rebuilding, pausing, and binding others. */
import {
  createExecutionContext,
  createMessageBatch,
  evictDurableObject,
  getQueueResult,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import type { IdentityObject } from "../../src/identity/index.ts";
import { sweep } from "../../src/maintenance/index.ts";
import { readHistory } from "../../src/storage/index.ts";
import worker from "../../src/worker.ts";
import { call } from "../setup/api.ts";
import { deliver, statesOf } from "../setup/deliver.ts";
import { get } from "../setup/get.ts";
import { waitForSeq } from "../setup/outbound.ts";
import { payload, series } from "../setup/payload.ts";
import { ask } from "../setup/request.ts";
import { attackerIn, columnOf, DATABASES, expectApart, type Known, withoutDatabase } from "./setup.ts";
import { loseObservations } from "../setup/object-observations.ts";

const PRIMITIVE = "motor.input_modality";
const LIMITS = { identities: 1_000, rows: 1_000_000, page: 1_000, queries: 100_000 };

async function known(index: number, values: readonly string[] = ["a", "a", "a"]): Promise<Known> {
  const fresh = attackerIn(index);
  await deliver(series(fresh.attackerUuid, PRIMITIVE, values));
  return fresh;
}

/** One in each database. */
const both = () => Promise.all([known(0), known(1)]);

async function countOf(identityUuid: string): Promise<number | undefined> {
  return (await statesOf(identityUuid))[0]?.observationCount;
}

describe("[§4 several databases] a database that fails", () => {
  it.each([0, 1])("database %d puts off the messages that touch it and no others", async (index) => {
    const [here, there] = [attackerIn(index), attackerIn(1 - index)];
    const observed = ({ attackerUuid }: Known) => payload({ attacker_uuid: attackerUuid });
    const [bad, good] = [observed(here), observed(there)];
    const mixed = { events: [observed(here), observed(there)] };
    const messages = [bad, good, mixed];
    const ids = ["bad", "good", "mixed"];
    const result = await deliver(messages, { env: withoutDatabase(index), ids });
    expect(result.explicitAcks).toEqual(["good"]);
    expect(result.retryMessages.map(({ msgId }) => msgId).toSorted()).toEqual(["bad", "mixed"]);
    // The half of it that could be stored is, and counts once when it comes again.
    expect(await countOf(there.identityUuid)).toBe(2);
    expect(await statesOf(here.identityUuid)).toEqual([]);
    expect((await deliver(messages, { ids })).explicitAcks).toEqual(ids);
    expect(await countOf(there.identityUuid)).toBe(2);
    expect(await countOf(here.identityUuid)).toBe(2);
    await vi.waitFor(() => expectApart([here, there]));
  });

  it("what is refused needs the first database only", async () => {
    const second = attackerIn(1);
    const refused = { nonsense: crypto.randomUUID() };
    const good = payload({ attacker_uuid: second.attackerUuid });
    const failed = await deliver([refused, good], { env: withoutDatabase(0), ids: ["refused", "good"] });
    expect(failed.explicitAcks).toEqual(["good"]);
    expect((await deliver([refused], { env: withoutDatabase(1) })).explicitAcks).toHaveLength(1);
    const letters = "SELECT count(*) FROM dead_letters WHERE instr(body, ?1)";
    const kept = await Promise.all(DATABASES.map((db) => columnOf(db, letters, refused.nonsense)));
    expect(kept).toEqual([[1], [0]]);
    const beside = { nonsense: crypto.randomUUID() };
    const ignored = "SELECT value FROM counters WHERE name = 'ignored'";
    const counted = () => Promise.all(DATABASES.map((db) => columnOf(db, ignored)));
    const before = (await counted()).flat().map(Number);
    const elsewhere = { v: 1, id: "i", topic: "attacker.session.closed", type: "x", ts: 1, payload: good };
    await deliver([{ events: [beside, elsewhere, payload({ attacker_uuid: second.attackerUuid })] }]);
    expect((await counted()).flat()).toEqual([(before[0] ?? 0) + 1, before[1]]);
    const keptBeside = await Promise.all(DATABASES.map((db) => columnOf(db, letters, beside.nonsense)));
    expect(keptBeside).toEqual([[1], [0]]);
  });

  it("out of retries, a message is kept in the first database and its identities are marked in theirs", async () => {
    const [one, two] = await both();
    const body = {
      events: [one, two].map(({ attackerUuid }) => payload({ attacker_uuid: attackerUuid, value: "z" })),
    };
    const id = crypto.randomUUID();
    const batch = createMessageBatch("attacker-observations-dead-letters", [
      { id, timestamp: new Date(), attempts: 1, body },
    ]);
    const identities = { getByName: () => ({ apply: () => Promise.reject(new Error("reset")) }) };
    await worker.queue(batch, { ...env, IDENTITIES: identities as never });
    const letters = await Promise.all(
      DATABASES.map((db) => columnOf(db, "SELECT code FROM dead_letters WHERE id = ?1", id)),
    );
    expect(letters).toEqual([["retries_exhausted"], []]);
    for (const [index, { identityUuid }] of [one, two].entries()) {
      const sql = "SELECT is_dirty FROM identities WHERE uuid = ?1";
      expect(await columnOf(DATABASES[index] ?? env.DB, sql, identityUuid)).toEqual([1]);
    }
    expect((await call("POST", `dead-letters/${id}/replay`)).status).toBe(202);
    await vi.waitFor(async () => {
      for (const { identityUuid } of [one, two]) expect(await countOf(identityUuid)).toBe(4);
      expect(await columnOf(env.DB, "SELECT code FROM dead_letters WHERE id = ?1", id)).toEqual([]);
    });
  });
});

describe("[design, several databases] repair", () => {
  it("the sweep repairs in both, and a database that fails does not keep it from the other", async () => {
    const [one, two] = await both();
    const damage = () =>
      Promise.all(
        [one, two].map(({ identityUuid }) =>
          loseObservations(env.IDENTITIES.getByName(identityUuid), ({ ts }) => ts > 1_714_000_000),
        ),
      );
    await damage();
    expect(await sweep(env, LIMITS)).toMatchObject({ repaired: 2, applied: 4, removed: 0, failed: 0 });
    expect(await sweep(env, LIMITS)).toMatchObject({ repaired: 0, applied: 0, removed: 0 });
    await damage();
    const checked = "SELECT checked_ts FROM identities WHERE uuid = ?1";
    const [before] = await columnOf(DATABASES[1] ?? env.DB, checked, two.identityUuid);
    const broken = { prepare: () => ({ bind: () => ({ all: () => Promise.reject(new Error("down")) }) }) };
    await expect(sweep({ ...env, DB: broken as never }, LIMITS)).rejects.toThrow("down");
    const [after] = await columnOf(DATABASES[1] ?? env.DB, checked, two.identityUuid);
    expect(Number(after)).toBeGreaterThan(Number(before));
    expect(await sweep(env, LIMITS)).toMatchObject({ repaired: 1, applied: 2 });
  });

  it("an object that was evicted before it could publish knows where its history is", async () => {
    const { attackerUuid, identityUuid } = await known(1);
    await waitForSeq(identityUuid, 3);
    const stub = env.IDENTITIES.getByName(identityUuid);
    await runInDurableObject(stub, (instance: IdentityObject) => {
      const prepare = () => {
        throw new Error("down");
      };
      instance.targets = { ...instance.targets, db: { prepare } as never };
    });
    await deliver(series(attackerUuid, PRIMITIVE, ["b", "b", "b"], 1_714_100_000));
    await evictDurableObject(stub);
    await runDurableObjectAlarm(stub);
    const history = await readHistory(DATABASES[1] ?? env.DB, identityUuid, 0, 100);
    expect(history.length).toBeGreaterThan(3);
    expect(await readHistory(env.DB, identityUuid, 0, 100)).toEqual([]);
  });

  it("an object that was lost altogether is rebuilt from its database, one by one and all at once", async () => {
    const lost = await both();
    const lose = async () => {
      for (const { identityUuid } of lost) {
        const stub = env.IDENTITIES.getByName(identityUuid);
        await runInDurableObject(stub, (_, { storage }) => {
          for (const table of ["sessions", "states", "attackers"]) {
            storage.sql.exec(`DELETE FROM ${table}`);
          }
        });
        await evictDurableObject(stub);
      }
    };
    await lose();
    for (const { identityUuid } of lost) {
      expect(await (await call("POST", `identities/${identityUuid}/rebuild`)).json()).toMatchObject({
        done: true,
      });
      expect(await countOf(identityUuid)).toBe(3);
    }
    await lose();
    const { total } = await (await call("POST", "rebuild")).json<{ total: number }>();
    const kept = await Promise.all(DATABASES.map((db) => columnOf(db, "SELECT count(*) FROM identities")));
    expect(total).toBe(kept.flat().reduce((sum: number, n) => sum + Number(n), 0));
    await vi.waitFor(
      async () => {
        await runDurableObjectAlarm(env.MAINTENANCE.getByName("maintenance"));
        const progress = await (await call("GET", "rebuild")).json();
        expect(progress).toMatchObject({ state: "finished", done: total, failed: 0 });
      },
      { timeout: 60_000, interval: 100 },
    );
    for (const { identityUuid } of lost) expect(await countOf(identityUuid)).toBe(3);
  });
});

describe("[§6 several databases] merging, linking, erasing", () => {
  it("identities of different databases cannot be merged, nor an attacker linked across", async () => {
    const [one, two] = await both();
    for (const [winner, loser] of [
      [one, two],
      [two, one],
    ] as const) {
      const response = await call("POST", `identities/${winner.identityUuid}/merge`, {
        loser_uuid: loser.identityUuid,
      });
      expect(response.status).toBe(409);
      expect(await response.json()).toMatchObject({
        code: "different_databases",
        detail: `The identities ${winner.identityUuid} and ${loser.identityUuid} are in different databases, so they cannot be merged.`,
      });
    }
    const link = await call("PUT", `attackers/${attackerIn(0).attackerUuid}`, {
      identity_uuid: two.identityUuid,
    });
    expect(link.status).toBe(409);
    expect(await link.json()).toMatchObject({ code: "different_databases" });
    const unknown = { loser_uuid: crypto.randomUUID() };
    expect((await call("POST", `identities/${two.identityUuid}/merge`, unknown)).status).toBe(404);
    await vi.waitFor(() => expectApart([one, two]));
  });

  it.each([0, 1])("within database %d they are merged, unmerged and followed as ever", async (index) => {
    const [winner, loser] = await Promise.all([known(index), known(index, ["b", "b"])]);
    const merged = await call("POST", `identities/${winner.identityUuid}/merge`, {
      loser_uuid: loser.identityUuid,
    });
    expect(await merged.json()).toMatchObject({ done: true, attacker_uuids: [loser.attackerUuid] });
    expect(await countOf(winner.identityUuid)).toBe(5);
    await deliver([payload({ attacker_uuid: loser.attackerUuid, value: "b" })]);
    expect(await countOf(winner.identityUuid)).toBe(6);
    expect(await (await get(`/api/v1/identities/${loser.identityUuid}`)).json()).toMatchObject({
      uuid: winner.identityUuid,
    });
    expect(await (await call("POST", `identities/${loser.identityUuid}/unmerge`)).json()).toMatchObject({
      done: true,
    });
    expect([await countOf(winner.identityUuid), await countOf(loser.identityUuid)]).toEqual([3, 3]);
    const db = DATABASES[index] ?? env.DB;
    await vi.waitFor(async () => {
      const history = (await readHistory(db, winner.identityUuid, 0, 100)).map(({ event }) =>
        JSON.parse(event),
      );
      expect(history.map(({ type }) => type)).toContain("merged");
      expect(history.map(({ seq }) => seq)).toEqual(history.map((_, i) => i + 1));
      await expectApart([winner, loser]);
    });
  });

  it("an attacker is linked to an identity that is nowhere yet, and both are where the attacker belongs", async () => {
    const { attackerUuid } = attackerIn(1);
    const identityUuid = crypto.randomUUID();
    expect((await call("PUT", `attackers/${attackerUuid}`, { identity_uuid: identityUuid })).status).toBe(
      201,
    );
    await deliver(series(attackerUuid, PRIMITIVE, ["a", "a"]));
    await waitForSeq(identityUuid, 2);
    await expectApart([{ attackerUuid, identityUuid }]);
  });

  it("an erasure reaches its database, the object, and the dead letters of the first", async () => {
    const [kept, gone] = await both();
    const refused = payload({ attacker_uuid: gone.attackerUuid, confidence: 2 });
    await deliver([refused]);
    await waitForSeq(gone.identityUuid, 3);
    expect(await (await call("DELETE", `attackers/${gone.attackerUuid}`)).json()).toMatchObject({
      done: true,
    });
    for (const db of DATABASES) {
      for (const [sql, uuid] of [
        ["SELECT 1 FROM attackers WHERE uuid = ?1", gone.attackerUuid],
        ["SELECT 1 FROM dead_letters WHERE instr(body, ?1)", gone.attackerUuid],
      ] as const) {
        expect(await columnOf(db, sql, uuid)).toEqual([]);
      }
      const history = await readHistory(db, gone.identityUuid, 0, 100);
      expect(history.filter(({ event }) => event.includes("explanation"))).toEqual([]);
    }
    expect(await statesOf(gone.identityUuid)).toEqual([]);
    expect(await countOf(kept.identityUuid)).toBe(3);
    await deliver([payload({ attacker_uuid: gone.attackerUuid })]);
    expect(await statesOf(gone.identityUuid)).toEqual([]);
  });
});

describe("[§7 several databases] switches", () => {
  it("a pause holds in both, and ends in both", async () => {
    const [one, two] = await both();
    const bodies = [one, two].map(({ attackerUuid }) => payload({ attacker_uuid: attackerUuid }));
    expect(await (await call("POST", "control", { action: "pause" })).json()).toEqual({ paused: true });
    expect(await (await call("GET", "control")).json()).toEqual({ paused: true });
    expect((await deliver(bodies)).retryMessages).toHaveLength(2);
    expect(await (await call("POST", "control", { action: "resume" })).json()).toEqual({ paused: false });
    expect(await (await call("GET", "control")).json()).toEqual({ paused: false });
    expect((await deliver(bodies)).explicitAcks).toHaveLength(2);
    for (const { identityUuid } of [one, two]) expect(await countOf(identityUuid)).toBe(4);
  });

  it("other databases than those that attackers were spread over take nothing, and say so", async () => {
    await both();
    const others = { ...env, DB_3: env.DB };
    const attacker = attackerIn(0);
    const body = payload({ attacker_uuid: attacker.attackerUuid });
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    expect((await deliver([body], { env: others })).retryMessages).toHaveLength(1);
    // As in a pause, what ran out of retries waits and is not given up.
    const dead = createMessageBatch("attacker-observations-dead-letters", [
      { id: "dead", timestamp: new Date(), attempts: 1, body },
    ]);
    await worker.queue(dead, { ...others });
    const { retryMessages } = await getQueueResult(dead, createExecutionContext());
    expect(retryMessages.map(({ msgId }) => msgId)).toEqual(["dead"]);
    const lines = logged.mock.calls.flat().join("\n");
    expect(lines).toContain(
      "the databases bound are DB, DB_2, DB_3, but attackers were spread over DB, DB_2 before",
    );
    expect((await ask("GET", "/health", { env: { ...others } })).status).toBe(503);
    logged.mockRestore();
    expect(await statesOf(attacker.identityUuid)).toEqual([]);
    expect((await deliver([body])).explicitAcks).toHaveLength(1);
  });
});
