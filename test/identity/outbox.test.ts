/** The promise of the outbox: events may be late and may come twice, but none is lost and their order holds. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import type { IdentityObject } from "../../src/identity/index.ts";
import { readHistory, readTotals } from "../../src/storage/index.ts";
import { deliver, statesOf } from "../setup/deliver.ts";
import { retarget } from "../setup/identity-object.ts";
import { receivedFor, waitForSeq } from "../setup/outbound.ts";
import { series } from "../setup/payload.ts";

const VALUES = ["a", "a", "a", "a", "a", "b", "c", "b", "c"];

function fresh() {
  const attackerUuid = crypto.randomUUID();
  const identityUuid = stubIdentityUuid(attackerUuid);
  return { attackerUuid, identityUuid, stub: env.IDENTITIES.getByName(identityUuid) };
}

type Stub = DurableObjectStub<IdentityObject>;

async function pendingIn(stub: Stub): Promise<number> {
  return (await stub.inspect()).pending;
}

/** Ends the object's process on the spot: what it was doing is lost, what it stored is not. */
async function crash(stub: Stub): Promise<void> {
  try {
    await runInDurableObject(stub, (_, state) => state.abort("crashed"));
  } catch (error) {
    expect(String(error)).toContain("crashed");
  }
}

/** Runs the alarm until the outbox is empty: what the platform does, without the waiting. */
async function wake(stub: Stub): Promise<void> {
  expect(await runDurableObjectAlarm(stub)).toBe(true);
}

const refusing = { sendBatch: () => Promise.reject(new Error("the queue is down")) };

describe("[§4] publishing", () => {
  it("[§4] a queue that is down delays events, loses none, and the stats say so", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    let queue: Pick<Queue, "sendBatch"> = refusing;
    await retarget(stub, (targets) => {
      queue = targets.queue;
      return { ...targets, queue: refusing };
    });
    const result = await deliver(series(attackerUuid, "motor.input_modality", VALUES));
    expect(result.explicitAcks).toHaveLength(VALUES.length);
    await wake(stub);
    expect(await pendingIn(stub)).toBeGreaterThan(3);
    expect(receivedFor(identityUuid)).toEqual([]);
    const { outbox } = await readTotals(env.DB);
    expect(outbox.pending).toBe(await pendingIn(stub));
    expect(outbox.oldestTs).toBeGreaterThan(1_700_000_000);

    const history = await readHistory(env.DB, identityUuid, 0, 100);
    await retarget(stub, (targets) => ({ ...targets, queue }));
    await wake(stub);
    expect(await pendingIn(stub)).toBe(0);
    const published = await waitForSeq(identityUuid, history.length);
    expect(published).toEqual(history.map(({ event }) => JSON.parse(event)));
    expect((await readTotals(env.DB)).outbox).toEqual({ pending: 0, oldestTs: null });
  });

  it("[§4] a queue that took events and failed all the same gets them again, with the same ids", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    await retarget(stub, (targets) => ({
      ...targets,
      queue: {
        async sendBatch(messages) {
          await targets.queue.sendBatch(messages);
          throw new Error("the answer got lost");
        },
      },
    }));
    await deliver(series(attackerUuid, "motor.input_modality", VALUES));
    await waitForSeq(identityUuid, await pendingIn(stub));
    await evictDurableObject(stub);
    await wake(stub);
    expect(await pendingIn(stub)).toBe(0);
    const history = await readHistory(env.DB, identityUuid, 0, 100);
    await expect.poll(() => receivedFor(identityUuid).length).toBeGreaterThanOrEqual(2 * history.length);
    const byId = new Map(receivedFor(identityUuid).map((event) => [event.id, event]));
    expect([...byId.values()].map(({ seq }) => seq)).toEqual(history.map(({ seq }) => seq));
  });

  it("[§4] a history that is down holds the queue back: neither has an event before the other", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    let db: D1Database | null = null;
    await retarget(stub, (targets) => {
      db = targets.db;
      return { ...targets, db: failing(targets.db) };
    });
    await deliver(series(attackerUuid, "motor.input_modality", VALUES));
    await wake(stub);
    expect(receivedFor(identityUuid)).toEqual([]);
    expect(await readHistory(env.DB, identityUuid, 0, 100)).toEqual([]);
    await retarget(stub, (targets) => ({ ...targets, db: db ?? targets.db }));
    const pending = await pendingIn(stub);
    await wake(stub);
    expect(await waitForSeq(identityUuid, pending)).toHaveLength(pending);
  });

  it("[§4] a crash right after the transaction: the alarm that was set in it publishes", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    // The drain that starts at once hangs for good, as in a process that died.
    const hanging = { prepare: () => hanging, bind: () => hanging, batch: () => new Promise(() => {}) };
    await retarget(stub, (targets) => ({ ...targets, db: hanging as unknown as D1Database }));
    await deliver(series(attackerUuid, "motor.input_modality", VALUES));
    const pending = await pendingIn(stub);
    expect(pending).toBeGreaterThan(3);
    expect(await runInDurableObject(stub, (_, state) => state.storage.getAlarm())).not.toBeNull();
    await crash(stub);
    // A stub does not outlive its object.
    const revived = env.IDENTITIES.getByName(identityUuid);
    await wake(revived);
    expect(await pendingIn(revived)).toBe(0);
    const published = await waitForSeq(identityUuid, pending);
    expect(published.map(({ seq }) => seq)).toEqual(published.map((_, i) => i + 1));
    expect(published).toHaveLength(pending);
  });

  it("[§4] an alarm that fails does not throw, and stays set", async () => {
    const { attackerUuid, stub } = fresh();
    await retarget(stub, (targets) => ({ ...targets, queue: refusing }));
    await deliver(series(attackerUuid, "motor.input_modality", VALUES));
    for (let attempt = 0; attempt < 8; attempt++) await wake(stub);
    expect(await runInDurableObject(stub, (_, state) => state.storage.getAlarm())).toBeGreaterThan(
      Date.now(),
    );
  });

  it("[§4] an alarm that is cut short while it works is set again by then", async () => {
    const { attackerUuid, stub } = fresh();
    await retarget(stub, (targets) => ({ ...targets, queue: refusing }));
    await deliver(series(attackerUuid, "motor.input_modality", VALUES));
    const alarmMs = await runInDurableObject(stub, async (instance: IdentityObject, state) => {
      await instance.drain();
      await state.storage.deleteAlarm();
      const isSending = new Promise<void>((resolve) => {
        instance.targets = {
          ...instance.targets,
          queue: { sendBatch: () => new Promise((_, fail) => (resolve(), setTimeout(fail, 0, "cut short"))) },
        };
      });
      const work = instance.alarm();
      await isSending;
      const setMs = await state.storage.getAlarm();
      await work;
      return setMs;
    });
    expect(alarmMs).toBeGreaterThan(Date.now());
  });

  it("[§4] when everything is published, nothing is left to wake for", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    await deliver(series(attackerUuid, "motor.input_modality", VALUES));
    await expect.poll(() => pendingIn(stub)).toBe(0);
    await expect.poll(() => runInDurableObject(stub, (_, state) => state.storage.getAlarm())).toBeNull();
    const history = await readHistory(env.DB, identityUuid, 0, 100);
    expect(await waitForSeq(identityUuid, history.length)).toHaveLength(history.length);
  });

  it("[§4] a state and its event commit together or not at all", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    const events = series(attackerUuid, "motor.input_modality", VALUES);
    await deliver(events.slice(0, 4));
    const before = await statesOf(identityUuid);
    await runInDurableObject(stub, (_, state) => {
      state.storage.sql.exec(
        "CREATE TRIGGER broken BEFORE INSERT ON meta WHEN NEW.name = 'head' BEGIN SELECT RAISE(ABORT, 'disk full'); END",
      );
    });
    const failed = await deliver(events.slice(4));
    expect(failed.retryMessages).toHaveLength(events.length - 4);
    expect(await statesOf(identityUuid)).toEqual(before);
    await runInDurableObject(stub, (_, state) => {
      state.storage.sql.exec("DROP TRIGGER broken");
    });
    await deliver(events.slice(4));
    const [state] = await statesOf(identityUuid);
    expect(state).toMatchObject({ observationCount: VALUES.length, state: "conflicted" });
    const history = await readHistoryWhenDrained(stub, identityUuid);
    expect(history.map(({ seq }) => seq)).toEqual(history.map((_, i) => i + 1));
  });
});

async function readHistoryWhenDrained(stub: Stub, identityUuid: string) {
  await expect.poll(() => pendingIn(stub)).toBe(0);
  return readHistory(env.DB, identityUuid, 0, 100);
}

function failing(db: D1Database): D1Database {
  return new Proxy(db, {
    get(target, name) {
      if (name === "batch") return () => Promise.reject(new Error("D1 is down"));
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
