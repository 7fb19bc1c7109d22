/** Nothing that reads observations misses those of the version before that are not packed yet. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { runJobs } from "../../src/maintenance/jobs.ts";
import { INVOCATION_QUERIES, QueryBudget } from "../../src/maintenance/query-budget.ts";
import { sweep } from "../../src/maintenance/sweep.ts";
import { firstShard } from "../../src/shard.ts";
import { beginErasure, readTotals, registerAttacker } from "../../src/storage/index.ts";
import worker from "../../src/worker.ts";
import {
  attackerAt,
  createOldVersion,
  insertOldRows,
  migrate,
  readOldRows,
  readPacked,
  readRest,
} from "./old-version.ts";

beforeEach(async () => {
  await createOldVersion(env.DB);
});

/** An environment that the Worker knows nothing of yet: what it remembers of a database, it remembers of the binding. */
function freshEnv(bindings: Readonly<Record<string, string>> = {}): Env {
  const { DB } = env;
  const db = {
    prepare: DB.prepare.bind(DB),
    batch: DB.batch.bind(DB),
    exec: DB.exec.bind(DB),
  } as unknown as D1Database;
  return { ...env, ...bindings, DB: db };
}

async function runSteps(used: Env, kinds: Parameters<typeof runJobs>[2], steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) {
    await runJobs(used, firstShard(used), kinds, Infinity, new QueryBudget(INVOCATION_QUERIES));
  }
}

async function get(used: Env, path: string): Promise<Response> {
  const request = new Request(`https://attribution.test/api/v1${path}`, {
    headers: { authorization: "Bearer read-token" },
  });
  const handler = worker as unknown as { fetch(request: Request, env: Env, ctx: unknown): Promise<Response> };
  return handler.fetch(request, used, { waitUntil: () => {}, passThroughOnException: () => {} });
}

describe("[design] observations that are not packed yet", () => {
  it("the API packs a few thousand when it is asked for them, and else answers 503", async () => {
    await insertOldRows(env.DB, "observations", { first: 1, attackers: 2, count: 600 });
    await insertOldRows(env.DB, "observations", { first: 100_000, attackers: 1, count: 9_000 });
    await migrate(env.DB);
    const used = freshEnv();
    const few = await get(used, `/attackers/${attackerAt(1)}/observations`);
    expect(few.status).toBe(200);
    const { data } = (await few.json()) as { data: unknown[] };
    expect(data).toHaveLength(10);
    const many = await get(used, `/attackers/${attackerAt(100_000)}/observations`);
    expect(many.status).toBe(503);
    expect(many.headers.get("retry-after")).toBe("10");
    expect(await many.json()).toMatchObject({ code: "packing_observations" });
    for (let i = 0; i < 9; i++) await get(used, `/attackers/${attackerAt(100_000)}/observations`);
    expect((await get(used, `/attackers/${attackerAt(100_000)}/observations`)).status).toBe(200);
  });

  it("an erasure takes them too, and an attacker with newer ones stays", async () => {
    await insertOldRows(env.DB, "observations", { first: 1, attackers: 2, count: 6_000 });
    await migrate(env.DB);
    const erasedTs = 1_714_000_000 + 1_000;
    const newer = (await readOldRows(env.DB)).filter(
      ({ observation }) => observation.attackerUuid === attackerAt(1) && observation.ts > erasedTs,
    );
    const used = freshEnv();
    await beginErasure(used.DB, attackerAt(1), erasedTs);
    await runSteps(used, ["erasure"], 20);
    expect(await env.DB.prepare("SELECT 1 FROM jobs WHERE kind = 'erasure'").first()).toBeNull();
    expect((await readPacked(env.DB)).map(({ observation }) => observation.id).toSorted()).toEqual(
      newer.map(({ observation }) => observation.id).toSorted(),
    );
    expect(newer.length).toBeGreaterThan(0);
    expect(await readRest(env.DB)).toMatchObject({ observations: 3_000 + newer.length, oldRows: 3_000 });
  });

  it("an attacker that has some keeps its link", async () => {
    await insertOldRows(env.DB, "observations", { first: 1, attackers: 1, count: 60 });
    await migrate(env.DB);
    const registration = {
      uuid: attackerAt(1),
      ip: null,
      firstSeenTs: null,
      lastSeenTs: null,
      identityUuid: "other",
    };
    expect(await registerAttacker(freshEnv().DB, registration)).toMatchObject({
      outcome: "linked_elsewhere",
    });
  });

  it("those of attackers that wait to be registered are among the totals", async () => {
    await insertOldRows(env.DB, "observations", { first: 1, attackers: 2, count: 600 });
    await env.DB.prepare("UPDATE attackers SET identity_uuid = NULL WHERE uuid = ?1")
      .bind(attackerAt(1))
      .run();
    await migrate(env.DB);
    expect(await readTotals(freshEnv().DB)).toMatchObject({ deferred: 300, observations: 600 });
  });

  it("an attacker that is registered now has all of them in its identity", async () => {
    await insertOldRows(env.DB, "observations", { first: 1, attackers: 1, count: 5_000 });
    await migrate(env.DB);
    const identityUuid = crypto.randomUUID();
    const link = {
      attackerUuid: attackerAt(1),
      linkVersion: 2,
      firstSeenTs: 1_714_000_000,
      needsBackfill: true,
      erasedTs: null,
    };
    await env.DB.prepare("UPDATE attackers SET identity_uuid = ?1, link_version = 2, needs_backfill = 1")
      .bind(identityUuid)
      .run();
    const object = env.IDENTITIES.getByName(identityUuid);
    await object.apply({ links: [link], observations: [] });
    await expect
      .poll(
        async () => {
          await object.drain();
          const states = await object.attribution();
          return states.reduce((sum, { observationCount }) => sum + observationCount, 0);
        },
        { timeout: 60_000, interval: 500 },
      )
      .toBe(5_000);
  });

  it("retention, rebuild and sweep wait until everything is packed", async () => {
    await insertOldRows(env.DB, "observations", { first: 1, attackers: 3, count: 600 });
    await migrate(env.DB);
    await env.DB.prepare("UPDATE identities SET is_dirty = 1").run();
    const used = freshEnv({ RETENTION_DAYS: "30" });
    const start = { afterUuid: "", observations: 0, events: 0, failed: 0 };
    await env.DB.prepare("INSERT INTO jobs (kind, subject, state, due_ts) VALUES ('retention', '', ?1, 1)")
      .bind(JSON.stringify(start))
      .run();
    await runSteps(used, ["retention"], 1);
    expect(await env.DB.prepare("SELECT state FROM jobs WHERE kind = 'retention'").first("state")).toBe(
      JSON.stringify(start),
    );
    expect(await sweep(used)).toMatchObject({ checked: 0, hasMore: false });
    await runSteps(used, ["pack_observations"], 3);
    expect(await sweep(used)).toMatchObject({ checked: 3 });
  });
});
