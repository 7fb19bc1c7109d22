/** The sweep at the platform's limits: queries per run, identities of thousands of attackers, failures, marks that race. */
import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { type AppliedObservation, stubIdentityUuid } from "../../src/core/index.ts";
import { sweep } from "../../src/maintenance/index.ts";
import { mergeIdentities } from "../../src/storage/index.ts";
import { call } from "../setup/api.ts";
import { deliver, statesOf } from "../setup/deliver.ts";
import { inObject } from "../setup/identity-object.ts";
import {
  addObservations,
  countHeld,
  heldObservations,
  loseObservations,
} from "../setup/object-observations.ts";
import { payload, series } from "../setup/payload.ts";
import { countingEnv } from "./counting.ts";
import { fillIdentity, markIdentity } from "./fill.ts";

const PRIMITIVE = "motor.input_modality";
/** The free plan's; a paid one allows 1,000. */
const MOST_QUERIES = 50;

const markOf = (identityUuid: string) =>
  env.DB.prepare("SELECT is_dirty FROM identities WHERE uuid = ?1").bind(identityUuid).first("is_dirty");

async function known(values: readonly string[] = ["a", "a", "a"]) {
  const attackerUuid = crypto.randomUUID();
  const identityUuid = stubIdentityUuid(attackerUuid);
  await deliver(series(attackerUuid, PRIMITIVE, values));
  return { attackerUuid, identityUuid, stub: env.IDENTITIES.getByName(identityUuid) };
}

/** An observation that D1 does not have. */
function extra(attackerUuid: string, evidenceRef: string): AppliedObservation {
  return { attackerUuid, primitive: PRIMITIVE, evidenceRef, ts: 1, id: evidenceRef, value: '"x"' };
}

/** Objects of which some do something else when a method is called. */
function withObjects(change: (identityUuid: string, method: string) => (() => Promise<unknown>) | null): Env {
  const getByName = (identityUuid: string) => {
    const stub = env.IDENTITIES.getByName(identityUuid);
    return new Proxy(stub, {
      get: (target, method) => {
        const changed = change(identityUuid, String(method));
        if (changed) return changed;
        const member: unknown = Reflect.get(target, method);
        return typeof member === "function"
          ? (...args: unknown[]): unknown => Reflect.apply(member, target, args)
          : member;
      },
    });
  };
  return { ...env, IDENTITIES: { getByName } as never };
}

beforeEach(async () => {
  await env.DB.prepare("UPDATE identities SET is_dirty = 0, checked_ts = 9e9").run();
});

describe("[limits] the sweep", () => {
  it.each([
    [600, 2, 1],
    [5_000, 2, 4],
  ])(
    "an identity of %d attackers is compared in runs of at most 50 queries each",
    async (attackers, each, mostRuns) => {
      const identityUuid = await fillIdentity(env.DB, attackers, each);
      let runs = 0;
      for (; (await markOf(identityUuid)) === 1; runs++) {
        expect(runs).toBeLessThan(mostRuns);
        const used = countingEnv(env);
        expect(await sweep(used.env)).toMatchObject({ failed: 0 });
        expect(used.counted.queries).toBeLessThanOrEqual(MOST_QUERIES);
      }
      expect((await statesOf(identityUuid))[0]?.observationCount).toBe(attackers * each);
      // Nothing differs now: pages are read and compared, and that is all.
      await markIdentity(env.DB, identityUuid);
      const used = countingEnv(env);
      expect(await sweep(used.env)).toMatchObject({ applied: 0, removed: 0, rows: attackers * each });
      expect(used.counted.queries).toBeLessThanOrEqual(20 + Math.ceil((attackers * each) / 1_000));
    },
  );

  it("identities that fail do not keep others from being checked, marked or not", async () => {
    const failing = await Promise.all(Array.from({ length: 30 }, () => known()));
    const [marked, unmarked] = [await known(), await known()];
    for (const { identityUuid } of [...failing, marked]) await markIdentity(env.DB, identityUuid);
    const uuids = [...failing, marked, unmarked].map(({ identityUuid }) => identityUuid);
    await env.DB.prepare(
      "UPDATE identities SET checked_ts = 1 WHERE uuid IN (SELECT value FROM json_each(?1))",
    )
      .bind(JSON.stringify(uuids))
      .run();
    await env.DB.prepare("UPDATE identities SET checked_ts = 2 WHERE uuid IN (?1, ?2)")
      .bind(marked.identityUuid, unmarked.identityUuid)
      .run();
    const broken = new Set(failing.map(({ identityUuid }) => identityUuid));
    for (const { stub } of [marked, unmarked]) await loseObservations(stub, ({ ts }) => ts > 1_714_000_000);
    const used = withObjects((uuid) => (broken.has(uuid) ? () => Promise.reject(new Error("reset")) : null));
    for (let run = 0; run < 3; run++) {
      const counted = countingEnv(used);
      expect((await sweep(counted.env)).failed).toBeGreaterThan(0);
      expect(counted.counted.queries).toBeLessThanOrEqual(MOST_QUERIES);
    }
    for (const { stub } of [marked, unmarked]) expect(await countHeld(stub)).toBe(3);
    expect(await markOf(marked.identityUuid)).toBe(0);
    expect(await markOf(failing[0]?.identityUuid ?? "")).toBe(1);
  });

  it("a mark that is set between the comparison and its note stays", async () => {
    const { identityUuid, stub } = await known();
    await markIdentity(env.DB, identityUuid);
    const used = withObjects((uuid, method) =>
      uuid === identityUuid && method === "checkRange"
        ? async () => {
            await markIdentity(env.DB, identityUuid);
            return { outcome: "same" };
          }
        : null,
    );
    await sweep(used);
    expect(await markOf(identityUuid)).toBe(1);
    await loseObservations(stub);
    await sweep(env);
    expect(await markOf(identityUuid)).toBe(0);
    expect(await countHeld(stub)).toBe(3);
  });

  it("a mark that is set while a large identity is compared over several runs stays", async () => {
    const { identityUuid } = await known(Array.from({ length: 25 }, (_, i) => `v${i}`));
    await markIdentity(env.DB, identityUuid);
    const short = { identities: 1, rows: 10, page: 5 };
    await sweep(env, short);
    await markIdentity(env.DB, identityUuid);
    await sweep(env, short);
    await sweep(env, short);
    expect(await markOf(identityUuid)).toBe(1);
    for (let run = 0; run < 3; run++) await sweep(env, short);
    expect(await markOf(identityUuid)).toBe(0);
  });

  it("observations of an attacker that is linked elsewhere leave the object", async () => {
    const [one, other] = [await known(), await known(["b"])];
    await addObservations(one.stub, [extra(other.attackerUuid, "stray")]);
    await markIdentity(env.DB, one.identityUuid);
    expect(await sweep(env)).toMatchObject({ removed: 1 });
    expect(await countHeld(one.stub)).toBe(3);
    expect((await statesOf(one.identityUuid))[0]?.observationCount).toBe(3);
    expect((await statesOf(other.identityUuid))[0]?.observationCount).toBe(1);
  });

  it("much more in the object than in D1 is removed piece by piece", async () => {
    const { attackerUuid, identityUuid, stub } = await known();
    await addObservations(
      stub,
      Array.from({ length: 5_000 }, (_, n) => extra(attackerUuid, `extra${n}`)),
    );
    await markIdentity(env.DB, identityUuid);
    const used = countingEnv(env);
    expect(await sweep(used.env)).toMatchObject({ removed: 5_000 });
    expect(used.counted.queries).toBeLessThanOrEqual(MOST_QUERIES);
    expect((await statesOf(identityUuid))[0]?.observationCount).toBe(3);
    expect(await markOf(identityUuid)).toBe(0);
  });

  it.each([1_000, 50])(
    "a session whose observations are at other depths in the object differs in nothing, %d at a time",
    async (page) => {
      const attackerUuid = crypto.randomUUID();
      const identityUuid = stubIdentityUuid(attackerUuid);
      const events = Array.from({ length: 400 }, (_, i) =>
        payload({
          attacker_uuid: attackerUuid,
          primitive: `test.primitive_${i}`,
          evidence_ref: "cowrie:sensor/long#close",
          ts: 1_714_000_000 + i,
        }),
      );
      await deliver([{ events }]);
      const stub = env.IDENTITIES.getByName(identityUuid);
      const held = await heldObservations(stub);
      await loseObservations(stub);
      await addObservations(stub, held.toReversed());
      const before = await heldObservations(stub);
      expect(before).not.toEqual(held);
      await markIdentity(env.DB, identityUuid);
      const used = countingEnv(env);
      expect(await sweep(used.env, { page })).toMatchObject({
        repaired: 0,
        applied: 0,
        removed: 0,
        recomputed: 0,
        failed: 0,
      });
      expect(used.counted.queries).toBeLessThanOrEqual(MOST_QUERIES);
      expect(await markOf(identityUuid)).toBe(0);
      expect(await heldObservations(stub)).toEqual(before);
      // A real difference among them is found all the same.
      await loseObservations(stub, ({ ts }) => ts >= 1_714_000_390);
      await markIdentity(env.DB, identityUuid);
      expect(await sweep(env, { page })).toMatchObject({ applied: 10, removed: 0 });
      expect(await markOf(identityUuid)).toBe(0);
      expect(await countHeld(stub)).toBe(400);
    },
  );

  it("a cursor of another version starts again", async () => {
    const { identityUuid, stub } = await known();
    await loseObservations(stub);
    const after = { attackerUuid: "ffffffff-ffff-4fff-bfff-ffffffffffff", primitive: "z", evidenceRef: "z" };
    await env.DB.prepare("UPDATE identities SET is_dirty = 1, sweep_cursor = ?2 WHERE uuid = ?1")
      .bind(identityUuid, JSON.stringify({ markVersion: 0, after }))
      .run();
    expect(await sweep(env)).toMatchObject({ applied: 3, failed: 0 });
  });

  it("an identity that is merged away and does not know it is told, and so is one that only believes it", async () => {
    const [winner, loser] = [await known(), await known(["b", "b"])];
    await mergeIdentities(env.DB, winner.identityUuid, loser.identityUuid, 1);
    // As if the objects had been told, and then lost it.
    await env.DB.prepare("DELETE FROM jobs").run();
    await sweep(env);
    expect((await loser.stub.inspect()).winnerUuid).toBe(winner.identityUuid);
    expect((await statesOf(winner.identityUuid))[0]?.observationCount).toBe(5);
    expect(await markOf(loser.identityUuid)).toBe(0);
    await call("POST", `identities/${loser.identityUuid}/unmerge`);
    // As if it had not heard of the undoing.
    await inObject(loser.stub, (sql) =>
      sql.exec(
        "UPDATE meta SET value = json_set(value, '$.winnerUuid', ?, '$.isUndone', json('false')) WHERE name = 'merged'",
        winner.identityUuid,
      ),
    );
    await evictDurableObject(loser.stub);
    await markIdentity(env.DB, loser.identityUuid);
    await sweep(env);
    expect((await loser.stub.inspect()).winnerUuid).toBeNull();
    expect((await statesOf(loser.identityUuid))[0]?.observationCount).toBe(2);
  });

  it("attackers of an identity that wait for a backfill are found by one query", async () => {
    const identityUuid = await fillIdentity(env.DB, 300, 1);
    await env.DB.prepare("UPDATE attackers SET needs_backfill = 1 WHERE identity_uuid = ?1")
      .bind(identityUuid)
      .run();
    const used = countingEnv(env);
    await sweep(used.env, { identities: 1 });
    expect(used.counted.queries).toBeLessThanOrEqual(8);
    await vi.waitFor(
      async () =>
        expect(
          await env.DB.prepare(
            "SELECT count(*) AS n FROM attackers WHERE identity_uuid = ?1 AND needs_backfill",
          )
            .bind(identityUuid)
            .first("n"),
        ).toBe(0),
      { timeout: 60_000 },
    );
    expect((await statesOf(identityUuid))[0]?.observationCount).toBe(300);
  });

  it("attackers that come back are linked on from an identity that is merged away", async () => {
    const [winner, loser] = [await known(), await known(["b"])];
    await call("POST", `identities/${winner.identityUuid}/merge`, { loser_uuid: loser.identityUuid });
    const attackerUuid = crypto.randomUUID();
    await env.DB.prepare("INSERT INTO attackers (uuid, identity_uuid, link_version) VALUES (?1, ?2, 1)")
      .bind(attackerUuid, loser.identityUuid)
      .run();
    await markIdentity(env.DB, loser.identityUuid);
    await sweep(env);
    expect(
      await env.DB.prepare("SELECT identity_uuid FROM attackers WHERE uuid = ?1")
        .bind(attackerUuid)
        .first("identity_uuid"),
    ).toBe(winner.identityUuid);
    await deliver([payload({ attacker_uuid: attackerUuid })]);
    expect((await statesOf(winner.identityUuid))[0]?.observationCount).toBe(5);
  });
});
