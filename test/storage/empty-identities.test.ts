/** Removing identities without attackers: their states are found by their profiles, since nothing else is in the order of identities. */
import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { type State, STATES } from "../../src/core/index.ts";
import { removeEmptyIdentities } from "../../src/storage/index.ts";
import { countingDatabase } from "./counting-database.ts";
import { addIdentities } from "./projected-identities.ts";

const { db, take } = countingDatabase(env.DB);

/** As many primitives, one after the other in each state. */
const states = (count: number): Record<string, State> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`motor.p${i}`, STATES[i % STATES.length] ?? "unknown"]),
  );
const add = (uuid: string, count: number, valueCharacters = 5) =>
  addIdentities(env.DB, [{ uuid, lastChangeTs: 1, states: states(count), valueCharacters }]);

/** Rows of an identity: states, pages, itself. */
async function rowsOf(uuid: string): Promise<unknown[]> {
  const found = await env.DB.prepare(
    `SELECT (SELECT count(*) FROM attributions WHERE identity_uuid = ?1) AS a,
       (SELECT count(*) FROM profile_pages WHERE identity_uuid = ?1) AS b, (SELECT count(*) FROM identities WHERE uuid = ?1) AS c`,
  )
    .bind(uuid)
    .first();
  return Object.values(found ?? {});
}

// Other identities in the same states and primitives, which must neither be touched nor read.
beforeAll(async () => {
  const others = Array.from({ length: 2_000 }, (_, i) => ({
    uuid: `other-${i}`,
    lastChangeTs: 1,
    states: states(5),
  }));
  await addIdentities(env.DB, others);
});

it("[§6 erase] an identity without attackers goes with its states and pages, and reads nothing of others", async () => {
  await Promise.all([add("narrow", 30), add("wide", 400, 600)]);
  expect(await rowsOf("wide")).toEqual([400, 3, 1]);
  take();
  expect(await removeEmptyIdentities(db, ["narrow", "wide", "unknown"])).toBe(false);
  // Each primitive once, and once for each state; what is found is deleted.
  expect(take()).toBeLessThan(12 * 430);
  expect(await rowsOf("narrow")).toEqual([0, 0, 0]);
  expect(await rowsOf("wide")).toEqual([0, 0, 0]);
  expect(await rowsOf("other-7")).toEqual([5, 0, 1]);
});

it("[§6 erase] one that still has an attacker, or a merge, stays as it is", async () => {
  await Promise.all([add("held", 3), add("winner", 3), add("loser", 3)]);
  await env.DB.batch([
    env.DB.prepare("INSERT INTO attackers (uuid, identity_uuid) VALUES ('attacker', 'held')"),
    env.DB.prepare(
      `INSERT INTO merges (winner_uuid, loser_uuid, merged_ts, attacker_uuids) VALUES ('winner', 'loser', 1, '["attacker"]')`,
    ),
  ]);
  expect(await removeEmptyIdentities(env.DB, ["held", "winner", "loser"])).toBe(false);
  for (const uuid of ["held", "winner", "loser"]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await rowsOf(uuid)).toEqual([3, 0, 1]);
  }
});

it("[§6 erase] states in another state than the profile says are found, and those of pages of before", async () => {
  await add("lagging", 400, 600);
  await env.DB.batch([
    env.DB.prepare(
      "UPDATE attributions SET state = 'multi_actor' WHERE identity_uuid = 'lagging' AND state = 'stable'",
    ),
    env.DB.prepare("UPDATE identities SET profile = json_set(profile, '$.pages', 1) WHERE uuid = 'lagging'"),
  ]);
  expect(await removeEmptyIdentities(env.DB, ["lagging"])).toBe(false);
  expect(await rowsOf("lagging")).toEqual([0, 0, 0]);
});

it("[§6 erase] many states go page by page, the profile last", async () => {
  await add("long", 250, 500);
  const steps: unknown[] = [];
  for (let hasMore = true; hasMore;) {
    // oxlint-disable-next-line no-await-in-loop -- each step follows the one before
    hasMore = await removeEmptyIdentities(env.DB, ["long"], 100);
    // oxlint-disable-next-line no-await-in-loop -- each step follows the one before
    steps.push(await rowsOf("long"));
  }
  expect(steps).toEqual([
    [150, 2, 1],
    [50, 2, 1],
    [0, 0, 0],
  ]);
});
