/** Evidence in the read model: which rows a projection writes, and what stands there afterwards. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { FollowedIdentity } from "../../src/core/index.ts";
import {
  findIdentity,
  type PackedProfile,
  projectEvents,
  projectProfile,
  readProfile,
} from "../../src/storage/index.ts";
import { NOTED_E } from "../../src/storage/identity-filter.ts";
import { profileColumns } from "../../src/storage/profile.ts";
import { counting } from "../maintenance/counting.ts";
import { eventsFrom } from "./events.ts";

let uuid = "";
let projectedTs = 1;

const profile = (
  seq: number,
  evidence: FollowedIdentity | null,
  state?: PackedProfile["states"][number],
): PackedProfile => ({
  seq,
  projectedTs: (projectedTs += 1),
  policies: ["p"],
  states: state ? [state] : [],
  suspected: null,
  evidence,
});

async function rowsOf(
  write: (db: D1Database) => Promise<unknown>,
): Promise<{ read: number; written: number }> {
  const { db, counted } = counting(env.DB);
  await write(db);
  return { read: counted.rowsRead, written: counted.rowsWritten };
}

const columns = () =>
  env.DB.prepare(
    "SELECT evidence_e AS e, evidence_changed_ts AS changedTs, operators FROM identities WHERE uuid = ?1",
  )
    .bind(uuid)
    .first();

beforeEach(async () => {
  uuid = crypto.randomUUID();
  await env.DB.prepare("INSERT INTO identities (uuid) VALUES (?1)").bind(uuid).run();
});

describe("[evidence] a projection", () => {
  const calm = { e: 0.8, changedTs: null, operators: 1 };
  const changed = { e: 0.1, changedTs: 5_000, operators: 1 };
  const noted = { e: NOTED_E, changedTs: null, operators: 1 };

  it.each<[string, FollowedIdentity | null, FollowedIdentity, number]>([
    // An UPDATE for what is in an index, one for the profile, and entries of indexes.
    ["of what is not followed", null, calm, 2],
    ["of an unchanged identity", calm, { ...calm, e: 0.9 }, 1],
    ["of an identity with a proven change, as before", changed, { ...changed, e: 0.2 }, 1],
    ["of a first proven change", calm, changed, 3],
    ["of several operators", calm, { ...calm, operators: 2 }, 3],
    ["of several operators, as before", { ...changed, operators: 2 }, { ...changed, operators: 2, e: 3 }, 1],
    ["of an identity that is noted now", calm, noted, 2],
    ["of a noted identity", noted, { ...noted, e: 4 }, 3],
  ])("%s writes few rows", async (_, before, after, most) => {
    await projectProfile(env.DB, uuid, profile(0, before));
    const { written } = await rowsOf((db) => projectProfile(db, uuid, profile(0, after)));
    expect(written).toBeLessThanOrEqual(most);
    expect(await columns()).toEqual(after);
    expect((await findIdentity(env.DB, uuid))?.evidence).toEqual(after);
    // Nothing has changed, so nothing is written.
    expect(await rowsOf((db) => projectProfile(db, uuid, profile(0, after)))).toMatchObject({ written: 0 });
  });

  it("with events brings the columns along, and one that comes late changes nothing", async () => {
    await projectEvents(env.DB, uuid, eventsFrom(uuid, 1, 3), profile(3, changed));
    expect(await columns()).toEqual(changed);
    await projectEvents(env.DB, uuid, eventsFrom(uuid, 1, 3), profile(3, calm));
    expect(await columns()).toEqual(changed);
    const late = { ...profile(3, calm), projectedTs: 1 };
    await projectProfile(env.DB, uuid, late);
    expect(await columns()).toEqual(changed);
    await projectEvents(env.DB, uuid, eventsFrom(uuid, 4, 5), profile(5, null));
    expect(await columns()).toEqual({ e: null, changedTs: null, operators: null });
  });

  it("keeps evidence of each primitive, and reads profiles of the version before", async () => {
    const state = ["motor.a", "stable", '"a"', 1, 5, 1, 2, 0] as const;
    const expected = {
      primitive: "motor.a",
      state: "stable",
      currentValue: '"a"',
      confidence: 1,
      observationCount: 5,
      lastChangeTs: 1,
      lastObservationTs: 2,
      policyId: "p",
    };
    for (const [packed, evidence] of [
      [[...state], null],
      [[...state, 1.5], { e: 1.5, changedSinceTs: null }],
      [[...state, 1.5, 900.25], { e: 1.5, changedSinceTs: 900.25 }],
    ] as const) {
      const packedProfile = profile(0, calm, [...packed]);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await projectProfile(env.DB, uuid, packedProfile);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect((await readProfile(env.DB, uuid))?.states).toEqual([{ ...expected, evidence }]);
    }
    expect(profileColumns(profile(0, calm, [...state])).profile).toBe(
      '{"seq":0,"policies":["p"],"states":[["motor.a","stable","\\"a\\"",1,5,1,2,0]],"pages":0}',
    );
  });
});
