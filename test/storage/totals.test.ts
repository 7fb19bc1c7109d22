/** Totals: which are fresh at every look, and which may be a little old where there is much to count. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { addIdentities } from "./projected-identities.ts";
import {
  COUNTED_AFRESH_ROWS,
  COUNTED_HOLDS_MS,
  readRecentTotals,
  readTotals,
} from "../../src/storage/index.ts";

const insertAttackers = (count: number) =>
  env.DB.prepare(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
     INSERT INTO attackers (uuid) SELECT 'x' || hex(randomblob(16)) FROM n`,
  )
    .bind(count)
    .run();

/** As many states as it takes. */
const insertAttributions = (count: number) =>
  env.DB.prepare(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
     INSERT INTO attributions (identity_uuid, primitive, state, seq)
     SELECT 'x' || hex(randomblob(16)), 'motor.x', 'stable', i FROM n`,
  )
    .bind(count)
    .run();

const letter = (code: string) =>
  env.DB.prepare(
    `INSERT INTO dead_letters (id, code, field, detail, attempts, received_ts, body) VALUES (?1, ?2, 'ts', '', 1, 1, '')`,
  )
    .bind(crypto.randomUUID(), code)
    .run();

it("[§7 stats] little is counted at every look, much holds for a while, and letters are always fresh", async () => {
  const startMs = 1_000_000;
  await insertAttributions(10);
  expect((await readRecentTotals(env.DB, startMs)).states.stable).toBe(10);
  await insertAttributions(COUNTED_AFRESH_ROWS);
  const much = await readRecentTotals(env.DB, startMs);
  expect(much.states.stable).toBe(COUNTED_AFRESH_ROWS + 10);

  await insertAttributions(1);
  await letter("missing_field");
  const held = await readRecentTotals(env.DB, startMs + COUNTED_HOLDS_MS - 1);
  expect(held.states.stable).toBe(COUNTED_AFRESH_ROWS + 10);
  expect(held.deadLetters).toEqual({ missing_field: 1 });
  expect((await readTotals(env.DB)).states.stable).toBe(COUNTED_AFRESH_ROWS + 11);
  const later = await readRecentTotals(env.DB, startMs + COUNTED_HOLDS_MS);
  expect(later.states.stable).toBe(COUNTED_AFRESH_ROWS + 11);
});

it("[§7 stats] attackers that wait are not counted as registered", async () => {
  const before = await readTotals(env.DB);
  await insertAttackers(3);
  expect((await readTotals(env.DB)).attackers).toBe(before.attackers);
});

it("[§7 stats] an identity that is merged away counts no more, and its states neither", async () => {
  const before = await readTotals(env.DB);
  await addIdentities(env.DB, [
    { uuid: "stands", lastChangeTs: 1, states: { "motor.x": "drifting" } },
    {
      uuid: "gone",
      lastChangeTs: 1,
      states: { "motor.x": "drifting", "motor.y": "stable" },
      mergedIntoUuid: "stands",
    },
  ]);
  const after = await readTotals(env.DB);
  expect(after.identities - before.identities).toBe(1);
  expect(after.states.drifting - before.states.drifting).toBe(1);
  expect(after.states.stable - before.states.stable).toBe(0);
});

it("[§7 stats] states of those that are merged away are found by their profiles, wide or behind, once each", async () => {
  const before = await readTotals(env.DB);
  const states = Object.fromEntries(
    Array.from({ length: 400 }, (_, i) => [`motor.p${i}`, "stable"] as const),
  );
  const merged = { lastChangeTs: 1, mergedIntoUuid: "stands", states };
  await addIdentities(env.DB, [
    { uuid: "wide", valueCharacters: 600, ...merged },
    { uuid: "behind", ...merged },
    { uuid: "alive", lastChangeTs: 1, states },
  ]);
  await env.DB.batch([
    env.DB.prepare(
      "UPDATE attributions SET state = 'conflicted' WHERE identity_uuid IN ('behind', 'alive') AND primitive = 'motor.p7'",
    ),
    // A page of a profile before.
    env.DB.prepare(
      "INSERT INTO profile_pages SELECT identity_uuid, 9, 1, body FROM profile_pages WHERE identity_uuid = 'wide' AND page = 0",
    ),
  ]);
  const after = await readTotals(env.DB);
  expect(after.states.stable - before.states.stable).toBe(399);
  expect(after.states.conflicted - before.states.conflicted).toBe(1);
});
