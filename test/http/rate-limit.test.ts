/** Rate limits: what counts against which, and that observations come before limits. */
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { payload } from "../setup/payload.ts";
import { ask, readProblem, TOKENS } from "../setup/request.ts";

/** A limit that is met, and remembers who asked. */
function exhausted() {
  const keys: string[] = [];
  return { keys, limit: ({ key }: { key: string }) => Promise.resolve({ success: keys.push(key) < 0 }) };
}

const from = (address: string) => ({ headers: { "cf-connecting-ip": address } });

describe("[§7] the limit on ingest", () => {
  it("[§7] over it is 429 with Retry-After, and nothing is queued", async () => {
    const limit = exhausted();
    const sendBatch = vi.fn<() => void>();
    const response = await ask("POST", "/api/v1/observations", {
      token: TOKENS.ingest,
      body: payload(),
      env: { INGEST_RATE_LIMIT: limit, OBSERVATION_QUEUE: { sendBatch } },
    });
    expect(await readProblem(response)).toMatchObject({ status: 429, code: "rate_limited" });
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(sendBatch).not.toHaveBeenCalled();
  });

  it("[§7] holds for registering an attacker too, before anything is written", async () => {
    const limit = exhausted();
    const uuid = crypto.randomUUID();
    const response = await ask("PUT", `/api/v1/attackers/${uuid}`, {
      token: TOKENS.ingest,
      body: {},
      env: { INGEST_RATE_LIMIT: limit },
    });
    expect(await readProblem(response)).toMatchObject({ status: 429, code: "rate_limited" });
    const stored = await env.DB.prepare("SELECT 1 FROM attackers WHERE uuid = ?1").bind(uuid).first();
    expect([stored, limit.keys.length]).toEqual([null, 1]);
  });

  it("[§7] counts by token, never by the token itself", async () => {
    const limit = exhausted();
    for (const token of [TOKENS.ingest, TOKENS.admin, TOKENS.ingest]) {
      await ask("POST", "/api/v1/observations", {
        token,
        body: payload(),
        env: { INGEST_RATE_LIMIT: limit },
      });
    }
    expect(new Set(limit.keys).size).toBe(2);
    expect(limit.keys.join()).not.toMatch(/token/);
  });

  it("[§7] does not touch reads", async () => {
    const limit = exhausted();
    const read = await ask("GET", "/api/v1/stats", {
      token: TOKENS.read,
      env: { INGEST_RATE_LIMIT: limit, AUTH_FAILURE_RATE_LIMIT: limit },
    });
    expect(read.status).toBe(200);
    expect(limit.keys).toEqual([]);
  });

  it.each([
    ["is not bound", undefined],
    ["fails", { limit: () => Promise.reject(new Error("no limits today")) }],
  ])("[§7] nothing is limited where the binding %s", async (_, limit) => {
    const bindings = { INGEST_RATE_LIMIT: limit, AUTH_FAILURE_RATE_LIMIT: limit };
    const asked = { body: payload(), env: bindings };
    expect((await ask("POST", "/api/v1/observations", { token: TOKENS.ingest, ...asked })).status).toBe(202);
    expect((await ask("POST", "/api/v1/observations", { token: "wrong", ...asked })).status).toBe(401);
  });

  it("[§7] the local one takes 1,000 requests in ten seconds", async () => {
    // Straight at the binding: a thousand requests would take longer than the period.
    const key = crypto.randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, () => env.INGEST_RATE_LIMIT.limit({ key })),
    );
    expect(answers.every(({ success }) => success)).toBe(true);
  });
});

describe("[§7] the limit on failed authentication", () => {
  it.each([
    ["a wrong token", "GET", "/api/v1/stats", { token: "wrong" }],
    ["no token", "GET", "/api/v1/stats", {}],
    ["signing in with a wrong token", "POST", "/api/v1/session", { body: { token: "wrong" } }],
    ["asking who is signed in", "GET", "/api/v1/session", {}],
    ["an unsigned delivery", "POST", "/api/v1/webhooks/decnet", { body: {} }],
    [
      "a wrongly signed delivery",
      "POST",
      "/api/v1/webhooks/decnet",
      { body: {}, headers: { "x-decnet-signature": `sha256=${"0".repeat(64)}` } },
    ],
  ])("[§7] %s counts by address, and over it is 429", async (_, method, path, asked) => {
    const limit = exhausted();
    const headers = { ...("headers" in asked ? asked.headers : {}), ...from("192.0.2.9").headers };
    const response = await ask(method, path, { ...asked, headers, env: { AUTH_FAILURE_RATE_LIMIT: limit } });
    expect(await readProblem(response)).toMatchObject({ status: 429, code: "rate_limited" });
    expect(response.headers.get("retry-after")).not.toBeNull();
    expect(limit.keys).toEqual(["192.0.2.9"]);
  });

  it("[§7] a right token is let in from an address that others guess from", async () => {
    const response = await ask("GET", "/api/v1/stats", {
      token: TOKENS.read,
      ...from("192.0.2.9"),
      env: { AUTH_FAILURE_RATE_LIMIT: exhausted() },
    });
    expect(response.status).toBe(200);
  });

  it("[§7] a scope that is missing is not a failed sign-in", async () => {
    const limit = exhausted();
    const response = await ask("GET", "/api/v1/stats", {
      token: TOKENS.ingest,
      env: { AUTH_FAILURE_RATE_LIMIT: limit },
    });
    expect([response.status, limit.keys]).toEqual([403, []]);
  });
});
