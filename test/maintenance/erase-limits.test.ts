/** Erasing at the platform's limits: queries per invocation, rows read, thousands of letters and events. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { carryOutErasure } from "../../src/maintenance/index.ts";
import { ALL_KINDS, runJobs } from "../../src/maintenance/jobs.ts";
import { INVOCATION_QUERIES, QueryBudget } from "../../src/maintenance/query-budget.ts";
import { firstShard } from "../../src/shard.ts";
import { beginErasure, keepExhausted, readHistory } from "../../src/storage/index.ts";
import { call } from "../setup/api.ts";
import { deliver } from "../setup/deliver.ts";
import { payload } from "../setup/payload.ts";
import { countingEnv } from "./counting.ts";
import { fillHistory } from "./fill.ts";
import { letter } from "./letters.ts";
import { countStored } from "../setup/observations.ts";

const MOST_QUERIES = 50;
/** With a maintenance object that does nothing, so that a test alone says what runs when. */
const ASLEEP: Env = { ...env, MAINTENANCE: { getByName: () => ({ wake: async () => {} }) } as never };

async function known(): Promise<string> {
  const attackerUuid = crypto.randomUUID();
  await deliver([payload({ attacker_uuid: attackerUuid })]);
  return attackerUuid;
}

/** Erases as a request does; the rest by the job, each step in an invocation of its own. Says what it cost. */
async function erase(attackerUuid: string) {
  const used = countingEnv(ASLEEP);
  await beginErasure(used.env.DB, attackerUuid, Date.now() / 1_000);
  let isDone = await carryOutErasure(used.env, firstShard(used.env), attackerUuid);
  expect(used.counted.queries).toBeLessThanOrEqual(MOST_QUERIES);
  const total = { ...used.counted, invocations: 1, isDoneAtOnce: isDone };
  while (!isDone) {
    const step = countingEnv(ASLEEP);
    const { done } = await runJobs(
      step.env,
      firstShard(step.env),
      ALL_KINDS,
      Infinity,
      new QueryBudget(INVOCATION_QUERIES),
    );
    expect(step.counted.queries).toBeLessThanOrEqual(MOST_QUERIES);
    isDone = done.erasure === 1;
    total.rowsRead += step.counted.rowsRead;
    total.invocations++;
    expect(total.invocations).toBeLessThan(100);
  }
  return total;
}

async function count(sql: string, ...values: unknown[]): Promise<unknown> {
  return env.DB.prepare(sql)
    .bind(...values)
    .first("n");
}

/** Keeps letters a thousand at a time. */
async function keep(letters: readonly ReturnType<typeof letter>[]): Promise<void> {
  for (let i = 0; i < letters.length; i += 1_000)
    await keepExhausted(env.DB, letters.slice(i, i + 1_000), []);
}

describe("[limits] an erasure", () => {
  it("of one attacker among many reads the rows that concern it, not every event and letter", async () => {
    const attackerUuid = await known();
    await fillHistory(env.DB, crypto.randomUUID(), 20_000, 1);
    await keep(
      Array.from({ length: 10_000 }, (_, i) =>
        letter(`other-${i}`, payload({ attacker_uuid: crypto.randomUUID() })),
      ),
    );
    await keep([letter("its", payload({ attacker_uuid: attackerUuid }))]);
    const cost = await erase(attackerUuid);
    expect(cost).toMatchObject({ isDoneAtOnce: true });
    expect(cost.rowsRead).toBeLessThan(200);
    expect(await count("SELECT count(*) AS n FROM dead_letters")).toBe(10_000);
  });

  it("of an attacker with 1,200 letters takes their events out in bulk", async () => {
    const attackerUuid = await known();
    const other = crypto.randomUUID();
    await keep(
      Array.from({ length: 1_200 }, (_, i) =>
        letter(`many-${i}`, {
          events: [
            payload({ attacker_uuid: attackerUuid }),
            payload({ attacker_uuid: other, id: `kept-${i}` }),
          ],
        }),
      ),
    );
    const cost = await erase(attackerUuid);
    expect(cost).toMatchObject({ isDoneAtOnce: true });
    expect(await count("SELECT count(*) AS n FROM dead_letters WHERE instr(body, ?1)", attackerUuid)).toBe(0);
    expect(await count("SELECT count(*) AS n FROM dead_letters WHERE instr(body, ?1)", other)).toBe(1_200);
    const row = await env.DB.prepare("SELECT body FROM dead_letters WHERE id = 'many-7'").first<{
      body: string;
    }>();
    expect(JSON.parse(row?.body ?? "")).toEqual({
      events: [{ erased: true }, expect.objectContaining({ id: "kept-7" })],
    });
  });

  it("of a letter with 5,000 events leaves the others in their places, whatever they are", async () => {
    const attackerUuid = await known();
    const odd = [
      1,
      1.5,
      -0.25,
      "text",
      true,
      false,
      null,
      [1, "a"],
      { nested: { of: ['ä\u2028"\\', null] } },
    ];
    const events = Array.from({ length: 5_000 }, (_, i) =>
      i % 2 === 0 ? { attacker_uuid: attackerUuid.toUpperCase().replaceAll("-", "") } : odd[i % odd.length],
    );
    await keep([letter("large", { events })]);
    await erase(attackerUuid);
    const row = await env.DB.prepare("SELECT body FROM dead_letters WHERE id = 'large'").first<{
      body: string;
    }>();
    expect(JSON.parse(row?.body ?? "")).toEqual({
      events: events.map((event, i) => (i % 2 === 0 ? { erased: true } : event)),
    });
  });

  it("removes letters that hold nothing else, JSON or not, and forgets whom they named", async () => {
    const attackerUuid = await known();
    const hex = attackerUuid.replaceAll("-", "").toUpperCase();
    await keep([
      letter("list", { events: [payload({ attacker_uuid: attackerUuid }), { attacker_uuid: hex }] }),
      letter("bare", payload({ attacker_uuid: hex })),
      letter("broken", `{"attacker_uuid":"${hex}`),
    ]);
    await erase(attackerUuid);
    expect(await count("SELECT count(*) AS n FROM dead_letters WHERE id IN ('list', 'bare', 'broken')")).toBe(
      0,
    );
    expect(
      await count(
        "SELECT count(*) AS n FROM dead_letter_attackers WHERE letter_id IN ('list', 'bare', 'broken')",
      ),
    ).toBe(0);
  });

  it("finds letters that were kept before letters were indexed", async () => {
    const attackerUuid = await known();
    await env.DB.prepare("DELETE FROM dead_letters").run();
    await keep(
      Array.from({ length: 500 }, (_, i) =>
        letter(`old-${i}`, payload({ attacker_uuid: crypto.randomUUID() })),
      ),
    );
    await keep([letter("old-its", payload({ attacker_uuid: attackerUuid }))]);
    await env.DB.batch([
      env.DB.prepare("DELETE FROM dead_letter_attackers"),
      // As the migration leaves it.
      env.DB.prepare(
        "INSERT INTO jobs (kind, subject, state, due_ts) SELECT 'index_letters', '', json_object('after', 0, 'through', max(rowid)), 0 FROM dead_letters",
      ),
    ]);
    const cost = await erase(attackerUuid);
    expect(cost.isDoneAtOnce).toBe(false);
    expect(await count("SELECT count(*) AS n FROM dead_letters WHERE instr(body, ?1)", attackerUuid)).toBe(0);
    expect(await count("SELECT count(*) AS n FROM dead_letters")).toBe(500);
    expect(await count("SELECT count(*) AS n FROM jobs WHERE kind = 'index_letters'")).toBe(0);
  });

  it("of an identity with 20,000 events is gone on with by the job, and reads each of them once", async () => {
    const attackerUuid = await known();
    const identityUuid = stubIdentityUuid(attackerUuid);
    await env.DB.prepare("DELETE FROM events WHERE identity_uuid = ?1").bind(identityUuid).run();
    await fillHistory(env.DB, identityUuid, 20_000, 1, attackerUuid);
    const cost = await erase(attackerUuid);
    expect(cost.isDoneAtOnce).toBe(false);
    expect(await count("SELECT count(*) AS n FROM events WHERE instr(event, ?1)", attackerUuid)).toBe(0);
    expect(
      await count(
        "SELECT count(*) AS n FROM events WHERE identity_uuid = ?1 AND event ->> '$.payload.current_value' IS NULL",
        identityUuid,
      ),
    ).toBe(20_000);
  });

  it("reaches an identity that the attacker was linked to before its first observation", async () => {
    const [attackerUuid, other] = [crypto.randomUUID(), crypto.randomUUID()];
    const [first, second] = [crypto.randomUUID(), crypto.randomUUID()];
    for (const uuid of [attackerUuid, other])
      await call("PUT", `attackers/${uuid}`, { identity_uuid: first });
    // Forms the identity, which names everybody who is linked to it.
    await deliver([payload({ attacker_uuid: other })]);
    await call("PUT", `attackers/${attackerUuid}`, { identity_uuid: second });
    const named = async () =>
      (await readHistory(env.DB, first, 0, 100)).filter(({ event }) => event.includes(attackerUuid)).length;
    await expect.poll(named).toBe(1);
    await erase(attackerUuid);
    expect(await named()).toBe(0);
  });

  it("that fails says why, is tried again later, and does not keep others from being done", async () => {
    const [broken, fine] = [await known(), await known()];
    const brokenIdentity = stubIdentityUuid(broken);
    const getByName = (uuid: string) =>
      uuid === brokenIdentity
        ? { erase: () => Promise.reject(new Error("reset")) }
        : env.IDENTITIES.getByName(uuid);
    const failing = { ...ASLEEP, IDENTITIES: { getByName } as never };
    for (const uuid of [broken, fine]) await beginErasure(env.DB, uuid, Date.now() / 1_000);
    const report = await runJobs(
      failing,
      firstShard(failing),
      ALL_KINDS,
      Infinity,
      new QueryBudget(INVOCATION_QUERIES),
    );
    expect(report).toMatchObject({ done: { erasure: 1 }, failed: 1 });
    const job = await env.DB.prepare("SELECT failures, error, due_ts AS dueTs FROM jobs WHERE subject = ?1")
      .bind(broken)
      .first<{ failures: number; error: string; dueTs: number }>();
    expect(job).toMatchObject({ failures: 1, error: "Error: reset" });
    expect(job?.dueTs).toBeGreaterThan(Date.now() / 1_000);
    expect(await carryOutErasure(env, firstShard(env), broken)).toBe(true);
    expect(await count("SELECT count(*) AS n FROM jobs WHERE subject = ?1", broken)).toBe(0);
  });

  it("that is asked for again while it is under way covers what came in between", async () => {
    const attackerUuid = await known();
    await beginErasure(env.DB, attackerUuid, 1_713_000_000);
    expect(await beginErasure(env.DB, attackerUuid, 1_900_000_000)).toEqual({ erasedTs: 1_900_000_000 });
    expect(await carryOutErasure(env, firstShard(env), attackerUuid)).toBe(true);
    expect(await countStored(attackerUuid)).toBe(0);
  });
});
