/** Dead letters: what ran out of retries is kept, found, and put back; nothing disappears but what came through. */
import { createMessageBatch, getQueueResult, createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import worker from "../../src/worker.ts";
import { call } from "../setup/api.ts";
import { deliver, statesOf } from "../setup/deliver.ts";
import { payload, series } from "../setup/payload.ts";
import { countStored } from "../setup/observations.ts";

interface Letters {
  data: {
    id: string;
    code: string;
    attempts: number;
    body: string;
    truncated: boolean;
    body_bytes: number;
    body_sha256: string | null;
  }[];
  next_cursor: string | null;
}

const letters = async (query = "") => (await call("GET", `dead-letters${query}`)).json<Letters>();

/** Messages as the dead-letter queue delivers them. */
async function deliverDead(bodies: readonly unknown[], used: Env = env, attempts = 1) {
  const messages = bodies.map((body, i) => ({
    id: `dead-${i}-${crypto.randomUUID()}`,
    timestamp: new Date(),
    attempts,
    body,
  }));
  const batch = createMessageBatch("attacker-observations-dead-letters", messages);
  const delays = batch.messages.map((message) => vi.spyOn(message, "retry"));
  await worker.queue(batch, used);
  const result = await getQueueResult(batch, createExecutionContext());
  return { ...result, delays: delays.map(({ mock }) => mock.calls[0]?.[0]?.delaySeconds) };
}

function withFailingObjects(): Env {
  return {
    ...env,
    IDENTITIES: { getByName: () => ({ apply: () => Promise.reject(new Error("reset")) }) } as never,
  };
}

beforeEach(async () => {
  await env.DB.prepare("DELETE FROM dead_letters").run();
});

describe("[design] the dead-letter queue", () => {
  it("gives every message one more chance", async () => {
    const event = payload();
    const { explicitAcks } = await deliverDead([event]);
    expect(explicitAcks).toHaveLength(1);
    expect(await statesOf(stubIdentityUuid(String(event["attacker_uuid"])))).toHaveLength(1);
    expect((await letters()).data).toEqual([]);
  });

  it("keeps what fails again, marks its identity for the sweep, and the sweep makes it good", async () => {
    const attackerUuid = crypto.randomUUID();
    const identityUuid = stubIdentityUuid(attackerUuid);
    const { explicitAcks } = await deliverDead(
      [{ events: series(attackerUuid, "motor.input_modality", ["a", "a", "a"]) }],
      withFailingObjects(),
    );
    expect(explicitAcks).toHaveLength(1);
    expect((await letters()).data).toMatchObject([
      { code: "retries_exhausted", truncated: false, body_sha256: null },
    ]);
    expect(await statesOf(identityUuid)).toEqual([]);
    const dirty = await env.DB.prepare("SELECT is_dirty FROM identities WHERE uuid = ?1")
      .bind(identityUuid)
      .first();
    expect(dirty).toEqual({ is_dirty: 1 });
    const { sweep } = await import("../../src/maintenance/index.ts");
    await sweep(env);
    expect(await statesOf(identityUuid)).toMatchObject([{ state: "stable", observationCount: 3 }]);
  });

  it("waits out an outage of D1, longer each time, up to an hour", async () => {
    const db = { prepare: env.DB.prepare.bind(env.DB), batch: () => Promise.reject(new Error("D1 is down")) };
    const down = { ...env, DB: db } as unknown as Env;
    const delays: unknown[] = [];
    for (const attempts of [1, 2, 3, 99]) {
      const result = await deliverDead([payload()], down, attempts);
      expect(result.retryMessages).toHaveLength(1);
      delays.push(...result.delays);
    }
    expect(delays).toEqual([60, 120, 240, 3_600]);
  });
});

describe("[§7] dead letters", () => {
  it("are listed, oldest first, in pages and by code", async () => {
    await deliver([payload({ confidence: 2 }), payload({ id: "" }), payload({ v: 3 }), "no json"]);
    const [first, rest] = [await letters("?limit=3"), await letters()];
    expect(first.data).toHaveLength(3);
    const second = await letters(`?limit=3&cursor=${first.next_cursor}`);
    expect([...first.data, ...second.data]).toEqual(rest.data);
    expect(second.next_cursor).toBeNull();
    expect((await letters("?code=unsupported_version")).data).toHaveLength(1);
    expect((await call("GET", "dead-letters?cursor=nonsense")).status).toBe(422);
    const refused = await call("GET", "dead-letters", undefined, "read-token");
    expect(refused.status).toBe(403);
  });

  it("replayed one by one: one that comes through disappears, one that fails stays as it is, once", async () => {
    const attackerUuid = crypto.randomUUID();
    await deliverDead([payload({ attacker_uuid: attackerUuid })], withFailingObjects());
    await deliver([payload({ confidence: 2 })]);
    const { data } = await letters();
    expect(data).toHaveLength(2);
    for (const { id } of data) {
      const response = await call("POST", `dead-letters/${encodeURIComponent(id)}/replay`);
      expect(response.status).toBe(202);
    }
    await vi.waitFor(async () => expect((await letters()).data).toHaveLength(1));
    expect((await letters()).data[0]).toMatchObject({
      code: "invalid_field",
      id: data.find(({ code }) => code === "invalid_field")?.id,
    });
    expect(await statesOf(stubIdentityUuid(attackerUuid))).toHaveLength(1);
    expect((await call("POST", "dead-letters/nothing/replay")).status).toBe(404);
  });

  it("replayed all at once, by code; large ones in as many sendings as the queue needs", async () => {
    const attackers = Array.from({ length: 120 }, () => crypto.randomUUID());
    const bodies = attackers.map((attacker_uuid) => ({
      events: [payload({ attacker_uuid, value: "x".repeat(4_000) })],
    }));
    await deliverDead(bodies, withFailingObjects());
    await deliver([payload({ v: 2 })]);
    const answer = await call("POST", "dead-letters/replay?code=retries_exhausted");
    expect(await answer.json()).toEqual({
      replayed: 120,
      skipped: 0,
      failed: [],
      remaining: 0,
      next_cursor: null,
    });
    // By code: what an earlier test replayed may be refused again meanwhile.
    await vi.waitFor(async () => expect((await letters("?code=retries_exhausted")).data).toEqual([]), 20_000);
    expect((await letters("?code=unsupported_version")).data).toHaveLength(1);
    for (const attacker of attackers.slice(0, 5))
      expect(await statesOf(stubIdentityUuid(attacker))).toHaveLength(1);
  });

  it("a body over a row's length is kept truncated, with its length and digest, and says so", async () => {
    const body = `{"x":"${"y".repeat(600_000)}`;
    await deliver([body]);
    const [letter] = (await letters()).data;
    expect(letter).toMatchObject({ truncated: true, body_bytes: body.length, body: body.slice(0, 500_000) });
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(body));
    expect(letter?.body_sha256).toBe(
      [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    );
    const refused = await call("POST", `dead-letters/${encodeURIComponent(letter?.id ?? "")}/replay`);
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({ code: "dead_letter_incomplete" });
    expect(await (await call("POST", "dead-letters/replay")).json()).toEqual({
      replayed: 0,
      skipped: 1,
      failed: [{ id: letter?.id, code: "dead_letter_incomplete", detail: expect.any(String) }],
      remaining: 0,
      next_cursor: null,
    });
  });
});

describe("[§7] control", () => {
  it("paused, messages are put off, 5 s growing to 300 s, nothing is written and reads go on; resumed, all is applied", async () => {
    const attackerUuid = crypto.randomUUID();
    const events = series(attackerUuid, "motor.input_modality", ["a", "a", "a"]);
    expect(await (await call("POST", "control", { action: "pause" })).json()).toEqual({ paused: true });
    expect(await (await call("GET", "control")).json()).toEqual({ paused: true });
    const delays: unknown[] = [];
    for (const attempts of [1, 2, 5, 20]) {
      const batch = createMessageBatch("attacker-observations", [
        {
          id: crypto.randomUUID(),
          timestamp: new Date(),
          attempts,
          body: { events: [...events, { nonsense: true }] },
        },
      ]);
      const [message] = batch.messages;
      if (!message) throw new Error("the batch must hold a message");
      const retry = vi.spyOn(message, "retry");
      await worker.queue(batch, env);
      delays.push(retry.mock.calls[0]?.[0]?.delaySeconds);
    }
    expect(delays).toEqual([5, 10, 80, 300]);
    // What runs out of retries meanwhile waits on the dead-letter queue, and comes back by way of its consumer.
    const dead = await deliverDead([{ events }]);
    expect(dead.retryMessages).toHaveLength(1);
    expect(await countStored(attackerUuid)).toBe(0);
    expect((await letters()).data).toEqual([]);
    expect((await call("GET", "stats")).status).toBe(200);

    expect(await (await call("POST", "control", { action: "resume" })).json()).toEqual({ paused: false });
    await deliverDead([{ events }]);
    expect(await statesOf(stubIdentityUuid(attackerUuid))).toMatchObject([
      { state: "stable", observationCount: 3 },
    ]);
    expect((await call("POST", "control", { action: "stop" })).status).toBe(422);
  });
});
