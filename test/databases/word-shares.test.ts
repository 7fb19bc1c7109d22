/** The words of all databases are counted into the first one. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { wordKeyOf } from "../../src/evidence/commands/index.ts";
import { wordStampOf } from "../../src/evidence/job.ts";
import { readShares } from "../../src/evidence/store.ts";
import { ALL_KINDS, ensureCapabilityJobs, runJobs } from "../../src/maintenance/jobs.ts";
import { INVOCATION_QUERIES, QueryBudget } from "../../src/maintenance/query-budget.ts";
import { shardsOf } from "../../src/shard.ts";
import { makeObservation, store } from "../setup/observations.ts";

it("[evidence: commands] the words of all databases are counted, into the first one", async () => {
  const used: Env = { ...env, WORD_SECRET: "a word secret" };
  const shards = shardsOf(used);
  expect(shards.length).toBe(2);
  for (const { db, index } of shards) {
    const primitive = "cognitive.command_words";
    const value = JSON.stringify(["uname", `w${index}`]);
    await store([makeObservation({ attackerUuid: crypto.randomUUID(), primitive, value })], { db });
  }
  await ensureCapabilityJobs(used, 0);
  for (const shard of shards) {
    await runJobs(used, shard, ALL_KINDS, Date.now() / 1_000, new QueryBudget(INVOCATION_QUERIES));
  }
  const [first, second] = await Promise.all(shards.map(({ db }) => readShares(db, wordStampOf(used) ?? "")));
  expect(first?.uses).toEqual(
    new Map([
      [wordKeyOf("uname"), 2],
      [wordKeyOf("w0"), 1],
      [wordKeyOf("w1"), 1],
    ]),
  );
  expect(first?.all).toBe(4);
  expect(second).toBeNull();
});
