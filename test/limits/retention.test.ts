/**
 * Retention that keeps up with 100 observations a second. One walk an hour has to remove what came in within one, which
 * is 360,000; the tests take a tenth of that.
 */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { MAINTENANCE, type MaintenanceObject } from "../../src/maintenance/index.ts";
import { report } from "../setup/limits/use.ts";
import {
  attributionOf,
  call,
  DAY_SECS,
  eventually,
  fill,
  freshSeed,
  NOW_TS,
  numberOf,
  expectCounted,
} from "./world.ts";

/** A tenth of an hour's. */
const EXPIRED = 36_000;
const PRIMITIVES = 100;
/** Observations that came lately, so that no old one is needed by a window. */
const KEPT = 10 * PRIMITIVES;
const BEFORE_TS = NOW_TS - 30 * DAY_SECS;

const maintenance = () => env.MAINTENANCE.getByName(MAINTENANCE);

/** One walk over everything, from the start, to its end. */
async function walk(): Promise<void> {
  await runInDurableObject(maintenance(), (instance: MaintenanceObject) => instance.wake());
  await eventually(async () => {
    // What is under way goes on by alarms; without one the walk is over.
    await runDurableObjectAlarm(maintenance());
    const alarm = await runInDurableObject(maintenance(), (_, state) => state.storage.getAlarm());
    expect(alarm).toBeNull();
  });
}

const expiredLeft = () => numberOf("SELECT count(*) FROM observations WHERE ts < ?1", BEFORE_TS);

describe("[long work] retention", () => {
  it("one walk removes 36,000 observations of one identity and 36,000 old events", async () => {
    const identityUuid = crypto.randomUUID();
    const seed = freshSeed();
    const one = { attackers: 10, primitives: PRIMITIVES, identityUuid };
    await fill({ ...one, seed, observations: EXPIRED, fromTs: BEFORE_TS - 2 * EXPIRED });
    await fill({ ...one, seed: freshSeed(), observations: KEPT, fromTs: NOW_TS - DAY_SECS });
    await call("POST", `/identities/${identityUuid}/rebuild`);
    await expectCounted(identityUuid, EXPIRED + KEPT);
    await env.DB.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
       INSERT INTO events (cursor, identity_uuid, seq, event)
       SELECT -1000000 + i, ?2, i, json_object('v', 1, 'id', 'e' || i, 'seq', i, 'ts', ?3 - 86400,
         'type', 'profile.state_changed', 'payload', json_object('identity_uuid', ?2)) FROM n`,
    )
      .bind(EXPIRED, crypto.randomUUID(), BEFORE_TS)
      .run();
    const before = await attributionOf(identityUuid);
    const start = Date.now();
    await walk();
    const seconds = (Date.now() - start) / 1_000;
    report(`${seconds.toFixed(1)} s, ${Math.round(EXPIRED / seconds)} observations/s`);
    expect(await expiredLeft()).toBe(0);
    expect(await numberOf("SELECT count(*) FROM events WHERE cursor < 0")).toBe(0);
    const after = await attributionOf(identityUuid);
    expect(after.primitives.map(({ primitive, state }) => [primitive, state])).toEqual(
      before.primitives.map(({ primitive, state }) => [primitive, state]),
    );
  });

  it("one walk removes 36,000 observations of 300 identities", async () => {
    const identities = Array.from({ length: 300 }, () => crypto.randomUUID());
    for (const identityUuid of identities) {
      const one = { attackers: 1, primitives: 2, identityUuid };
      await fill({ ...one, seed: freshSeed(), observations: EXPIRED / 300, fromTs: BEFORE_TS - DAY_SECS });
      await fill({ ...one, seed: freshSeed(), observations: 20, fromTs: NOW_TS - DAY_SECS });
    }
    await call("POST", "/rebuild", { statuses: [202] });
    await eventually(async () =>
      expect(await call("GET", "/rebuild")).toMatchObject({ state: "finished", failed: 0 }),
    );
    const start = Date.now();
    await walk();
    const seconds = (Date.now() - start) / 1_000;
    report(`${seconds.toFixed(1)} s, ${Math.round(EXPIRED / seconds)} observations/s`);
    expect(await expiredLeft()).toBe(0);
  });
});
