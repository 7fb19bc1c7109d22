/** Retention: what is old goes from D1, objects and history, and no state changes by it. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { runJobs } from "../../src/maintenance/jobs.ts";
import { INVOCATION_QUERIES, QueryBudget } from "../../src/maintenance/query-budget.ts";
import { ensureRetention } from "../../src/maintenance/retention.ts";
import { firstShard } from "../../src/shard.ts";
import { deleteHistory, readHistory, readTotals } from "../../src/storage/index.ts";
import { deliver, pieces, statesOf } from "../setup/deliver.ts";
import { waitForSeq } from "../setup/outbound.ts";
import { retarget } from "../setup/identity-object.ts";
import { payload, series } from "../setup/payload.ts";
import { counting } from "./counting.ts";
import { fillHistory } from "./fill.ts";
import { countStored, makeObservation, store } from "../setup/observations.ts";
import { addObservations, countHeld } from "../setup/object-observations.ts";

const DAY = 86_400;
const NOW = Date.now() / 1_000;
const KEPT = { ...env, RETENTION_DAYS: "30" } as unknown as Env;

/** Old and new observations of every kind, in the order of time. */
function history(attackerUuid: string) {
  const at = (day: number, primitive: string, value: unknown) =>
    payload({ attacker_uuid: attackerUuid, primitive, value, ts: NOW - day * DAY });
  const days = Array.from({ length: 60 }, (_, i) => 80 - i);
  return [
    ...days.flatMap((day) => [
      at(day, "motor.input_modality", day % 2 ? "a" : "b"),
      at(day, "toolchain.c2.beacon_interval_ms", 1_000 + day),
      at(day, "toolchain.ssh.hassh_client", `h${day}`),
    ]),
    // Quiet since long before what is kept: its windows are all that tells its state.
    ...[200, 199, 198, 197, 196, 195, 194, 193, 192, 191, 190, 189].map((day) =>
      at(day, "cognitive.cognitive_load", "low"),
    ),
    at(120, "cognitive.cognitive_load", "unknown"),
  ];
}

/** Runs the job until a walk over everything has come to its end, as the maintenance object's alarm does. */
async function retain(used: Env = KEPT, onStep = () => {}): Promise<void> {
  await env.DB.prepare("DELETE FROM jobs WHERE kind = 'retention'").run();
  const startTs = Date.now() / 1_000;
  await ensureRetention(used, startTs);
  for (let step = 0; ; step++) {
    const budget = new QueryBudget(INVOCATION_QUERIES);
    onStep();
    await runJobs(used, firstShard(used), ["retention"], Infinity, budget);
    const job = await env.DB.prepare(
      "SELECT due_ts AS dueTs, error FROM jobs WHERE kind = 'retention'",
    ).first<{
      dueTs: number;
      error: string | null;
    }>();
    expect(job?.error).toBeNull();
    if ((job?.dueTs ?? 0) > startTs + 3_000) return;
    expect(step).toBeLessThan(1_000);
  }
}

/** Objects that answer to `expire` as a test says. */
function withExpire(
  expire: (identityUuid: string, limit: number) => Promise<{ removed: number; hasMore: boolean }>,
): Env {
  const getByName = (uuid: string) => ({ expire: (_: number, limit: number) => expire(uuid, limit) });
  return { ...KEPT, IDENTITIES: { getByName } as never };
}

describe("[design] retention", () => {
  it("removes old observations from D1 and object, but for what a state needs, and changes no state", async () => {
    const attackerUuid = crypto.randomUUID();
    const identityUuid = stubIdentityUuid(attackerUuid);
    const events = history(attackerUuid);
    await deliver([{ events }]);
    const before = await statesOf(identityUuid);
    await vi.waitFor(async () => expect((await readTotals(env.DB)).outbox.pending).toBe(0));
    const published = (await readHistory(env.DB, identityUuid, 0, 1_000)).length;
    await waitForSeq(identityUuid, published);

    await retain();
    const after = await statesOf(identityUuid);
    const kept = Object.fromEntries(
      after.map(({ primitive, observationCount }) => [primitive, observationCount]),
    );
    // 21…29 days old are 9 or 10; the ten of the windows, and the abstention that dates the series, stay whatever their age.
    expect(kept["cognitive.cognitive_load"]).toBe(11);
    for (const primitive of ["motor.input_modality", "toolchain.c2.beacon_interval_ms"])
      expect(kept[primitive]).toBe(10);
    expect(kept["toolchain.ssh.hassh_client"]).toBeLessThanOrEqual(10);
    const strip = (states: typeof before) => states.map(({ observationCount: _, ...state }) => state);
    expect(strip(after)).toEqual(strip(before));
    const held = await countHeld(env.IDENTITIES.getByName(identityUuid));
    const counted = after.reduce((sum, { observationCount }) => sum + observationCount, 0);
    expect([await countStored(attackerUuid), held]).toEqual([counted, counted]);
    expect((await readTotals(env.DB)).observations).toBe(await countStored());
    await retain();
    expect(await statesOf(identityUuid)).toEqual(after);
  });

  it("an older observation that arrives later is dropped and counted; a newer one is taken", async () => {
    const attackerUuid = crypto.randomUUID();
    const before = await env.DB.prepare("SELECT value FROM counters WHERE name = 'expired'").first<{
      value: number;
    }>();
    const old = series(attackerUuid, "motor.input_modality", ["a", "a"], NOW - 31 * DAY);
    const result = await deliver([...old, payload({ attacker_uuid: attackerUuid, ts: NOW - DAY })], {
      env: KEPT,
    });
    expect(result.explicitAcks).toHaveLength(3);
    expect(await statesOf(stubIdentityUuid(attackerUuid))).toMatchObject([{ observationCount: 1 }]);
    const after = await env.DB.prepare("SELECT value FROM counters WHERE name = 'expired'").first<{
      value: number;
    }>();
    expect((after?.value ?? 0) - (before?.value ?? 0)).toBe(2);
  });

  it("removes old history in pages, and nothing that is newer", async () => {
    const identityUuid = crypto.randomUUID();
    const insert = env.DB.prepare(
      "INSERT INTO events (cursor, identity_uuid, seq, event) VALUES (?1, ?2, ?3, ?4)",
    );
    await env.DB.batch(
      [NOW - 40 * DAY, NOW - 31 * DAY].map((ts, i) =>
        insert.bind(i - 10, identityUuid, i + 1, JSON.stringify({ ts })),
      ),
    );
    const newer = env.DB.prepare(
      "SELECT sum(size) AS n FROM events WHERE coalesce(last_ts, event ->> 'ts') > ?1",
    ).bind(NOW - 30 * DAY);
    const kept = await newer.first();
    await retain();
    expect(await readHistory(env.DB, identityUuid, 0, 10)).toEqual([]);
    expect(await newer.first()).toEqual(kept);
  });

  it("changes no state where the minimum is above two windows", async () => {
    const attackerUuid = crypto.randomUUID();
    const identityUuid = stubIdentityUuid(attackerUuid);
    const stub = env.IDENTITIES.getByName(identityUuid);
    const demanding = { ...KEPT, MINIMUM_OBSERVATIONS: "25", WINDOW_SIZE: "5" } as unknown as Env;
    await runInDurableObject(stub, (instance) =>
      Object.defineProperty(instance, "env", { value: demanding }),
    );
    const values = [...Array.from({ length: 30 }, () => "a"), "unknown"];
    await deliver([{ events: series(attackerUuid, "motor.input_modality", values, NOW - 100 * DAY) }]);
    expect(await statesOf(identityUuid)).toMatchObject([{ state: "stable", observationCount: 31 }]);
    await retain();
    // The 25 that the minimum asks for, and the abstention that dates the series.
    expect(await statesOf(identityUuid)).toMatchObject([{ state: "stable", observationCount: 26 }]);
  });

  it("names no more observations at a time than fit into a parameter, however long their keys are", async () => {
    const attackerUuid = crypto.randomUUID();
    const identityUuid = stubIdentityUuid(attackerUuid);
    const stub = env.IDENTITIES.getByName(identityUuid);
    // Each byte of such a pointer takes six in JSON.
    const events = Array.from({ length: 2_010 }, (_, i) =>
      payload({
        attacker_uuid: attackerUuid,
        value: "a",
        ts: NOW - 100 * DAY + i,
        evidence_ref: "\u0001".repeat(500) + i,
      }),
    );
    await deliver([{ events: events.slice(0, 1_005) }, { events: events.slice(1_005) }]);
    const { db, counted } = counting(env.DB);
    await retarget(stub, (targets) => ({ ...targets, db }));
    const expired = await stub.expire(NOW - 30 * DAY, 5_000);
    expect(counted.longestText).toBeLessThan(2_000_000);
    expect(counted.queries).toBeLessThanOrEqual(50);
    expect(expired.removed).toBeGreaterThan(900);
    await retain();
    expect(await statesOf(identityUuid)).toMatchObject([{ state: "stable", observationCount: 10 }]);
  });

  it("removes all that is old of one identity, and goes on with it in the next step where one does not suffice", async () => {
    const attackerUuid = crypto.randomUUID();
    const identityUuid = stubIdentityUuid(attackerUuid);
    await deliver(series(attackerUuid, "motor.input_modality", ["a", "a", "a"], NOW - DAY));
    const stub = env.IDENTITIES.getByName(identityUuid);
    const old = 30_000;
    const observations = Array.from({ length: old }, (_, n) =>
      makeObservation({ attackerUuid, value: '"a"', evidenceRef: `old${n}`, ts: NOW - 100 * DAY + n }),
    );
    for (const page of pieces(observations, 5_000)) await store(page);
    await addObservations(stub, observations);
    await retain();
    // Three new ones, and seven old ones that the windows need.
    expect(await countStored(attackerUuid)).toBe(10);
    expect((await statesOf(identityUuid))[0]?.observationCount).toBe(10);
  });

  it.each([
    ["an hour of 100 observations a second", 360_000],
    ["ten hours of them", 3_600_000],
  ])("keeps up with %s that are all one identity's", async (_, waiting) => {
    const attackerUuid = crypto.randomUUID();
    await deliver([payload({ attacker_uuid: attackerUuid })]);
    const large = stubIdentityUuid(attackerUuid);
    let left = waiting;
    let steps = 0;
    const used = withExpire(async (uuid, limit) => {
      if (uuid !== large) return { removed: 0, hasMore: false };
      const removed = Math.min(limit, left);
      left -= removed;
      return { removed, hasMore: left > 0 };
    });
    await retain(used, () => steps++);
    expect(left).toBe(0);
    // Steps follow one another at once.
    expect(steps).toBeLessThanOrEqual(4 + Math.ceil(waiting / 100_000));
  });

  it("of an identity that fails does not keep it from the others", async () => {
    const attackers = Array.from({ length: 60 }, () => crypto.randomUUID());
    await deliver(attackers.map((uuid) => payload({ attacker_uuid: uuid })));
    const uuids = attackers.map(stubIdentityUuid);
    const asked = new Set<string>();
    const used = withExpire(async (uuid) => {
      asked.add(uuid);
      if (uuid === uuids[0] || uuid === uuids[30]) throw new Error("reset");
      return { removed: 0, hasMore: false };
    });
    await retain(used);
    for (const uuid of uuids) expect(asked).toContain(uuid);
  });

  it("removes thousands of old events in pieces, reads few rows where none is old, and never the newest", async () => {
    await env.DB.prepare("DELETE FROM events").run();
    await fillHistory(env.DB, crypto.randomUUID(), 12_000, NOW - 40 * DAY);
    const first = counting(env.DB);
    expect(await deleteHistory(first.db, NOW - 30 * DAY, 5_000)).toBe(5_000);
    expect(first.counted.rowsRead).toBeLessThan(25_000);
    await retain();
    // Were the newest to go, cursors would start over.
    expect(await env.DB.prepare("SELECT count(*) AS n FROM events").first("n")).toBe(1);
    await fillHistory(env.DB, crypto.randomUUID(), 8_000, NOW);
    expect(await deleteHistory(env.DB, NOW - 30 * DAY, 5_000)).toBe(1);
    const second = counting(env.DB);
    expect(await deleteHistory(second.db, NOW - 30 * DAY, 5_000)).toBe(0);
    expect(second.counted.rowsRead).toBeLessThan(10);
  });

  it("with a variable that is wrong is put off with its reason, and goes on once it is right", async () => {
    const wrong = { ...KEPT, RETENTION_DAYS: "ever" } as unknown as Env;
    await env.DB.prepare("DELETE FROM jobs WHERE kind = 'retention'").run();
    await ensureRetention(wrong, 1);
    const report = await runJobs(wrong, firstShard(wrong), ["retention"], Infinity, new QueryBudget(45));
    expect(report).toMatchObject({ failed: 1, done: {} });
    const job = "SELECT error FROM jobs WHERE kind = 'retention'";
    expect(await env.DB.prepare(job).first("error")).toContain("RETENTION_DAYS must be a number of days");
    await retain();
  });

  it("is off by default", async () => {
    const attackerUuid = crypto.randomUUID();
    await deliver(series(attackerUuid, "motor.input_modality", ["a"], 1));
    expect(await statesOf(stubIdentityUuid(attackerUuid))).toHaveLength(1);
  });
});
