/** UNKNOWN_ATTACKER=defer: observations wait in D1 for their attacker, and none is lost whatever comes first. */
import { env, exports } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { readConfig } from "../../src/config.ts";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { findAttacker, readTotals, registerAttacker } from "../../src/storage/index.ts";
import { nextAttackerUuid } from "../setup/attackers.ts";
import { deliver, statesOf } from "../setup/deliver.ts";
import { waitForSeq } from "../setup/outbound.ts";
import { series } from "../setup/payload.ts";
import { heldObservations } from "../setup/object-observations.ts";

const DEFER: Env = { ...env, UNKNOWN_ATTACKER: "defer" as never };
const VALUES = ["a", "a", "a", "b", "c", "b", "c"];

function register(attackerUuid: string, body: object = {}): Promise<Response> {
  return exports.default.fetch(`https://x/api/v1/attackers/${attackerUuid}`, {
    method: "PUT",
    headers: { authorization: "Bearer admin-token", "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function attributionOf(attackerUuid: string): Promise<unknown> {
  const response = await exports.default.fetch(`https://x/api/v1/attackers/${attackerUuid}/attribution`, {
    headers: { authorization: "Bearer read-token" },
  });
  return response.json();
}

function settled(identityUuid: string, count: number): Promise<void> {
  return vi.waitFor(async () => {
    const [state] = await statesOf(identityUuid);
    expect(state?.observationCount).toBe(count);
  });
}

describe("[§6] deferral", () => {
  it("observations wait without identity or state, and are applied like a batch on registration", async () => {
    const attackerUuid = nextAttackerUuid();
    const identityUuid = stubIdentityUuid(attackerUuid);
    const before = await readTotals(env.DB);
    const events = series(attackerUuid, "motor.input_modality", VALUES);
    const result = await deliver(events.toReversed(), { env: DEFER });
    expect(result.explicitAcks).toHaveLength(VALUES.length);
    expect(await attributionOf(attackerUuid)).toEqual({
      identity_uuid: null,
      policy: readConfig(env).policy.id,
      primitives: [],
    });
    expect(await statesOf(identityUuid)).toEqual([]);
    const waiting = await readTotals(env.DB);
    expect(waiting.deferred - before.deferred).toBe(VALUES.length);
    expect(waiting.identities - before.identities).toBe(0);
    expect(waiting.attackers - before.attackers).toBe(0);

    expect((await register(attackerUuid, { ip: "192.0.2.1" })).status).toBe(201);
    await settled(identityUuid, VALUES.length);
    const events2 = await waitForSeq(identityUuid, 4);
    const states = events2.flatMap((event) =>
      event.type === "profile.state_changed" ? [event.payload.new_state] : [],
    );
    expect(states).toEqual(["unknown", "stable", "conflicted"]);
    await vi.waitFor(async () =>
      expect((await findAttacker(env.DB, attackerUuid))?.needsBackfill).toBe(false),
    );
    expect((await readTotals(env.DB)).deferred).toBe(before.deferred);
  });

  it("more than a page of observations is applied, in order, with no state in between skipped", async () => {
    const attackerUuid = nextAttackerUuid();
    const identityUuid = stubIdentityUuid(attackerUuid);
    const values = Array.from({ length: 1_203 }, (_, i) => (i < 1_000 ? "a" : "b"));
    await deliver([{ events: series(attackerUuid, "motor.input_modality", values) }], { env: DEFER });
    await register(attackerUuid);
    await settled(identityUuid, values.length);
    // Six about states, and the proven change.
    const published = await waitForSeq(identityUuid, 7);
    const states = published.flatMap((event) =>
      event.type === "profile.state_changed" ? [event.payload.new_state] : [],
    );
    expect(states).toEqual(["unknown", "stable", "conflicted", "drifting", "stable"]);
    expect((await statesOf(identityUuid))[0]).toMatchObject({ state: "stable", currentValue: '"b"' });
  });

  it("any interleaving of observations and registration ends with everything applied", async () => {
    await Promise.all(
      Array.from({ length: 12 }, async () => {
        const attackerUuid = nextAttackerUuid();
        const identityUuid = stubIdentityUuid(attackerUuid);
        const events = series(attackerUuid, "motor.input_modality", VALUES);
        await Promise.all([
          ...events.map((event) => deliver([event], { env: DEFER })),
          register(attackerUuid),
          register(attackerUuid),
        ]);
        await settled(identityUuid, VALUES.length);
        expect((await statesOf(identityUuid))[0]).toMatchObject({ state: "conflicted", currentValue: '"c"' });
      }),
    );
  });

  it("a registration whose call to the object was lost is made good by the attacker's next message", async () => {
    const attackerUuid = nextAttackerUuid();
    const identityUuid = stubIdentityUuid(attackerUuid);
    const events = series(attackerUuid, "motor.input_modality", VALUES);
    await deliver(events.slice(0, 5), { env: DEFER });
    // What PUT does in D1, and then nothing more.
    await registerAttacker(env.DB, {
      uuid: attackerUuid,
      ip: null,
      firstSeenTs: null,
      lastSeenTs: null,
      identityUuid: null,
    });
    expect(await statesOf(identityUuid)).toEqual([]);
    await deliver(events.slice(5), { env: DEFER });
    await settled(identityUuid, VALUES.length);
  });

  it("switching to register applies what waited with the next message", async () => {
    const attackerUuid = nextAttackerUuid();
    const identityUuid = stubIdentityUuid(attackerUuid);
    const events = series(attackerUuid, "motor.input_modality", VALUES);
    await deliver(events.slice(0, 6), { env: DEFER });
    await deliver(events.slice(6));
    await settled(identityUuid, VALUES.length);
  });

  it("an attacker linked to a given identity brings what waited into it", async () => {
    const [first, second, identityUuid] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
    await deliver([{ events: series(first, "motor.input_modality", ["a", "a", "a"]) }], { env: DEFER });
    await register(first, { identity_uuid: identityUuid });
    await deliver([{ events: series(second, "motor.input_modality", ["a", "a"]) }], { env: DEFER });
    await register(second, { identity_uuid: identityUuid });
    await settled(identityUuid, 5);
    const held = await heldObservations(env.IDENTITIES.getByName(identityUuid));
    expect([...new Set(held.map(({ attackerUuid }) => attackerUuid))]).toEqual([first, second].toSorted());
  });
});
