/** Values outside the registry's list: each stored observation that holds one is counted once, whatever replaces it. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { readTotals } from "../../src/storage/index.ts";
import { deliver } from "../setup/deliver.ts";
import { payload } from "../setup/payload.ts";

const LISTED = "typed";
const ATTACKER = crypto.randomUUID();

/** One observation under a key, as it was at a time. */
function at(minute: number, value: string, key: string): Record<string, unknown> {
  const ts = 1_714_000_000 + minute * 60;
  return payload({ attacker_uuid: ATTACKER, evidence_ref: key, value, ts });
}

it.each<[string, Record<string, unknown>[][], number, number]>([
  ["a new one", [[at(1, "dictated", "a")]], 1, 1],
  ["several in a batch with listed ones", [[at(1, "x", "b"), at(1, LISTED, "c"), at(1, "y", "d")]], 3, 2],
  ["delivered again", [[at(1, "x", "e")], [at(1, "x", "e")]], 1, 1],
  ["replaced by a listed one", [[at(1, "x", "f")], [at(2, LISTED, "f")]], 1, 0],
  ["a listed one replaced by it", [[at(1, LISTED, "g")], [at(2, "x", "g")]], 1, 1],
  ["replaced by another", [[at(1, "x", "h")], [at(2, "y", "h")]], 1, 1],
  ["late, under one that stays", [[at(2, LISTED, "i")], [at(1, "x", "i")]], 1, 0],
  ["both under one key in a batch", [[at(1, "x", "j"), at(2, LISTED, "j")]], 1, 0],
  ["both under one key in a batch, the other way round", [[at(2, "x", "k"), at(1, LISTED, "k")]], 1, 1],
])("[§2] unlisted values, %s", async (_, batches, stored, unlisted) => {
  const before = await readTotals(env.DB);
  for (const batch of batches) await deliver(batch);
  const after = await readTotals(env.DB);
  expect(after.observations - before.observations).toBe(stored);
  expect(after.unlistedValues - before.unlistedValues).toBe(unlisted);
});
