/** The maintenance object and cron: what is due runs step by step, and a wrong variable stops only what needs it. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import {
  handleScheduled,
  MAINTENANCE,
  type MaintenanceObject,
  SWEEP_CRON,
} from "../../src/maintenance/index.ts";
import { beginErasure } from "../../src/storage/index.ts";
import { deliver } from "../setup/deliver.ts";
import { payload, series } from "../setup/payload.ts";
import { countHeld, loseObservations } from "../setup/object-observations.ts";

const object = env.MAINTENANCE.getByName(MAINTENANCE);

async function jobsOf(kind: string): Promise<unknown[]> {
  const { results } = await env.DB.prepare("SELECT subject, error, due_ts AS dueTs FROM jobs WHERE kind = ?1")
    .bind(kind)
    .all();
  return results;
}

/** Lets the object's alarm go off until it has nothing more to do. */
async function runAlarms(): Promise<void> {
  for (let i = 0; i < 100; i++) if (!(await runDurableObjectAlarm(object))) return;
}

/** Puts other variables in the maintenance object's place. */
function withVariables(variables: Record<string, string>): Promise<void> {
  return runInDurableObject(object, (instance: MaintenanceObject) => {
    Object.defineProperty(instance, "env", { value: { ...env, ...variables }, configurable: true });
  });
}

afterEach(async () => {
  await withVariables({});
  await env.DB.prepare("DELETE FROM jobs").run();
});

describe("[design] the maintenance object", () => {
  it("goes on with an erasure that a crash left, until it is done", async () => {
    const attackerUuid = crypto.randomUUID();
    await deliver([payload({ attacker_uuid: attackerUuid })]);
    await beginErasure(env.DB, attackerUuid, Date.now() / 1_000);
    await object.wake();
    await vi.waitFor(async () => {
      await runAlarms();
      expect(await jobsOf("erasure")).toEqual([]);
    });
    const { results } = await env.DB.prepare("SELECT * FROM attackers WHERE uuid = ?1")
      .bind(attackerUuid)
      .all();
    expect(results).toEqual([]);
  });

  it("sleeps when nothing is due, and wakes for a job that was put off", async () => {
    await runAlarms();
    await object.wake();
    await vi.waitFor(async () => {
      await runAlarms();
      expect(await runInDurableObject(object, (_, { storage }) => storage.getAlarm())).toBeNull();
    });
    const dueTs = Date.now() / 1_000 + 1_000;
    await env.DB.prepare(
      "INSERT INTO jobs (kind, subject, state, due_ts) VALUES ('erasure', 'later', '{}', ?1)",
    )
      .bind(dueTs)
      .run();
    await object.wake();
    await vi.waitFor(async () => {
      const alarm = await runInDurableObject(object, (_, { storage }) => storage.getAlarm());
      expect(alarm).toBeCloseTo(dueTs * 1_000, -3);
    });
  });

  it("with a wrong variable goes on with what does not need it, and says which variable it is", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    await withVariables({ RETENTION_DAYS: "ever" });
    const attackerUuid = crypto.randomUUID();
    await deliver([payload({ attacker_uuid: attackerUuid })]);
    await beginErasure(env.DB, attackerUuid, Date.now() / 1_000);
    await object.wake();
    await vi.waitFor(async () => {
      await runAlarms();
      expect(await jobsOf("erasure")).toEqual([]);
    });
    expect(logged.mock.calls.flat().join("\n")).toContain("RETENTION_DAYS must be a number of days");
    logged.mockRestore();
  });

  it("starts retention where it is switched on, and ends it where it is not", async () => {
    await withVariables({ RETENTION_DAYS: "30" });
    await object.wake();
    await vi.waitFor(async () => {
      await runAlarms();
      expect(await jobsOf("retention")).toMatchObject([{ error: null }]);
    });
    await withVariables({});
    await env.DB.prepare("UPDATE jobs SET due_ts = 0").run();
    await object.wake();
    await vi.waitFor(async () => {
      await runAlarms();
      expect(await jobsOf("retention")).toEqual([]);
    });
  });
});

describe("[§7] cron", () => {
  it("with a wrong variable does not throw, and logs its name", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    const wrong = { ...env, WINDOW_SIZE: "banana", HEARTBEAT: "on" } as unknown as Env;
    await handleScheduled(SWEEP_CRON, Date.now(), wrong);
    await handleScheduled("* * * * *", Date.now(), wrong);
    expect(logged.mock.calls.flat().join("\n")).toContain("WINDOW_SIZE must be a whole number");
    logged.mockRestore();
  });

  it("sweeps, and lets the maintenance object go on where one run does not suffice", async () => {
    const attackers = Array.from({ length: 35 }, () => crypto.randomUUID());
    await deliver(attackers.flatMap((uuid) => series(uuid, "motor.input_modality", ["a", "a"])));
    const stubs = attackers.map((uuid) => env.IDENTITIES.getByName(stubIdentityUuid(uuid)));
    for (const stub of stubs) await loseObservations(stub);
    await env.DB.prepare("UPDATE identities SET checked_ts = 0").run();
    await handleScheduled(SWEEP_CRON, Date.now(), env);
    await vi.waitFor(
      async () => {
        await runAlarms();
        for (const stub of stubs) {
          expect(await countHeld(stub)).toBe(2);
        }
      },
      { timeout: 60_000 },
    );
  });
});
