/** A wrong variable: named by `/health`; reads go on, and nothing that is sent is lost. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { deliver } from "../../setup/deliver.ts";
import { payload } from "../../setup/payload.ts";
import { ask, TOKENS } from "../../setup/request.ts";

const WRONG = { WINDOW_SIZE: "banana", PRIMITIVE_KINDS: '{"a.b":"nonsense"}' };

describe("[§7] with a wrong variable", () => {
  it("[§7] health is 503 and names every variable with its range", async () => {
    const response = await ask("GET", "/health", { env: WRONG });
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: "unavailable",
      problems: [
        expect.stringMatching(/^WINDOW_SIZE must be .+, got "banana"$/),
        expect.stringMatching(/^PRIMITIVE_KINDS must be .+ a\.b /),
      ],
    });
  });

  it("[§7] reads go on", async () => {
    const attackerUuid = crypto.randomUUID();
    await deliver([payload({ attacker_uuid: attackerUuid })]);
    for (const path of [
      `attackers/${attackerUuid}/attribution`,
      `attackers/${attackerUuid}/observations`,
      "identities",
      "stats",
    ]) {
      const response = await ask("GET", `/api/v1/${path}`, { token: TOKENS.read, env: WRONG });
      expect(response.status).toBe(200);
    }
  });

  it("[§7] observations are queued, whatever kind a corrected variable will give their primitive", async () => {
    const queued: unknown[] = [];
    const sendBatch = (messages: Iterable<{ body: { events: { primitive: string }[] } }>) => {
      for (const { body } of messages) queued.push(...body.events.map(({ primitive }) => primitive));
      return Promise.resolve();
    };
    const response = await ask("POST", "/api/v1/observations", {
      token: TOKENS.ingest,
      body: [
        payload({ primitive: "toolchain.c2.beacon_interval_ms", value: "a text for a numeric primitive" }),
        payload({ confidence: 2 }),
      ],
      env: { ...WRONG, OBSERVATION_QUEUE: { sendBatch } },
    });
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({
      accepted: 1,
      rejected: [{ index: 1, field: "confidence" }],
    });
    expect(queued).toEqual(["toolchain.c2.beacon_interval_ms"]);
  });
});

describe("[§5] events that could not be published", () => {
  it("[§5] are counted in the totals and in health, which stays good", async () => {
    await env.DB.prepare(
      `INSERT INTO dead_letters (id, code, field, detail, attempts, received_ts, body, body_bytes)
       VALUES ('event:1', 'unpublishable', 'payload', 'The event is too large.', 1, 1714000000, '{}', 2)`,
    ).run();
    const health = await ask("GET", "/health", { env: {} });
    expect([health.status, await health.json()]).toEqual([200, { status: "ok", unpublishable: 1 }]);
    const stats = await ask("GET", "/api/v1/stats", { token: TOKENS.read });
    expect(await stats.json()).toMatchObject({ unpublishable: 1, dead_letters: { unpublishable: 1 } });
  });

  it("[§5] are found by an index, since anybody may ask for health", async () => {
    const { results } = await env.DB.prepare(
      "EXPLAIN QUERY PLAN SELECT count(*) FROM dead_letters WHERE code = 'unpublishable'",
    ).all<{ detail: string }>();
    expect(results.map(({ detail }) => detail).join()).toMatch(/INDEX dead_letters_unpublishable/);
  });
});
