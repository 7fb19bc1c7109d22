/**
 * Retention that keeps up with 100 observations a second. One walk an hour has to remove what came in within one, which
 * is 360,000; the test takes a fifth of that.
 */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { report } from "../setup/limits/use.ts";
import {
  attributionOf,
  call,
  DAY_SECS,
  eventually,
  expectCounted,
  expectMaintained,
  fill,
  freshSeed,
  NOW_TS,
  numberOf,
  sweepOnce,
} from "./world.ts";

/** A tenth of an hour's. */
const EXPIRED = 36_000;
const BEFORE_TS = NOW_TS - 30 * DAY_SECS;

/** Observations a second that a walk has to remove at least. */
const RATE = 100;

describe("[long work] retention", () => {
  it("one walk removes 36,000 observations of one identity, 36,000 of 300, and 36,000 old events", async () => {
    const one = crypto.randomUUID();
    const many = Array.from({ length: 300 }, () => crypto.randomUUID());
    await fillOld(one, { attackers: 10, primitives: 100, observations: EXPIRED, kept: 1_000 });
    for (const identityUuid of many) {
      await fillOld(identityUuid, { attackers: 1, primitives: 2, observations: EXPIRED / 300, kept: 20 });
    }
    await env.DB.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
       INSERT INTO events (cursor, identity_uuid, seq, event)
       SELECT -1000000 + i, ?2, i, json_object('v', 1, 'id', 'e' || i, 'seq', i, 'ts', ?3 - 86400,
         'type', 'profile.state_changed', 'payload', json_object('identity_uuid', ?2)) FROM n`,
    )
      .bind(EXPIRED, crypto.randomUUID(), BEFORE_TS)
      .run();
    await call("POST", "/rebuild", { statuses: [202] });
    await eventually(async () =>
      expect(await call("GET", "/rebuild")).toMatchObject({ state: "finished", failed: 0 }),
    );
    await expectCounted(one, EXPIRED + 1_000);
    await expectMaintained();
    const before = await attributionOf(one);

    const start = Date.now();
    await sweepOnce();
    // The next walk begins an hour after the end of this one.
    await eventually(async () => {
      expect(
        await numberOf("SELECT count(*) FROM sessions WHERE first_ts < ?1 AND size > 0", BEFORE_TS),
      ).toBe(0);
      const old = "SELECT count(*) FROM events WHERE typeof(event) = 'text' AND event ->> 'ts' < ?1";
      expect(await numberOf(old, BEFORE_TS)).toBe(0);
    });
    const seconds = (Date.now() - start) / 1_000;
    const rate = Math.round((2 * EXPIRED) / seconds);
    report(`${seconds.toFixed(1)} s, ${rate} observations/s; ${RATE}/s keep up`);
    await expectCounted(one, 1_000);
    const after = await attributionOf(one);
    expect(after.primitives.map(({ primitive, state }) => [primitive, state])).toEqual(
      before.primitives.map(({ primitive, state }) => [primitive, state]),
    );
  });
});

/** Old observations of an identity, and as many new ones that no old one is needed by a window. */
async function fillOld(
  identityUuid: string,
  sizes: { attackers: number; primitives: number; observations: number; kept: number },
): Promise<void> {
  const { kept, ...size } = sizes;
  await fill({ ...size, seed: freshSeed(), fromTs: BEFORE_TS - 2 * size.observations, identityUuid });
  const lately = { ...size, observations: kept, fromTs: NOW_TS - DAY_SECS };
  await fill({ ...lately, seed: freshSeed(), identityUuid });
}
