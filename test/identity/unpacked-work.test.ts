/** Everything that an identity may be asked before the observations of a store of version 1 are packed. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { digestRange } from "../../src/identity/check.ts";
import { call } from "../setup/api.ts";
import { deliver, statesOf } from "../setup/deliver.ts";
import { inObject } from "../setup/identity-object.ts";
import { series } from "../setup/payload.ts";
import { expectSound, heldRows, linkedRows, quiesce } from "./sound.ts";
import { writeVersionOne } from "./version-one.ts";

const FROM_TS = 1_714_000_000;
const PRIMITIVES = ["motor.input_modality", "toolchain.c2.beacon_interval_ms", "toolchain.ssh.hassh_client"];

function events(attackerUuid: string, seed: number) {
  return PRIMITIVES.flatMap((primitive, p) =>
    series(
      attackerUuid,
      primitive,
      Array.from({ length: 40 }, (_, i) => (p === 1 ? 100 + ((i * seed) % 7) : `${(i * seed) % 3}`)),
      FROM_TS + seed,
    ).map((event, i) => ({ ...event, evidence_ref: `cowrie:s/${seed}-${i >> 2}#${p}-${i}` })),
  );
}

/** An attacker whose object has its observations in rows of their own, for long. */
async function unpackedIdentity(seed: number) {
  const attackerUuid = crypto.randomUUID();
  const identityUuid = stubIdentityUuid(attackerUuid);
  const stub = env.IDENTITIES.getByName(identityUuid);
  await deliver([{ events: events(attackerUuid, seed) }]);
  await quiesce(identityUuid);
  await writeVersionOne(stub);
  await holdPacking(identityUuid);
  return { attackerUuid, identityUuid, stub };
}

/** Lets the job that packs wait. */
async function holdPacking(identityUuid: string) {
  await inObject(env.IDENTITIES.getByName(identityUuid), (sql) =>
    sql.exec("UPDATE jobs SET retry_ms = 4000000000000 WHERE kind = 'pack'"),
  );
}

function unpacked(identityUuid: string): Promise<number> {
  return inObject(env.IDENTITIES.getByName(identityUuid), (sql) =>
    Number(sql.exec("SELECT count(*) AS n FROM observation_rows").one()["n"]),
  );
}

async function finish(...identityUuids: string[]) {
  for (const uuid of identityUuids) {
    await inObject(env.IDENTITIES.getByName(uuid), (sql) => sql.exec("UPDATE jobs SET retry_ms = 0"));
    await env.IDENTITIES.getByName(uuid).drain();
    await expectSound(uuid);
  }
}

describe("[design] before the observations of version 1 are packed", () => {
  it("a merge and an unmerge", async () => {
    const [a, b] = [await unpackedIdentity(1), await unpackedIdentity(2)];
    expect(
      (await call("POST", `identities/${a.identityUuid}/merge`, { loser_uuid: b.identityUuid })).status,
    ).toBe(200);
    expect(await unpacked(a.identityUuid)).toBe(120);
    expect(await heldRows(a.identityUuid)).toEqual(await linkedRows(a.identityUuid));
    expect(await heldRows(a.identityUuid)).toHaveLength(240);
    expect((await call("POST", `identities/${b.identityUuid}/unmerge`)).status).toBe(200);
    expect(await heldRows(b.identityUuid)).toEqual(await linkedRows(b.identityUuid));
    await finish(a.identityUuid, b.identityUuid);
    expect(await heldRows(a.identityUuid)).toHaveLength(120);
    expect(await heldRows(b.identityUuid)).toHaveLength(120);
  });

  it("an erasure", async () => {
    const [a, b] = [await unpackedIdentity(1), await unpackedIdentity(2)];
    await call("POST", `identities/${a.identityUuid}/merge`, { loser_uuid: b.identityUuid });
    expect((await call("DELETE", `attackers/${a.attackerUuid}`)).status).toBeLessThan(300);
    await expect.poll(() => unpacked(a.identityUuid)).toBe(0);
    expect(
      (await heldRows(a.identityUuid)).every(({ attackerUuid }) => attackerUuid === b.attackerUuid),
    ).toBe(true);
    await finish(a.identityUuid);
    expect(await heldRows(a.identityUuid)).toHaveLength(120);
  });

  it("an expiry waits, and comes in the next pass", async () => {
    const a = await unpackedIdentity(1);
    const states = await statesOf(a.identityUuid);
    const expire = async (): Promise<number> => {
      let [removed, rounds] = [0, 0];
      for (let hasMore = true; hasMore && rounds < 50; rounds++) {
        const answer = await a.stub.expire(FROM_TS + 1e6, 10);
        removed += answer.removed;
        ({ hasMore } = answer);
      }
      return removed;
    };
    expect(await expire()).toBe(0);
    expect(await heldRows(a.identityUuid)).toHaveLength(120);
    await finish(a.identityUuid);
    expect(await expire()).toBeGreaterThan(20);
    expect(await heldRows(a.identityUuid)).toEqual(await linkedRows(a.identityUuid));
    expect((await statesOf(a.identityUuid)).map(({ state, currentValue }) => [state, currentValue])).toEqual(
      states.map(({ state, currentValue }) => [state, currentValue]),
    );
  });

  it("states of an earlier time, a comparison, the newest and a rebuild", async () => {
    const attackerUuid = crypto.randomUUID();
    const identityUuid = stubIdentityUuid(attackerUuid);
    const stub = env.IDENTITIES.getByName(identityUuid);
    const all = events(attackerUuid, 3);
    await deliver([{ events: all }]);
    await quiesce(identityUuid);
    const ask = async () => [
      await stub.readAttribution(FROM_TS + 17),
      await stub.readNewest(PRIMITIVES[0] ?? "", 7),
      await stub.checkRange({ after: null, through: null }, digestRange(await linkedRows(identityUuid))),
      await stub.verify(),
    ];
    const before = await ask();
    expect(before[2]).toEqual({ outcome: "same" });
    await writeVersionOne(stub);
    await holdPacking(identityUuid);
    await deliver([{ events: all.slice(50, 60) }]);
    expect(await ask()).toEqual(before);
    expect(await unpacked(identityUuid)).toBe(120);
    await deliver([
      { events: all.slice(50, 60).map((event, i) => ({ ...event, ts: FROM_TS + 100_000 + i, value: 9 })) },
    ]);
    await holdPacking(identityUuid);
    expect(await unpacked(identityUuid)).toBe(110);
    await stub.rebuild();
    await finish(identityUuid);
  });
});
