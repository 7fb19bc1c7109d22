/** Work over many identities at a time. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { report } from "../setup/limits/use.ts";
import {
  attackerUuid,
  call,
  countsOf,
  DAY_SECS,
  eventually,
  fill,
  freshSeed,
  NOW_TS,
  numberOf,
  sweepOnce,
} from "./world.ts";

const IDENTITIES = 300;

describe("[long work] 300 identities", () => {
  const identities = Array.from({ length: IDENTITIES }, () => ({
    uuid: crypto.randomUUID(),
    seed: freshSeed(),
  }));

  it("sweep of them, when no object knows anything", async () => {
    for (const { uuid, seed } of identities) {
      await fill({
        seed,
        attackers: 2,
        primitives: 2,
        observations: 10,
        fromTs: NOW_TS - DAY_SECS,
        identityUuid: uuid,
      });
    }
    let runs = 0;
    for (let left = IDENTITIES; left > 0 && runs < 50; runs++) {
      await sweepOnce();
      left = await numberOf("SELECT count(*) FROM identities WHERE checked_ts = 0");
    }
    report(`${runs} events of cron`);
    for (const { uuid } of identities.slice(0, 20)) {
      expect(await countsOf(uuid)).toEqual({ observations: 10, primitives: 2 });
    }
    expect(runs).toBeLessThan(50);
  });

  it("rebuild of everything", async () => {
    await call("POST", "/rebuild", { statuses: [202] });
    await eventually(async () =>
      expect(await call("GET", "/rebuild")).toMatchObject({ state: "finished", failed: 0 }),
    );
  });

  it("100 merges into one identity, undone one by one", async () => {
    const [winner, ...others] = identities.slice(0, 101);
    for (const { uuid } of others) {
      await call("POST", `/identities/${winner?.uuid}/merge`, { body: { loser_uuid: uuid } });
    }
    await eventually(async () =>
      expect((await countsOf(winner?.uuid ?? "")).observations).toBe(others.length * 10 + 10),
    );
    for (const { uuid } of others.toReversed()) await call("POST", `/identities/${uuid}/unmerge`);
    await eventually(async () => expect((await countsOf(winner?.uuid ?? "")).observations).toBe(10));
    const last = others.at(-1);
    expect(await countsOf(last?.uuid ?? "")).toEqual({ observations: 10, primitives: 2 });
  });

  it("200 attackers are linked to one identity, then erased", async () => {
    const seed = freshSeed();
    const identityUuid = crypto.randomUUID();
    await fill({
      seed,
      attackers: 200,
      primitives: 5,
      observations: 2_000,
      fromTs: NOW_TS - DAY_SECS,
      identityUuid: null,
    });
    for (let i = 0; i < 200; i++) {
      await call("PUT", `/attackers/${attackerUuid(seed, i)}`, {
        body: { identity_uuid: identityUuid },
        statuses: [200, 201],
      });
    }
    await eventually(async () => expect((await countsOf(identityUuid)).observations).toBe(2_000));
    for (let i = 0; i < 200; i++) await call("DELETE", `/attackers/${attackerUuid(seed, i)}`);
    await eventually(async () => {
      await sweepOnce();
      // An identity that has lost its last attacker is not known any more.
      await call("GET", `/identities/${identityUuid}/attribution`, { statuses: [404] });
    });
    expect(await env.IDENTITIES.getByName(identityUuid).attribution()).toEqual([]);
  });
});
