/** Pages of a wide profile: only those that changed are written, and an earlier profile never replaces a later one. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { State } from "../../src/core/index.ts";
import { projectProfile, readProfile } from "../../src/storage/index.ts";
import { profileOf } from "./projected-identities.ts";

/** 400 primitives, which take three pages, all stable but one. */
const wide = (changed: number, state: State = "drifting", count = 400) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i): [string, State] => [
      `motor.p${String(i).padStart(3, "0")}`,
      i === changed ? state : "stable",
    ]),
  );

async function identity(): Promise<string> {
  const uuid = crypto.randomUUID();
  await env.DB.prepare("INSERT INTO identities (uuid) VALUES (?1)").bind(uuid).run();
  return uuid;
}

const project = (uuid: string, states: Record<string, State>, ts: number) =>
  projectProfile(env.DB, uuid, profileOf(states, ts, 600));

/** When each page was written. */
async function pagesOf(uuid: string): Promise<number[]> {
  const { results } = await env.DB.prepare(
    "SELECT projected_ts AS ts FROM profile_pages WHERE identity_uuid = ?1 ORDER BY page",
  )
    .bind(uuid)
    .all<{ ts: number }>();
  return results.map(({ ts }) => ts);
}

async function statesOf(uuid: string): Promise<Record<string, State>> {
  const profile = await readProfile(env.DB, uuid);
  return Object.fromEntries((profile?.states ?? []).map(({ primitive, state }) => [primitive, state]));
}

it("[design reads] of a wide profile only the pages that changed are written", async () => {
  const uuid = await identity();
  await project(uuid, wide(399, "unknown"), 1);
  expect(await pagesOf(uuid)).toEqual([1, 1, 1]);
  await project(uuid, wide(399, "unknown"), 2);
  expect(await pagesOf(uuid)).toEqual([1, 1, 1]);
  await project(uuid, wide(399, "drifting"), 3);
  expect(await pagesOf(uuid)).toEqual([1, 1, 3]);
  expect(await statesOf(uuid)).toEqual(wide(399, "drifting"));
});

it("[design reads] an earlier profile that comes late changes no page, not even one that is older than itself", async () => {
  const uuid = await identity();
  await project(uuid, wide(-1), 1);
  await project(uuid, wide(399), 3);
  await project(uuid, wide(0), 2);
  expect(await pagesOf(uuid)).toEqual([1, 1, 3]);
  expect(await statesOf(uuid)).toEqual(wide(399));
});

it("[design reads] a late shorter profile removes no page of a later one", async () => {
  const uuid = await identity();
  await project(uuid, wide(-1), 1);
  await project(uuid, wide(0), 3);
  await project(uuid, wide(-1, "stable", 200), 2);
  expect(await pagesOf(uuid)).toEqual([3, 1, 1]);
  expect(await statesOf(uuid)).toEqual(wide(0));
});

it("[design reads] a shorter profile removes the pages that it has not, and a short one all; none come back", async () => {
  const uuid = await identity();
  await project(uuid, wide(-1), 1);
  await project(uuid, wide(-1, "stable", 200), 2);
  expect((await pagesOf(uuid)).length).toBe(2);
  await project(uuid, { "motor.x": "stable" }, 4);
  await project(uuid, wide(-1), 3);
  expect(await pagesOf(uuid)).toEqual([]);
  expect(await statesOf(uuid)).toEqual({ "motor.x": "stable" });
});

it("[design reads] an identity that is gone gets no pages", async () => {
  const uuid = crypto.randomUUID();
  await project(uuid, wide(-1), 1);
  expect(await pagesOf(uuid)).toEqual([]);
});
