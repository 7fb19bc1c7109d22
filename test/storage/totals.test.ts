/** Totals: which are fresh at every look, and which may be a little old where there is much to count. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
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
  await env.DB.batch([
    env.DB.prepare(
      "INSERT INTO identities (uuid, merged_into_uuid) VALUES ('stands', NULL), ('gone', 'stands')",
    ),
    env.DB.prepare(
      `INSERT INTO attributions (identity_uuid, primitive, state, seq)
       VALUES ('stands', 'motor.x', 'drifting', 1), ('gone', 'motor.x', 'drifting', 1), ('gone', 'motor.y', 'stable', 2)`,
    ),
  ]);
  const after = await readTotals(env.DB);
  expect(after.identities - before.identities).toBe(1);
  expect(after.states.drifting - before.states.drifting).toBe(1);
  expect(after.states.stable - before.states.stable).toBe(0);
});
