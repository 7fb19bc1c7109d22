/** Moving the observations of a store of version 1 into session rows, while everything else goes on. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import type { IdentityObject } from "../../src/identity/index.ts";
import { IdentityStore } from "../../src/identity/store/index.ts";
import { deliver, statesOf } from "../setup/deliver.ts";
import { inObject } from "../setup/identity-object.ts";
import { payload } from "../setup/payload.ts";
import { expectSound, heldRows, jobCount, quiesce } from "./sound.ts";

const PRIMITIVES = ["motor.input_modality", "cognitive.cognitive_load", "toolchain.tls.ja3_client"];
const FROM_TS = 1_714_000_000;

function events(attackerUuid: string, sessions: number, fromTs = FROM_TS) {
  return Array.from({ length: sessions }, (_, s) =>
    PRIMITIVES.map((primitive, i) =>
      payload({
        attacker_uuid: attackerUuid,
        primitive,
        value: `v${(s + i) % 4}`,
        ts: fromTs + s * 60,
        evidence_ref: `cowrie:sensor/${s}#${i}`,
      }),
    ),
  ).flat();
}

/** Puts an object's observations back into rows of their own, as the migration from version 1 leaves them. */
async function unpack(stub: DurableObjectStub<IdentityObject>): Promise<void> {
  await runInDurableObject(stub, (_, { storage }) => {
    const store = new IdentityStore(storage, "");
    const held = [...store.observations.range({ after: null, through: null })].flatMap(
      ({ observations }) => observations,
    );
    storage.transactionSync(() => {
      storage.sql
        .exec(`CREATE TABLE observation_rows (attacker_uuid TEXT NOT NULL, primitive TEXT NOT NULL, evidence_ref TEXT NOT NULL,
        ts REAL NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(attacker_uuid, primitive, evidence_ref)) WITHOUT ROWID`);
      for (const { attackerUuid, primitive, evidenceRef, ts, id, value } of held) {
        const row = [attackerUuid, primitive, evidenceRef, ts, id, value];
        storage.sql.exec("INSERT INTO observation_rows VALUES (?, ?, ?, ?, ?, ?)", ...row);
      }
      storage.sql.exec("DELETE FROM sessions");
      store.jobs.start("pack", "pack", {});
    });
  });
  await evictDurableObject(stub);
  await runInDurableObject(stub, (instance: IdentityObject) => {
    instance.pageSizes = { ...instance.pageSizes, pack: 7 };
  });
}

describe("[design] observations of the version before", () => {
  it("are moved into session rows by a job, and nothing else changes", async () => {
    const attackerUuid = crypto.randomUUID();
    const identityUuid = stubIdentityUuid(attackerUuid);
    const stub = env.IDENTITIES.getByName(identityUuid);
    await deliver([{ events: events(attackerUuid, 40) }]);
    await quiesce(identityUuid);
    const [rows, states] = [await heldRows(identityUuid), await statesOf(identityUuid)];
    await unpack(stub);
    expect(await heldRows(identityUuid)).toEqual(rows);
    expect(await statesOf(identityUuid)).toEqual(states);
    expect(await stub.inspect()).toMatchObject({ jobs: [{ key: "pack", kind: "pack", failures: 0 }] });
    // Retention waits for it.
    expect(await stub.expire(FROM_TS + 1_000, 10)).toEqual({ removed: 0, hasMore: false });
    await stub.drain();
    await quiesce(identityUuid);
    expect(await jobCount(identityUuid)).toBe(0);
    expect(await heldRows(identityUuid)).toEqual(rows);
    const left = await inObject(stub, (sql) => [
      sql.exec("SELECT count(*) AS n FROM sqlite_master WHERE name = 'observation_rows'").one(),
      sql.exec("SELECT count(*) AS n FROM sessions").one(),
    ]);
    expect(left).toEqual([{ n: 0 }, { n: 40 }]);
    await expectSound(identityUuid);
  });

  it("repeats, greater ones and new ones may come meanwhile", async () => {
    const attackerUuid = crypto.randomUUID();
    const identityUuid = stubIdentityUuid(attackerUuid);
    const stub = env.IDENTITIES.getByName(identityUuid);
    const all = events(attackerUuid, 40);
    await deliver([{ events: all }]);
    await quiesce(identityUuid);
    await unpack(stub);
    const greater = all.filter((_, i) => i % 5 === 0).map((event) => ({ ...event, value: "vz" }));
    const before = await heldRows(identityUuid);
    await deliver([{ events: all.slice(0, 30) }]);
    expect(await heldRows(identityUuid)).toEqual(before);
    await deliver([{ events: [...greater.slice(0, 12), ...events(attackerUuid, 10, FROM_TS + 900)] }]);
    await stub.drain();
    await deliver([{ events: [...all, ...greater] }]);
    await quiesce(identityUuid);
    expect(await jobCount(identityUuid)).toBe(0);
    await expectSound(identityUuid);
  });
});
