/** The sweep and rebuilding: what an object lacks is applied, what D1 does not have goes, what was forgotten is published. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { type Observation, stubIdentityUuid } from "../../src/core/index.ts";
import type { IdentityObject } from "../../src/identity/index.ts";
import { handleScheduled, sweep } from "../../src/maintenance/index.ts";
import {
  beginErasure,
  deleteObservations,
  mergeIdentities,
  readHistory,
  readTotals,
  unmergeIdentity,
} from "../../src/storage/index.ts";
import { call } from "../setup/api.ts";
import { deliver, statesOf } from "../setup/deliver.ts";
import { inObject } from "../setup/identity-object.ts";
import { countHeld, loseObservations } from "../setup/object-observations.ts";
import { storedObservations } from "../setup/observations.ts";
import { waitForSeq } from "../setup/outbound.ts";
import { payload, series } from "../setup/payload.ts";

const PRIMITIVE = "motor.input_modality";
const LIMITS = { identities: 1_000, rows: 1_000_000, page: 1_000, queries: 100_000 };

async function known(values: readonly string[], startTs?: number) {
  const attackerUuid = crypto.randomUUID();
  const identityUuid = stubIdentityUuid(attackerUuid);
  await deliver(series(attackerUuid, PRIMITIVE, values, startTs));
  return { attackerUuid, identityUuid, stub: env.IDENTITIES.getByName(identityUuid) };
}

describe("[design] the sweep", () => {
  it("applies what an object lacks", async () => {
    const { attackerUuid, identityUuid } = await known(["a", "a"]);
    const events = series(attackerUuid, PRIMITIVE, ["b", "b", "b", "b"], 1_714_100_000);
    const lost = {
      ...env,
      IDENTITIES: { getByName: () => ({ apply: () => Promise.reject(new Error("reset")) }) } as never,
    };
    await deliver(events, { env: lost });
    expect((await statesOf(identityUuid))[0]?.observationCount).toBe(2);
    const report = await sweep(env, LIMITS);
    expect(report.applied).toBeGreaterThanOrEqual(4);
    expect((await statesOf(identityUuid))[0]).toMatchObject({
      observationCount: 6,
      state: "drifting",
      currentValue: '"b"',
    });
    expect(await sweep(env, LIMITS)).toMatchObject({ repaired: 0, applied: 0, removed: 0 });
  });

  it("removes what D1 does not have, and takes a primitive without observations off the list", async () => {
    const { attackerUuid, identityUuid } = await known(["a", "a", "a"]);
    await deliver([payload({ attacker_uuid: attackerUuid, primitive: "cognitive.cognitive_load" })]);
    const isLost = ({ primitive, ts }: Observation) => primitive !== PRIMITIVE || ts > 1_714_000_000;
    await deleteObservations(
      env.DB,
      identityUuid,
      (await storedObservations(attackerUuid)).filter(isLost),
      Number.MAX_VALUE,
    );
    const report = await sweep(env, LIMITS);
    expect(report.removed).toBe(3);
    expect(await statesOf(identityUuid)).toMatchObject([
      { primitive: PRIMITIVE, observationCount: 1, state: "unknown" },
    ]);
    await vi.waitFor(async () => {
      const { results } = await env.DB.prepare(
        "SELECT primitive, state FROM attributions WHERE identity_uuid = ?1",
      )
        .bind(identityUuid)
        .all();
      expect(results).toEqual([{ primitive: PRIMITIVE, state: "unknown" }]);
    });
  });

  it("rebuilds an object that was lost altogether, with the events following on", async () => {
    const { identityUuid, stub } = await known(["a", "a", "a"]);
    await waitForSeq(identityUuid, 3);
    await inObject(stub, (sql) => {
      sql.exec("DELETE FROM sessions");
      sql.exec("DELETE FROM states");
    });
    await evictDurableObject(stub);
    await sweep(env, LIMITS);
    expect(await statesOf(identityUuid)).toMatchObject([{ state: "stable", observationCount: 3 }]);
  });

  it("drains a forgotten outbox", async () => {
    const { identityUuid, stub } = await known(["a"]);
    await waitForSeq(identityUuid, 2);
    await runInDurableObject(stub, (instance: IdentityObject) => {
      instance.targets = {
        ...instance.targets,
        queue: { sendBatch: () => Promise.reject(new Error("down")) },
      };
    });
    await deliver(
      series(String((await attackersOf(identityUuid))[0]), PRIMITIVE, ["b", "b", "b", "b"], 1_714_100_000),
    );
    await runInDurableObject(stub, async (instance: IdentityObject, state) => {
      instance.targets = { ...instance.targets, queue: env.EVENT_QUEUE };
      await state.storage.deleteAlarm();
    });
    const report = await sweep(env, LIMITS);
    expect(report.drained).toBeGreaterThanOrEqual(1);
    const history = await readHistory(env.DB, identityUuid, 0, 100);
    expect(await waitForSeq(identityUuid, history.length)).toHaveLength(history.length);
  });

  it("finishes merges, unmerges and erasures that a crash left in D1 alone, events included", async () => {
    const [winner, loser, gone] = [await known(["a", "a"]), await known(["b", "b", "b"]), await known(["c"])];
    await mergeIdentities(env.DB, winner.identityUuid, loser.identityUuid, 1);
    await beginErasure(env.DB, gone.attackerUuid, Date.now() / 1_000);
    await sweep(env, LIMITS);
    expect((await statesOf(winner.identityUuid))[0]?.observationCount).toBe(5);
    expect(await statesOf(gone.identityUuid)).toEqual([]);
    await unmergeIdentity(env.DB, loser.identityUuid, 2);
    await sweep(env, LIMITS);
    expect((await statesOf(winner.identityUuid))[0]?.observationCount).toBe(2);
    expect((await statesOf(loser.identityUuid))[0]?.observationCount).toBe(3);
    const kinds = async (identityUuid: string) =>
      (await readHistory(env.DB, identityUuid, 0, 100))
        .map(({ event }) => JSON.parse(event).type)
        .filter((type) => /merged/.test(type));
    await vi.waitFor(async () => {
      expect(await kinds(winner.identityUuid)).toEqual(["merged"]);
      expect(await kinds(loser.identityUuid)).toEqual(["unmerged"]);
    });
    expect(await sweep(env, LIMITS)).toMatchObject({ merges: 0, erasures: 0, repaired: 0 });
  });

  it("does a bounded amount of work per run, marked identities first, and goes on where it stopped", async () => {
    const large = await known(Array.from({ length: 25 }, (_, i) => `v${i % 2}`));
    await sweep(env, LIMITS);
    await loseObservations(large.stub, ({ ts }) => ts > 1_714_001_200);
    await env.DB.prepare(
      "UPDATE identities SET is_dirty = 1, mark_version = mark_version + 1 WHERE uuid = ?1",
    )
      .bind(large.identityUuid)
      .run();
    const isDirty = async () =>
      (
        await env.DB.prepare("SELECT is_dirty FROM identities WHERE uuid = ?1")
          .bind(large.identityUuid)
          .first()
      )?.["is_dirty"];
    let runs = 0;
    for (; (await isDirty()) === 1 && runs < 10; runs++) {
      const report = await sweep(env, { identities: 1, rows: 10, page: 5 });
      expect(report.rows).toBeLessThanOrEqual(10);
    }
    // 25 rows, ten a run, and a run that finds the end.
    expect(runs).toBe(3);
    expect((await statesOf(large.identityUuid))[0]?.observationCount).toBe(25);
  });

  it("runs by cron", async () => {
    const { identityUuid, stub } = await known(["a", "a", "a"]);
    await loseObservations(stub, ({ ts }) => ts > 1_714_000_000);
    await env.DB.prepare(
      "UPDATE identities SET is_dirty = 1, mark_version = mark_version + 1 WHERE uuid = ?1",
    )
      .bind(identityUuid)
      .run();
    await handleScheduled("* * * * *", Date.now(), env);
    expect(await countHeld(stub)).toBe(1);
    await handleScheduled("*/5 * * * *", Date.now(), env);
    expect(await countHeld(stub)).toBe(3);
  });
});

async function attackersOf(identityUuid: string): Promise<unknown[]> {
  const { results } = await env.DB.prepare("SELECT uuid FROM attackers WHERE identity_uuid = ?1")
    .bind(identityUuid)
    .all();
  return results.map(({ uuid }) => uuid);
}

describe("[§7] rebuild", () => {
  it("of one identity: the states are those of what D1 holds, and nothing is published where nothing differs", async () => {
    const { identityUuid, stub } = await known(["a", "a", "a", "b", "c"]);
    const before = await statesOf(identityUuid);
    await vi.waitFor(async () => expect((await readHistory(env.DB, identityUuid, 0, 100)).length).toBe(4));
    const response = await call("POST", `identities/${identityUuid}/rebuild`);
    expect(await response.json()).toEqual({ identity_uuid: identityUuid, done: true });
    expect(await statesOf(identityUuid)).toEqual(before);
    await loseObservations(stub, ({ ts }) => ts > 1_714_000_000);
    await call("POST", `identities/${identityUuid}/rebuild`);
    expect(await statesOf(identityUuid)).toEqual(before);
    expect((await readHistory(env.DB, identityUuid, 0, 100)).length).toBe(4);
    expect((await call("POST", `identities/${crypto.randomUUID()}/rebuild`)).status).toBe(404);
  });

  it("of everything: a job with progress that survives an eviction", async () => {
    const broken = await Promise.all(Array.from({ length: 5 }, () => known(["a", "a", "a"])));
    // More than one step takes.
    await deliver(Array.from({ length: 60 }, () => payload({ attacker_uuid: crypto.randomUUID() })));
    for (const { stub } of broken) await loseObservations(stub);
    const started = await call("POST", "rebuild");
    expect(started.status).toBe(202);
    const maintenance = env.MAINTENANCE.getByName("maintenance");
    await evictDurableObject(maintenance);
    await vi.waitFor(
      async () => {
        await runDurableObjectAlarm(maintenance);
        const progress = await (
          await call("GET", "rebuild")
        ).json<{ state: string; done: number; total: number; failed: number }>();
        expect(progress).toMatchObject({ state: "finished", failed: 0 });
        expect(progress.done).toBe(progress.total);
        expect(progress.total).toBeGreaterThan(60);
      },
      { timeout: 60_000, interval: 100 },
    );
    for (const { stub, identityUuid } of broken) {
      expect(await countHeld(stub)).toBe(3);
      expect((await readHistory(env.DB, identityUuid, 0, 100)).length).toBe(3);
    }
  });

  it("[§4] with other constants publishes one transition where the state really differs, and none where not", async () => {
    const [differs, same] = [await known(["a", "a", "b", "a"]), await known(["a", "a", "a", "a"])];
    const before = await Promise.all([differs, same].map(({ identityUuid }) => statesOf(identityUuid)));
    expect(before.map(([state]) => state?.state)).toEqual(["multi_actor", "stable"]);
    for (const { stub, identityUuid } of [differs, same]) {
      const history = await vi.waitFor(async () => {
        const events = await readHistory(env.DB, identityUuid, 0, 100);
        expect(events.length).toBeGreaterThanOrEqual(3);
        return events;
      });
      await runInDurableObject(stub, async (instance: IdentityObject) => {
        Object.defineProperty(instance, "env", { value: { ...env, CATEGORICAL_MAJORITY: "3" } });
      });
      await call("POST", `identities/${identityUuid}/rebuild`);
      await vi.waitFor(async () => {
        const now = await readHistory(env.DB, identityUuid, 0, 100);
        expect(now.length - history.length).toBe(identityUuid === differs.identityUuid ? 1 : 0);
      });
    }
    expect((await statesOf(differs.identityUuid))[0]).toMatchObject({ state: "stable", confidence: 0.75 });
    expect(await statesOf(same.identityUuid)).toEqual(before[1]);
  });
});

describe("[§5] heartbeat", () => {
  it("is published each minute when it is on, and not otherwise", async () => {
    const send = vi.fn(() => Promise.resolve());
    const on = { ...env, HEARTBEAT: "on", EVENT_QUEUE: { send } } as unknown as Env;
    await handleScheduled("* * * * *", 1_800_000_000_000, { ...on, HEARTBEAT: "off" } as unknown as Env);
    expect(send).not.toHaveBeenCalled();
    await handleScheduled("* * * * *", 1_800_000_000_000, on);
    expect(send).toHaveBeenCalledOnce();
    const { observations } = await readTotals(env.DB);
    expect(send.mock.calls[0]?.[0 as never]).toMatchObject({
      v: 1,
      topic: "system.attribution.health",
      type: "health",
      ts: 1_800_000_000,
      payload: { worker: "attribution-worker", ts: 1_800_000_000, observations },
    });
    expect(send.mock.calls[0]?.[0 as never]).not.toHaveProperty("seq");
  });
});
