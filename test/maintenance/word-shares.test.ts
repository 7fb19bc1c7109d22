/** How often words are used over all identities: counted once a day, in steps, whatever happens in between. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { shareOfUses, wordKeyOf } from "../../src/evidence/commands/index.ts";
import { countShares, wordStampOf } from "../../src/evidence/job.ts";
import { sharesFor } from "../../src/evidence/shares.ts";
import { readPasses, readShares } from "../../src/evidence/store.ts";
import { MAINTENANCE, type MaintenanceObject } from "../../src/maintenance/index.ts";
import { ALL_KINDS, ensureCapabilityJobs, runJobs } from "../../src/maintenance/jobs.ts";
import { INVOCATION_QUERIES, QueryBudget } from "../../src/maintenance/query-budget.ts";
import { firstShard } from "../../src/shard.ts";
import { addJob, beginErasure, findJob, readValuePage } from "../../src/storage/index.ts";
import { forgetKnownRows } from "../../src/storage/sessions/writing.ts";
import { makeObservation, store } from "../setup/observations.ts";
import { counting, countingEnv } from "./counting.ts";
import { cutOff } from "./cutting.ts";

const WORDS = "cognitive.command_words";
const DAY = 86_400;
const LIMITS = { pageRows: 7, stepRows: 20 };

function withSecret(secret = "a word secret", base: Env = env): Env {
  return { ...base, WORD_SECRET: secret };
}

const stampOf = (used: Env) => wordStampOf(used) ?? "";

/** Stores a session row for each bag. */
async function storeBags(bags: readonly (readonly string[])[], primitive = WORDS): Promise<void> {
  await store(
    bags.map((bag) =>
      makeObservation({ attackerUuid: crypto.randomUUID(), primitive, value: JSON.stringify(bag) }),
    ),
  );
}

/** Runs steps of the job until its pass is complete. */
async function count(used: Env, limits = LIMITS, onStep = async (): Promise<void> => {}): Promise<number> {
  const shard = firstShard(used);
  await ensureCapabilityJobs(used, 0);
  for (let steps = 1; ; steps++) {
    const job = await findJob(env.DB, "capability", "word_shares");
    if (!job) throw new Error("the job must be recorded");
    const result = await countShares(used, shard, job, new QueryBudget(INVOCATION_QUERIES), limits);
    if (result.outcome !== "more") return steps;
    await onStep();
    expect(steps).toBeLessThan(200);
  }
}

async function usesOf(used: Env): Promise<Record<string, number> | null> {
  const known = await readShares(env.DB, stampOf(used));
  return known && { ...Object.fromEntries(known.uses), all: known.all };
}

const usesBy = (uses: Record<string, number>, all: number) => ({
  ...Object.fromEntries(Object.entries(uses).map(([word, n]) => [wordKeyOf(word), n])),
  all,
});

beforeEach(async () => {
  await env.DB.batch(
    ["sessions", "word_shares", "jobs"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
  );
  forgetKnownRows();
});

describe("[evidence: commands] a pass over all sessions", () => {
  it("sums the uses of all bags, page by page, and of nothing else", async () => {
    const used = withSecret();
    await storeBags(Array.from({ length: 60 }, (_, i) => ["uname", "uname", i % 2 ? "cat" : "ls"]));
    await storeBags([["uname"]], "toolchain.http.header_order");
    await storeBags([[]]);
    const steps = await count(used);
    expect(steps).toBeGreaterThan(2);
    expect(await usesOf(used)).toEqual(usesBy({ uname: 120, cat: 30, ls: 30 }, 180));
    expect((await readPasses(env.DB, stampOf(used))).counting).toBeNull();
  });

  it("finds bags of a configured primitive, and leaves out values that are none", async () => {
    const used = withSecret("a word secret", { ...env, PRIMITIVE_KINDS: '{"x.words":"bag"}' } as Env);
    await storeBags([["a"]], "x.words");
    await store([
      makeObservation({ attackerUuid: crypto.randomUUID(), primitive: "x.words", value: '"a"' }),
      makeObservation({ attackerUuid: crypto.randomUUID(), primitive: "x.words", value: "[1]" }),
      makeObservation({ attackerUuid: crypto.randomUUID(), primitive: "x.words", value: '{"a":1}' }),
    ]);
    await count(used);
    expect(await usesOf(used)).toEqual(usesBy({ a: 1 }, 1));
  });

  it("of an empty database is complete, with no uses", async () => {
    const used = withSecret();
    expect(await count(used)).toBe(1);
    expect(await usesOf(used)).toEqual({ all: 0 });
  });

  it("keeps the 4,096 most used words, and the number of all uses", async () => {
    const used = withSecret();
    const word = (i: number) => `w${i}`;
    const rare = Array.from({ length: 45 }, (_, bag) =>
      Array.from({ length: 200 }, (__, i) => word(bag * 200 + i)),
    );
    const common = Array.from({ length: 20 }, () => Array.from({ length: 100 }, (_, i) => `common${i}`));
    await storeBags([...rare, ...common]);
    await count(used);
    const known = await readShares(env.DB, stampOf(used));
    expect(known?.uses.size).toBe(4_096);
    expect(known?.all).toBe(45 * 200 + 20 * 100);
    for (let i = 0; i < 100; i++) expect(known?.uses.get(wordKeyOf(`common${i}`))).toBeGreaterThan(1);
  });

  it("reads each session row twice, in few queries", async () => {
    await storeBags(Array.from({ length: 60 }, () => ["a"]));
    const { env: counted, counted: asked } = countingEnv(withSecret());
    const job = {
      kind: "capability",
      subject: "word_shares",
      state: "{}",
      failures: 0,
      error: null,
    } as const;
    const budget = new QueryBudget(22);
    const result = await countShares(counted, firstShard(counted), job, budget);
    expect(result.outcome).toBe("later");
    expect(asked.queries).toBe(6);
    expect(22 - budget.left).toBeGreaterThanOrEqual(asked.queries);
    expect(asked.rowsWritten).toBeLessThanOrEqual(2);
    expect(asked.rowsRead).toBeLessThanOrEqual(60 * 2 + 4);
  });

  it("ends a page before it has more than a megabyte, and reads rows of any size", async () => {
    const long = () =>
      Array.from({ length: 100 }, () => crypto.randomUUID() + crypto.randomUUID()).map((text) =>
        text.slice(0, 40),
      );
    const attackerUuid = crypto.randomUUID();
    await store(
      Array.from({ length: 128 }, (_, i) =>
        makeObservation({
          attackerUuid,
          primitive: `x.p${i}`,
          value: JSON.stringify(long()),
          evidenceRef: "cowrie:sensor/large#commands",
        }),
      ),
    );
    let [lastId, pages, rows, values] = ["", 0, 0, 0];
    for (;;) {
      const page = await readValuePage(env.DB, lastId, 500, () => true);
      if (page.lastId === null) break;
      [lastId, pages, rows, values] = [page.lastId, pages + 1, rows + page.rows, values + page.values.length];
    }
    expect(values).toBe(128);
    const stored = await env.DB.prepare("SELECT count(*) AS rows FROM sessions").first<{ rows: number }>();
    expect(rows).toBe(stored?.rows);
  });
});

describe("[evidence: commands] a pass that is disturbed", () => {
  it("is cut off at any call, before or after it takes effect: the counts are the same", async () => {
    await storeBags(Array.from({ length: 30 }, (_, i) => ["uname", `w${i % 3}`]));
    const expected = usesBy({ uname: 30, w0: 10, w1: 10, w2: 10 }, 60);
    for (let call = 0; call < 20; call++) {
      for (const isAfter of [false, true]) {
        await env.DB.prepare("DELETE FROM word_shares").run();
        const used = withSecret();
        let cuts = 0;
        for (let left = 60; left > 0 && (await usesOf(used)) === null; left--) {
          const db = cuts === 0 ? cutOff(env.DB, { call, isAfter }) : env.DB;
          const cut = { ...used, DB: db };
          const job = {
            kind: "capability",
            subject: "word_shares",
            state: "{}",
            failures: 0,
            error: null,
          } as const;
          try {
            // The first attempt goes on through one database, so that the cut reaches later steps.
            for (let more = true; more;) {
              const result = await countShares(cut, firstShard(cut), job, new QueryBudget(22), LIMITS);
              more = result.outcome === "more";
            }
          } catch (error) {
            expect(String(error)).toContain("cut off");
            cuts++;
          }
        }
        expect(await usesOf(used), `call ${call}, ${isAfter}`).toEqual(expected);
        expect((await readPasses(env.DB, stampOf(used))).counting).toBeNull();
      }
    }
  });

  it("by another run of the same step: nothing is counted twice", async () => {
    const used = withSecret();
    await storeBags(Array.from({ length: 50 }, () => ["a"]));
    const job = {
      kind: "capability",
      subject: "word_shares",
      state: "{}",
      failures: 0,
      error: null,
    } as const;
    for (let i = 0; i < 20 && (await usesOf(used)) === null; i++) {
      const step = () => countShares(used, firstShard(used), job, new QueryBudget(22), LIMITS);
      await Promise.all([step(), step()]);
    }
    expect(await usesOf(used)).toEqual(usesBy({ a: 50 }, 50));
  });

  it("by sessions that come and go: it ends, and the next one counts them", async () => {
    const used = withSecret();
    await storeBags(Array.from({ length: 50 }, () => ["a"]));
    await count(used, LIMITS, async () => {
      await env.DB.prepare(
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions ORDER BY id LIMIT 5)",
      ).run();
      await storeBags([["b"]]);
    });
    const known = await readShares(env.DB, stampOf(used));
    expect(known?.all).toBeGreaterThanOrEqual(40);
    expect(known?.all).toBeLessThanOrEqual(60);
  });

  it("by an erasure that is due as well: both are done", async () => {
    const used = withSecret();
    const attackerUuid = crypto.randomUUID();
    await store([makeObservation({ attackerUuid, primitive: WORDS, value: '["a"]' })]);
    await beginErasure(env.DB, attackerUuid, 5);
    await ensureCapabilityJobs(used, 0);
    for (let i = 0; i < 10; i++) {
      const budget = new QueryBudget(INVOCATION_QUERIES);
      const { failed } = await runJobs(used, firstShard(used), ALL_KINDS, Date.now() / 1_000, budget);
      expect(failed).toBe(0);
    }
    expect(await findJob(env.DB, "erasure", attackerUuid)).toBeNull();
    expect(await usesOf(used)).not.toBeNull();
  });
});

describe("[evidence: commands] when a pass begins", () => {
  it("a day after the last one began, also when the job is recorded anew", async () => {
    const used = withSecret();
    await storeBags([["a"]]);
    await count(used);
    await storeBags([["b"]]);
    await env.DB.prepare("DELETE FROM jobs").run();
    await count(used);
    expect(await usesOf(used)).toEqual(usesBy({ a: 1 }, 1));
    await env.DB.prepare("UPDATE word_shares SET started_ts = started_ts - ?1")
      .bind(DAY + 1)
      .run();
    await count(used);
    expect(await usesOf(used)).toEqual(usesBy({ a: 1, b: 1 }, 2));
  });

  it("the runner puts the job off by a day", async () => {
    const used = withSecret();
    const beforeTs = Date.now() / 1_000;
    await ensureCapabilityJobs(used, beforeTs);
    await runJobs(used, firstShard(used), ["capability"], Infinity, new QueryBudget(INVOCATION_QUERIES));
    const row = await env.DB.prepare("SELECT due_ts AS dueTs, error FROM jobs").first<{
      dueTs: number;
      error: null;
    }>();
    expect(row?.error).toBeNull();
    expect(row?.dueTs).toBeGreaterThanOrEqual(beforeTs + DAY);
    expect(row?.dueTs).toBeLessThan(beforeTs + DAY + 600);
  });

  it("without a secret, or with evidence switched off, there is no job, and what was counted is removed", async () => {
    for (const off of [withSecret(""), { ...withSecret(), EVIDENCE: "off" } as Env, env]) {
      await count(withSecret());
      await ensureCapabilityJobs(off, 0);
      await runJobs(off, firstShard(off), ["capability"], Infinity, new QueryBudget(INVOCATION_QUERIES));
      expect(await usesOf(withSecret())).toBeNull();
      expect(await findJob(env.DB, "capability", "word_shares")).toBeNull();
      await ensureCapabilityJobs(off, 0);
      expect(await findJob(env.DB, "capability", "word_shares")).toBeNull();
    }
  });

  it("a new secret starts anew at once, also in the middle of a pass", async () => {
    await storeBags(Array.from({ length: 50 }, () => ["a"]));
    const [first, second] = [withSecret("first"), withSecret("second")];
    await count(first);
    await env.DB.prepare("UPDATE word_shares SET started_ts = started_ts - ?1")
      .bind(DAY + 1)
      .run();
    const job = {
      kind: "capability",
      subject: "word_shares",
      state: "{}",
      failures: 0,
      error: null,
    } as const;
    await countShares(first, firstShard(first), job, new QueryBudget(22), LIMITS);
    expect((await readPasses(env.DB, stampOf(first))).counting).not.toBeNull();
    expect(await usesOf(second)).toBeNull();
    await count(second);
    expect(await usesOf(second)).toEqual(usesBy({ a: 50 }, 50));
    expect(await usesOf(first)).toBeNull();
    const { results } = await env.DB.prepare("SELECT slot FROM word_shares").all();
    expect(results).toEqual([{ slot: "known" }]);
  });

  it("a job of a capability that is unknown is removed", async () => {
    await addJob(env.DB, "capability", "of_a_later_version", {}, 0);
    await runJobs(env, firstShard(env), ["capability"], Infinity, new QueryBudget(INVOCATION_QUERIES));
    expect(await findJob(env.DB, "capability", "of_a_later_version")).toBeNull();
  });

  it("the maintenance object begins it when it is woken", async () => {
    await storeBags([["a"]]);
    const used = withSecret();
    const object = env.MAINTENANCE.getByName(MAINTENANCE);
    await runInDurableObject(object, (instance: MaintenanceObject) => {
      Object.defineProperty(instance, "env", { value: used, configurable: true });
    });
    await object.wake();
    await vi.waitUntil(async () => {
      await runDurableObjectAlarm(object);
      return (await usesOf(used)) !== null;
    });
    expect(await usesOf(used)).toEqual(usesBy({ a: 1 }, 1));
  });
});

describe("[evidence: commands] the shares of words", () => {
  it("are (uses + ½) / (all + 450), for words as they are stored", async () => {
    const used = withSecret();
    expect(await sharesFor(withSecret(), ["a"])).toEqual({ a: 1 / 900 });
    await storeBags([["a", "a", "0123456789abcdef", "__proto__"]]);
    await count(used);
    const shares = await sharesFor(used, ["a", "a", "0123456789abcdef", "new", "__proto__"]);
    expect(Object.entries(shares)).toEqual([
      ["a", shareOfUses(2, 4)],
      ["0123456789abcdef", shareOfUses(1, 4)],
      ["new", shareOfUses(0, 4)],
      ["__proto__", shareOfUses(1, 4)],
    ]);
  });

  it("are read once, while they hold", async () => {
    await count(withSecret());
    const { db, counted } = counting(env.DB);
    const used = { ...withSecret(), DB: db };
    for (let i = 0; i < 10; i++) await sharesFor(used, [`w${i}`]);
    expect(counted.queries).toBe(1);
  });

  it("that cannot be read are those of a word that nobody has used", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    const used = { ...withSecret(), DB: cutOff(env.DB, { call: 0, isAfter: false }) };
    expect(await sharesFor(used, ["a"])).toEqual({ a: 1 / 900 });
    expect(error).toHaveBeenCalledOnce();
    error.mockRestore();
  });

  it("are none without a secret", async () => {
    expect(await sharesFor(env, ["a"])).toEqual({});
  });
});
