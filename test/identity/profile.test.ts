/** The read model in D1: the states of each identity, packed, as its object has them. */
import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { readConfig } from "../../src/config.ts";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { readProfile } from "../../src/storage/index.ts";
import { call } from "../setup/api.ts";
import { deliver, statesOf } from "../setup/deliver.ts";
import { inObject } from "../setup/identity-object.ts";
import { payload, series } from "../setup/payload.ts";
import { quiesce } from "./sound.ts";

function fresh() {
  const attackerUuid = crypto.randomUUID();
  const identityUuid = stubIdentityUuid(attackerUuid);
  return { attackerUuid, identityUuid, stub: env.IDENTITIES.getByName(identityUuid) };
}

interface Evidence {
  readonly change: readonly {
    readonly primitive: string;
    readonly e: number;
    readonly changes: readonly { readonly since_ts: number }[];
  }[];
}

async function expectAsInObject(identityUuid: string): Promise<void> {
  const profile = await readProfile(env.DB, identityUuid);
  const states = await statesOf(identityUuid);
  const answer = await env.IDENTITIES.getByName(identityUuid).readEvidence(null, null);
  if (answer.outcome !== "evidence") throw new Error("the identity must stand alone");
  const { change }: Evidence = JSON.parse(answer.body);
  const { policy } = readConfig(env);
  const expected = states.map((state) => {
    const followed = change.find(({ primitive }) => primitive === state.primitive);
    const evidence = followed
      ? { e: Number(followed.e.toPrecision(4)), changedSinceTs: followed.changes.at(-1)?.since_ts ?? null }
      : null;
    return { ...state, policyId: policy.id, evidence };
  });
  expect(profile?.states).toEqual(expected);
}

describe("[design] the read model", () => {
  it("is written with a transition, and costs no row of its own", async () => {
    const { attackerUuid, identityUuid } = fresh();
    await deliver([{ events: series(attackerUuid, "motor.input_modality", ["a", "a", "a", "a"]) }]);
    await quiesce(identityUuid);
    await expectAsInObject(identityUuid);
    const pages = await env.DB.prepare("SELECT count(*) AS n FROM profile_pages WHERE identity_uuid = ?1")
      .bind(identityUuid)
      .first<{ n: number }>();
    expect(pages?.n).toBe(0);
  });

  it("what moves without a transition follows at most every 300 s, also when the object was evicted in between", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    const events = series(attackerUuid, "motor.input_modality", ["a", "a", "a", "a", "a"]);
    await deliver([{ events: events.slice(0, 3) }]);
    await quiesce(identityUuid);
    await deliver(events.slice(3, 4));
    await quiesce(identityUuid);
    expect((await readProfile(env.DB, identityUuid))?.states[0]?.observationCount).toBe(3);
    await evictDurableObject(stub);
    await deliver(events.slice(4));
    await quiesce(identityUuid);
    expect((await readProfile(env.DB, identityUuid))?.states[0]?.observationCount).toBe(3);
    // Lets the 300 s pass.
    await inObject(stub, (sql) => sql.exec("UPDATE states SET projected_ts = projected_ts - 301"));
    await evictDurableObject(stub);
    await deliver([
      payload({ ...events[4], id: crypto.randomUUID(), evidence_ref: "later", ts: 1_714_100_000 }),
    ]);
    await vi.waitFor(() => expectAsInObject(identityUuid));
    // It needed no alarm, whose setting is a row written.
    expect(await runDurableObjectAlarm(stub)).toBe(false);
  });

  it("the sweep brings it up to date after the object was evicted; where nothing moved that writes no row", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    const events = series(attackerUuid, "motor.input_modality", ["a", "a", "a", "a"]);
    await deliver([{ events: events.slice(0, 3) }]);
    await quiesce(identityUuid);
    await deliver(events.slice(3));
    await quiesce(identityUuid);
    await evictDurableObject(stub);
    const revived = env.IDENTITIES.getByName(identityUuid);
    await revived.refreshProfile();
    await expectAsInObject(identityUuid);
    const before = await readProfile(env.DB, identityUuid);
    await evictDurableObject(revived);
    await env.IDENTITIES.getByName(identityUuid).refreshProfile();
    expect(await readProfile(env.DB, identityUuid)).toEqual(before);
  });

  it("of 1,000 primitives with long values stands in pages", async () => {
    const { attackerUuid, identityUuid } = fresh();
    const events = Array.from({ length: 1_000 }, (_, n) =>
      payload({
        attacker_uuid: attackerUuid,
        primitive: `p${n}.${"x".repeat(100)}`,
        value: `${n} ${"y".repeat(1_500)}`,
      }),
    );
    await deliver([{ events: events.slice(0, 500) }, { events: events.slice(500) }]);
    await quiesce(identityUuid);
    await expectAsInObject(identityUuid);
    const pages = await env.DB.prepare(
      "SELECT count(*) AS n, max(length(body)) AS longest FROM profile_pages WHERE identity_uuid = ?1",
    )
      .bind(identityUuid)
      .first<{ n: number; longest: number }>();
    expect(pages?.n).toBeGreaterThan(10);
    expect(pages?.longest).toBeLessThan(110_000);
  });

  it("keeps no value of an attacker that was erased, whenever it was written last, and no page of a profile that was wide", async () => {
    const [one, other] = [fresh(), fresh()];
    const wide = Array.from({ length: 100 }, (_, n) =>
      payload({
        attacker_uuid: other.attackerUuid,
        primitive: `p${n}.x`,
        value: `secret ${"y".repeat(1_500)}`,
      }),
    );
    await deliver([{ events: series(one.attackerUuid, "motor.input_modality", ["a", "a", "a", "a"]) }]);
    await deliver([{ events: wide }]);
    await deliver([
      payload({ attacker_uuid: other.attackerUuid, value: "secret", ts: 1_714_900_000, evidence_ref: "e" }),
    ]);
    const merge = call("POST", `identities/${one.identityUuid}/merge`, { loser_uuid: other.identityUuid });
    expect((await merge).status).toBe(200);
    await quiesce(one.identityUuid, other.identityUuid);
    await expectAsInObject(one.identityUuid);
    expect((await call("DELETE", `attackers/${other.attackerUuid}`)).status).toBeLessThan(300);
    await quiesce(one.identityUuid, other.identityUuid);
    await expectAsInObject(one.identityUuid);
    const left = await env.DB.prepare(
      `SELECT count(*) AS n FROM profile_pages WHERE identity_uuid = ?1 AND instr(body, 'secret') > 0`,
    )
      .bind(one.identityUuid)
      .first<{ n: number }>();
    expect(left?.n).toBe(0);
  });

  it("loses a primitive with its last observation", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    await deliver([
      payload({ attacker_uuid: attackerUuid, evidence_ref: "e1" }),
      payload({ attacker_uuid: attackerUuid, primitive: "cognitive.cognitive_load", evidence_ref: "e1" }),
    ]);
    await quiesce(identityUuid);
    await stub.remove([{ attackerUuid, primitive: "cognitive.cognitive_load", evidenceRef: "e1" }]);
    await quiesce(identityUuid);
    expect((await readProfile(env.DB, identityUuid))?.states.map(({ primitive }) => primitive)).toEqual([
      "motor.input_modality",
    ]);
  });

  it("of an unknown identity is null", async () => {
    expect(await readProfile(env.DB, crypto.randomUUID())).toBeNull();
  });
});
