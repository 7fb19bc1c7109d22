/**
 * Long work on one large identity: 5,000 attackers, 100,000 observations, 1,000 primitives with the longest names. The
 * tests of this file build on one another.
 */
import { describe, expect, it } from "vitest";
import { report } from "../setup/limits/use.ts";
import { countStored, store, storedObservations, storedSessions } from "../setup/observations.ts";
import { receivedFor } from "../setup/outbound.ts";
import {
  attackerUuid,
  attributionOf,
  call,
  countsOf,
  DAY_SECS,
  eventually,
  fill,
  freshSeed,
  NOW_TS,
  numberOf,
  primitiveName,
  sweepOnce,
  expectAtRest,
  expectCounted,
} from "./world.ts";
import { env } from "cloudflare:workers";

const ATTACKERS = 5_000;
const OBSERVATIONS = 100_000;
const PRIMITIVES = 1_000;
/** Observations of the one attacker that has most. */
const HEAVY = 20_000;

const large = crypto.randomUUID();
const small = crypto.randomUUID();
const seed = freshSeed();
const heavySeed = freshSeed();
const smallSeed = freshSeed();
const heavy = attackerUuid(heavySeed, 0);
const size = { attackers: ATTACKERS - 1, primitives: PRIMITIVES, observations: OBSERVATIONS - HEAVY };

describe("[long work] an identity of 5,000 attackers, 100,000 observations, 1,000 primitives", () => {
  it("rebuild", async () => {
    const fromTs = NOW_TS - 10 * DAY_SECS;
    await fill({ ...size, seed, fromTs, identityUuid: large });
    await fill({
      seed: heavySeed,
      attackers: 1,
      primitives: PRIMITIVES,
      observations: HEAVY,
      fromTs,
      identityUuid: large,
    });
    await fill({
      seed: smallSeed,
      attackers: 1,
      primitives: PRIMITIVES,
      observations: 1_000,
      fromTs,
      identityUuid: small,
    });
    const start = Date.now();
    await call("POST", `/identities/${small}/rebuild`);
    await call("POST", `/identities/${large}/rebuild`);
    await expectCounted(large, OBSERVATIONS);
    report(`${((Date.now() - start) / 1_000).toFixed(1)} s`);
    expect(await countsOf(large)).toEqual({ observations: OBSERVATIONS, primitives: PRIMITIVES });
    await expectCounted(small, 1_000);
    await expectAtRest(large);
  });

  it("rebuild again, when nothing differs: nothing is published", async () => {
    const before = await numberOf("SELECT count(*) FROM events WHERE identity_uuid = ?1", large);
    await call("POST", `/identities/${large}/rebuild`);
    await expectAtRest(large);
    expect(await countsOf(large)).toEqual({ observations: OBSERVATIONS, primitives: PRIMITIVES });
    expect(await numberOf("SELECT count(*) FROM events WHERE identity_uuid = ?1", large)).toBe(before);
  });

  it("reads: states, states at a time, the identity, its series, its history, lists", async () => {
    await call("GET", `/identities/${large}/attribution`);
    await call("GET", `/identities/${large}/attribution?as_of=${NOW_TS - 9.5 * DAY_SECS}`);
    await call("GET", `/attackers/${heavy}/attribution`);
    const identity = await call<{ attacker_count: number; observation_count: number }>(
      "GET",
      `/identities/${large}`,
    );
    expect(identity).toMatchObject({ attacker_count: ATTACKERS, observation_count: OBSERVATIONS });
    const pages = [
      `/identities/${large}/observations?limit=1000`,
      `/identities/${large}/observations?limit=1000&primitive=${primitiveName(7)}`,
      `/identities/${large}/transitions?limit=1000`,
      `/attackers/${heavy}/observations?limit=1000`,
      "/identities?limit=1000",
      `/identities?limit=1000&state=stable&primitive=${primitiveName(7)}`,
    ];
    for (const path of pages) {
      const { data } = await call<{ data: unknown[] }>("GET", path);
      expect(data.length, path).toBeGreaterThan(0);
    }
    await call("GET", "/stats");
  });

  it("sweep of it, when nothing differs: nothing is changed", async () => {
    await mark(large);
    report(`${await sweepsUntilChecked(large)} events of cron`);
    expect(await countsOf(large)).toEqual({ observations: OBSERVATIONS, primitives: PRIMITIVES });
  });

  it("sweep of it, when its object lacks 1,000 observations and holds 1,000 too many", async () => {
    const away = primitiveName(1);
    const stored = await storedSessions(heavy);
    // Each has a pointer of its own, so each row holds one.
    const lost = stored
      .filter(({ recorded }) => recorded.every(({ observation }) => observation.primitive > away))
      .slice(0, 1_000);
    expect(lost).toHaveLength(1_000);
    await env.DB.prepare("DELETE FROM sessions WHERE CAST(id AS TEXT) IN (SELECT value FROM json_each(?1))")
      .bind(JSON.stringify(lost.map(({ id }) => id)))
      .run();
    const isLost = new Set(lost.map(({ id }) => id));
    const late = stored
      .filter(({ id }) => !isLost.has(id))
      .slice(0, 1_000)
      .flatMap(({ recorded }) => recorded.map(({ observation }) => observation));
    await store(
      late.map((observation) => ({
        ...observation,
        evidenceRef: `shard:late/${observation.evidenceRef}`,
        ts: observation.ts + 1,
      })),
    );
    const expected = new Map<string, number>();
    for (const primitive of await storedPrimitives(large)) {
      expected.set(primitive, (expected.get(primitive) ?? 0) + 1);
    }
    await mark(large);
    const before = await countsOf(large);
    expect(before.observations).toBe(OBSERVATIONS);
    await sweepsUntilChecked(large);
    await eventually(async () => {
      const { primitives } = await attributionOf(large);
      const counted = new Map(primitives.map(({ primitive, observation_count: n }) => [primitive, n]));
      expect(counted).toEqual(expected);
    });
  });

  it("merge of it into another one", async () => {
    const start = Date.now();
    await call("POST", `/identities/${small}/merge`, { body: { loser_uuid: large } });
    await expectCounted(small, OBSERVATIONS + 1_000);
    report(`${((Date.now() - start) / 1_000).toFixed(1)} s`);
    await eventually(async () => {
      expect(receivedFor(small).filter(({ type }) => type === "merged")).not.toEqual([]);
    });
    await expectAtRest(small);
  });

  it("unmerge of it", async () => {
    const start = Date.now();
    await call("POST", `/identities/${large}/unmerge`);
    await expectCounted(small, 1_000);
    await expectCounted(large, OBSERVATIONS);
    report(`${((Date.now() - start) / 1_000).toFixed(1)} s`);
    await expectAtRest(large);
  });

  it("backfill of an attacker with 20,000 observations into it", async () => {
    const waiting = freshSeed();
    await fill({
      seed: waiting,
      attackers: 1,
      primitives: PRIMITIVES,
      observations: HEAVY,
      fromTs: NOW_TS - 5 * DAY_SECS,
      identityUuid: null,
    });
    const path = `/attackers/${attackerUuid(waiting, 0)}`;
    await call("PUT", path, { body: { identity_uuid: large }, statuses: [200, 201] });
    await expectCounted(large, OBSERVATIONS + HEAVY);
    await expectAtRest(large);
  });

  it("erasure of an attacker with 20,000 observations of it", async () => {
    await call("DELETE", `/attackers/${heavy}`);
    await eventually(async () => {
      await sweepOnce();
      expect(await countStored(heavy)).toBe(0);
      expect((await countsOf(large)).observations).toBe(OBSERVATIONS);
    });
    await expectAtRest(large);
  });
});

/** The primitive of every observation that D1 links to an identity. */
async function storedPrimitives(identityUuid: string): Promise<string[]> {
  const { results } = await env.DB.prepare("SELECT uuid FROM attackers WHERE identity_uuid = ?1")
    .bind(identityUuid)
    .all<{ uuid: string }>();
  const linked = new Set(results.map(({ uuid }) => uuid));
  const stored = await storedObservations();
  return stored.flatMap((each) => (linked.has(each.attackerUuid) ? each.primitive : []));
}

/** Marks an identity for the sweep. */
async function mark(identityUuid: string): Promise<void> {
  await env.DB.prepare("UPDATE identities SET is_dirty = 1, mark_version = mark_version + 1 WHERE uuid = ?1")
    .bind(identityUuid)
    .run();
}

/** Lets cron go off until a marked identity was compared to its end; returns how often. */
async function sweepsUntilChecked(identityUuid: string): Promise<number> {
  for (let runs = 1; runs <= 30; runs++) {
    await sweepOnce();
    if ((await numberOf("SELECT is_dirty FROM identities WHERE uuid = ?1", identityUuid)) === 0) return runs;
  }
  throw new Error("after 30 events of cron the identity was not compared to its end");
}
