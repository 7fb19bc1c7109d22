/** Every message gets its own verdict, whatever becomes of its neighbours; nothing is lost and nothing counted twice. */
import { createMessageBatch } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { readTotals } from "../../src/storage/index.ts";
import worker from "../../src/worker.ts";
import { deliver, OBSERVATIONS, statesOf } from "../setup/deliver.ts";
import { waitForSeq } from "../setup/outbound.ts";
import { payload, series } from "../setup/payload.ts";
import { countStored } from "../setup/observations.ts";

/** The environment with objects of chosen identities failing. */
function withFailingObject(identityUuid: string, error: Error): Env {
  const identities = new Proxy(env.IDENTITIES, {
    get(target, name) {
      if (name !== "getByName") return Reflect.get(target, name);
      return (uuid: string) =>
        uuid === identityUuid ? { apply: () => Promise.reject(error) } : target.getByName(uuid);
    },
  });
  return { ...env, IDENTITIES: identities };
}

function withFailingDatabase(afterTakingEffect: boolean): Env {
  const db = new Proxy(env.DB, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (name !== "batch") return typeof member === "function" ? member.bind(target) : member;
      return async (statements: D1PreparedStatement[]) => {
        if (afterTakingEffect) await target.batch(statements);
        throw new Error("Network connection lost.");
      };
    },
  });
  return { ...env, DB: db };
}

function storedOf(attackerUuid: unknown): Promise<number> {
  return countStored(String(attackerUuid));
}

describe("[§2] refusals", () => {
  it("one bad message becomes a dead letter that says why; its neighbours are stored", async () => {
    const good = payload();
    const bodies = [
      good,
      payload({ confidence: 2 }),
      "no json",
      [1],
      { events: [] },
      payload({ ts: Date.now() }),
    ];
    const ids = bodies.map(() => crypto.randomUUID());
    const result = await deliver(bodies, { ids });
    expect(result.explicitAcks).toHaveLength(bodies.length);
    expect(await storedOf(good["attacker_uuid"])).toBe(1);
    const { results } = await env.DB.prepare(
      "SELECT code, field, detail, attempts, body FROM dead_letters WHERE substr(id, 1, 36) IN (SELECT value FROM json_each(?1)) ORDER BY detail",
    )
      .bind(JSON.stringify(ids))
      .all();
    expect(results.map(({ code, field }) => `${code} ${field}`).toSorted()).toEqual([
      "invalid_field confidence",
      "invalid_field events",
      "invalid_field ts",
      "malformed_json body",
      "malformed_json body",
    ]);
    expect(results.find(({ field }) => field === "ts")?.["detail"]).toContain("milliseconds");
    expect(results.find(({ field }) => field === "confidence")).toMatchObject({
      attempts: 1,
      body: JSON.stringify(bodies[1]),
      detail: "The field confidence must be a number from 0 to 1.",
    });
  });

  it("one bad event in a list does not touch the others, and comes once however often it is delivered", async () => {
    const attacker_uuid = crypto.randomUUID();
    const body = { events: [payload({ attacker_uuid }), { nonsense: true }, payload({ attacker_uuid })] };
    const before = await readTotals(env.DB);
    const ids = [crypto.randomUUID()];
    for (let i = 0; i < 3; i++) await deliver([body], { ids });
    expect(await storedOf(attacker_uuid)).toBe(2);
    const after = await readTotals(env.DB);
    const count = (totals: typeof after) => Object.values(totals.deadLetters).reduce((a, b) => a + b, 0);
    expect(count(after) - count(before)).toBe(1);
    expect(after.observations - before.observations).toBe(2);
  });

  it("bytes and texts are read as the JSON they hold", async () => {
    const [text, bytes] = [payload(), payload()];
    await deliver([JSON.stringify(text), new TextEncoder().encode(JSON.stringify(bytes)).buffer]);
    expect(await storedOf(text["attacker_uuid"])).toBe(1);
    expect(await storedOf(bytes["attacker_uuid"])).toBe(1);
  });

  it("bodies that no JSON can hold are kept all the same", async () => {
    const cyclic: Record<string, unknown> = {};
    cyclic["self"] = cyclic;
    const result = await deliver([cyclic, new Map(), 10n, null, undefined, { events: [cyclic, 10n] }]);
    expect(result.explicitAcks).toHaveLength(6);
  });

  it("events of another topic are acknowledged and counted", async () => {
    const before = await readTotals(env.DB);
    const other = { v: 1, id: "i", topic: "attacker.session.closed", type: "x", ts: 1, payload: payload() };
    await deliver([other, { events: [other, payload()] }]);
    const after = await readTotals(env.DB);
    expect(after.ignored - before.ignored).toBe(2);
    expect(after.observations - before.observations).toBe(1);
  });
});

describe("[§4] repeats", () => {
  it("a repeated delivery writes nothing, in D1 or in the object", async () => {
    const attacker_uuid = crypto.randomUUID();
    const events = series(attacker_uuid, "motor.input_modality", ["a", "b", "a", "b", "a", "b"]);
    await deliver(events);
    const identityUuid = stubIdentityUuid(attacker_uuid);
    await waitForSeq(identityUuid, 4);
    const before = await statesOf(identityUuid);
    const written: number[] = [];
    const db = new Proxy(env.DB, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (name !== "batch") return typeof member === "function" ? member.bind(target) : member;
        return async (statements: D1PreparedStatement[]) => {
          const results = await target.batch(statements);
          written.push(...results.map(({ meta }) => meta.rows_written));
          return results;
        };
      },
    });
    await deliver([...events, ...events], { env: { ...env, DB: db } });
    expect(written.length).toBeGreaterThan(2);
    expect(written.reduce((a, b) => a + b, 0)).toBe(0);
    expect(await statesOf(identityUuid)).toEqual(before);
  });

  it("observations replaced count once, unlisted values too", async () => {
    const before = await readTotals(env.DB);
    const event = payload({ value: "quilled" });
    await deliver([event, { ...event, ts: 1_714_000_001 }]);
    await deliver([{ ...event, ts: 1_714_000_002 }]);
    const after = await readTotals(env.DB);
    expect(after.observations - before.observations).toBe(1);
    expect(after.unlistedValues - before.unlistedValues).toBe(1);
    await deliver([{ ...event, ts: 1_714_000_003, value: "typed" }]);
    expect((await readTotals(env.DB)).unlistedValues).toBe(before.unlistedValues);
  });
});

describe("[§4] failures", () => {
  it("an object that fails puts off the messages of its identity only, longer each time", async () => {
    const [bad, good] = [crypto.randomUUID(), crypto.randomUUID()];
    const failing = withFailingObject(stubIdentityUuid(bad), new Error("reset because its code was updated"));
    const delays: number[] = [];
    for (const attempts of [1, 2, 3, 20]) {
      const batch = createMessageBatch(OBSERVATIONS, [
        { id: "bad", timestamp: new Date(), attempts, body: payload({ attacker_uuid: bad }) },
        { id: "good", timestamp: new Date(), attempts, body: payload({ attacker_uuid: good }) },
      ]);
      const retry = vi.spyOn(batch.messages[0] ?? { retry: () => {} }, "retry");
      const acks = vi.spyOn(batch.messages[1] ?? { ack: () => {} }, "ack");
      await worker.queue(batch, failing);
      expect(acks).toHaveBeenCalledOnce();
      delays.push(retry.mock.calls[0]?.[0]?.delaySeconds ?? -1);
    }
    expect(delays).toEqual([5, 10, 20, 600]);
    expect(await statesOf(stubIdentityUuid(good))).toHaveLength(1);
    // Stored already: what comes later heals it.
    expect(await storedOf(bad)).toBe(4);
  });

  it("an overloaded object is given more time", async () => {
    const attacker_uuid = crypto.randomUUID();
    const error = Object.assign(new Error("too many requests queued"), { overloaded: true });
    const batch = createMessageBatch(OBSERVATIONS, [
      { id: "m", timestamp: new Date(), attempts: 1, body: payload({ attacker_uuid }) },
    ]);
    const [message] = batch.messages;
    if (!message) throw new Error("the batch must hold a message");
    const retry = vi.spyOn(message, "retry");
    await worker.queue(batch, withFailingObject(stubIdentityUuid(attacker_uuid), error));
    expect(retry).toHaveBeenCalledWith({ delaySeconds: 35 });
  });

  it.each([
    ["before", false],
    ["after", true],
  ])(
    "D1 failing %s it took effect puts the batch off; delivered again, everything is there once",
    async (_, after) => {
      const attacker_uuid = crypto.randomUUID();
      const events = series(attacker_uuid, "motor.input_modality", ["a", "a", "a"]);
      const result = await deliver(events, { env: withFailingDatabase(after) });
      expect(result.retryMessages).toHaveLength(3);
      expect(result.explicitAcks).toEqual([]);
      await deliver(events);
      expect(await storedOf(attacker_uuid)).toBe(3);
      const [state] = await statesOf(stubIdentityUuid(attacker_uuid));
      expect(state).toMatchObject({ state: "stable", observationCount: 3 });
    },
  );
});

describe("[§6] first observations", () => {
  it("concurrent first observations of an attacker make one identity", async () => {
    const attacker_uuid = crypto.randomUUID();
    const events = series(
      attacker_uuid,
      "motor.input_modality",
      Array.from({ length: 12 }, () => "a"),
    );
    await Promise.all(events.map((event) => deliver([event])));
    const identityUuid = stubIdentityUuid(attacker_uuid);
    const { results } = await env.DB.prepare("SELECT identity_uuid FROM attackers WHERE uuid = ?1")
      .bind(attacker_uuid)
      .all();
    expect(results).toEqual([{ identity_uuid: identityUuid }]);
    const orphans = await env.DB.prepare(
      "SELECT uuid FROM identities WHERE uuid NOT IN (SELECT identity_uuid FROM attackers WHERE identity_uuid IS NOT NULL)",
    ).all();
    expect(orphans.results).toEqual([]);
    expect(await statesOf(identityUuid)).toMatchObject([{ observationCount: 12, state: "stable" }]);
    const events2 = await waitForSeq(identityUuid, 3);
    expect(events2.map(({ type }) => type)).toEqual([
      "formed",
      "profile.state_changed",
      "profile.state_changed",
    ]);
  });

  it("through the queue itself: sent, delivered, applied, published", async () => {
    const attacker_uuid = crypto.randomUUID();
    await env.OBSERVATION_QUEUE.send({
      events: series(attacker_uuid, "motor.input_modality", ["a", "a", "a"]),
    });
    const events = await waitForSeq(stubIdentityUuid(attacker_uuid), 3);
    expect(events[0]).toMatchObject({
      topic: "identity.formed",
      payload: {
        identity_uuid: stubIdentityUuid(attacker_uuid),
        observation_uuids: [attacker_uuid],
        confidence: null,
        first_seen_at: 1_714_000_000,
      },
    });
    expect(events[2]).toMatchObject({
      payload: { old_state: "unknown", new_state: "stable", observation_count: 3 },
    });
  });
});
