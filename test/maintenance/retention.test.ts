/** Retention: what is old goes from D1, objects and history, and no state changes by it. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { runJobs } from "../../src/maintenance/jobs.ts";
import { INVOCATION_QUERIES, QueryBudget } from "../../src/maintenance/query-budget.ts";
import { ensureRetention } from "../../src/maintenance/retention.ts";
import { firstShard } from "../../src/shard.ts";
import { readHistory, readTotals } from "../../src/storage/index.ts";
import { deliver, statesOf } from "../setup/deliver.ts";
import { waitForSeq } from "../setup/outbound.ts";
import { payload, series } from "../setup/payload.ts";

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
async function retain(used: Env = KEPT): Promise<void> {
  await env.DB.prepare("DELETE FROM jobs WHERE kind = 'retention'").run();
  const startTs = Date.now() / 1_000;
  await ensureRetention(used, startTs);
  for (let step = 0; ; step++) {
    const budget = new QueryBudget(INVOCATION_QUERIES);
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
    const { n } = (await env.DB.prepare("SELECT count(*) AS n FROM observations WHERE attacker_uuid = ?1")
      .bind(attackerUuid)
      .first<{ n: number }>()) ?? { n: -1 };
    const held = await runInDurableObject(
      env.IDENTITIES.getByName(identityUuid),
      (_, state) => state.storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM observations").one().n,
    );
    const counted = after.reduce((sum, { observationCount }) => sum + observationCount, 0);
    expect([n, held]).toEqual([counted, counted]);
    expect((await readTotals(env.DB)).observations).toBe(
      (await env.DB.prepare("SELECT count(*) AS n FROM observations").first<{ n: number }>())?.n,
    );
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
    const kept = await env.DB.prepare("SELECT count(*) AS n FROM events WHERE event ->> 'ts' > ?1")
      .bind(NOW - 30 * DAY)
      .first();
    await retain();
    expect(await readHistory(env.DB, identityUuid, 0, 10)).toEqual([]);
    expect(
      await env.DB.prepare("SELECT count(*) AS n FROM events WHERE event ->> 'ts' > ?1")
        .bind(NOW - 30 * DAY)
        .first(),
    ).toEqual(kept);
  });

  it("is off by default", async () => {
    const attackerUuid = crypto.randomUUID();
    await deliver(series(attackerUuid, "motor.input_modality", ["a"], 1));
    expect(await statesOf(stubIdentityUuid(attackerUuid))).toHaveLength(1);
  });
});
