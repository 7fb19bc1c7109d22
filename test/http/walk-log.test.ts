/** What the log says of a walk over everything: one line per request and per batch, and nothing about anybody. */
import { describe, expect, it, vi } from "vitest";
import { logError, logInfo } from "../../src/log.ts";
import { deliver } from "../setup/deliver.ts";
import { end, pathOf, readOperations } from "../setup/operations.ts";
import { payload } from "../setup/payload.ts";
import { ask, ORIGIN, TOKENS } from "../setup/request.ts";

const operations = await readOperations();

/** Every line that is logged while something is done, by any method of the console. */
async function linesOf(done: () => unknown): Promise<string[]> {
  const lines: string[] = [];
  const spies = (["log", "info", "warn", "error", "debug", "trace"] as const).map((method) =>
    vi.spyOn(console, method).mockImplementation((...said: unknown[]) => {
      lines.push(said.map((part) => (typeof part === "string" ? part : JSON.stringify(part))).join(" "));
    }),
  );
  await done();
  for (const spy of spies) spy.mockImplementation(() => {});
  return lines;
}

/** Planted in every place where input can be; each must not come up again. */
const PLANTED = {
  token: "planted-token-3f1c",
  value: "planted-value-9a72",
  address: "203.0.113.77",
  evidence: "planted-evidence-55d0",
  query: "planted-query-c41b",
  cookie: "planted-cookie-0e88",
};
const SECRETS = ["read-token", "ingest-token", "admin-token", "webhook-secret"];

function expectSilence(lines: readonly string[]): void {
  for (const line of lines) {
    for (const planted of [...Object.values(PLANTED), ...SECRETS]) expect(line).not.toContain(planted);
  }
}

/** Fails as drizzle does over D1: with everything it was given. */
const quoting = () => {
  throw new Error(`Failed query: select ?\nparams: ${PLANTED.value},${PLANTED.address}`, {
    cause: new Error(`D1_TYPE_ERROR: not supported for value '${PLANTED.value}'`),
  });
};

/** Fails as no queue should. */
const sendBatch = () => Promise.reject(new Error(`cannot send "${PLANTED.value}" (15000)`));

describe("[§7] the log", () => {
  it("[§7] has one line per request, which tells what, how it ended and how long it took", async () => {
    const lines = await linesOf(async () => {
      await ask("GET", `/api/v1/attackers/${crypto.randomUUID()}/attribution`, { token: TOKENS.read });
      await ask("POST", "/api/v1/observations", { token: TOKENS.ingest, body: [{}, payload()] });
    });
    const requests = lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ event }) => event === "request");
    expect(requests).toEqual([
      {
        level: "info",
        event: "request",
        method: "GET",
        route: "/api/v1/attackers/:uuid/attribution",
        status: 404,
        duration_ms: expect.any(Number),
      },
      {
        level: "info",
        event: "request",
        method: "POST",
        route: "/api/v1/observations",
        status: 202,
        events: 2,
        observations: 1,
        ignored: 0,
        refused: 1,
        duration_ms: expect.any(Number),
      },
    ]);
  });

  it("[§7] has one line per batch, with counts and a duration", async () => {
    const lines = await linesOf(() =>
      deliver([
        payload(),
        payload({ value: PLANTED.value }),
        { id: PLANTED.value },
        { topic: "x", payload: {} },
      ]),
    );
    const batches = lines.filter((line) => line.includes('"event":"batch"'));
    expect(batches).toHaveLength(1);
    expect(JSON.parse(batches[0] ?? "")).toMatchObject({
      level: "info",
      messages: 4,
      observations: 2,
      refused: 1,
      ignored: 1,
      retried: 0,
      applied: 2,
      transitions: 2,
      identity_calls: 2,
      duration_ms: expect.any(Number),
    });
    expectSilence(lines);
  });

  it("[§7] holds no token, secret, value or address, whoever asks for whatever", async () => {
    const observed = payload({ value: PLANTED.value, evidence_ref: PLANTED.evidence, source: PLANTED.value });
    const lines = await linesOf(async () => {
      for (const operation of operations) {
        const path = `${pathOf(operation)}?ticket=${PLANTED.token}&state=${PLANTED.query}&cursor=${PLANTED.query}`;
        const body =
          operation.method === "GET"
            ? {}
            : { body: { token: PLANTED.token, ip: PLANTED.address, loser_uuid: PLANTED.value, ...observed } };
        const headers = {
          "cf-connecting-ip": PLANTED.address,
          "x-forwarded-for": PLANTED.address,
          "user-agent": PLANTED.value,
          "x-decnet-signature": PLANTED.token,
          cookie: `__Host-attribution_session=${PLANTED.cookie}`,
          origin: ORIGIN,
        };
        for (const token of [undefined, PLANTED.token, ...Object.values(TOKENS)]) {
          const sent = token === undefined ? {} : { token };
          await end(await ask(operation.method, path, { ...body, ...sent, headers }));
          await end(await ask(operation.method, pathOf(operation), { ...body, ...sent, headers }));
        }
      }
      await end(await ask("POST", "/api/v1/session", { body: { token: TOKENS.admin } }));
      await end(await ask("POST", "/api/v1/session", { body: `{"token":"${PLANTED.token}` }));
      await end(
        await ask("POST", "/api/v1/observations", { token: TOKENS.ingest, body: `{"v":"${PLANTED.value}` }),
      );
      await end(await ask("GET", `/${PLANTED.query}`));
      await deliver([observed, { ...observed, value: null }, `{"id":"${PLANTED.value}`, PLANTED.value]);
    });
    expect(lines.length).toBeGreaterThan(operations.length * 10);
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
    expectSilence(lines);
  });

  it("[§7] holds none of them when what it depends on fails and says what it was given", async () => {
    const broken = { prepare: quoting, batch: quoting };
    const lines = await linesOf(async () => {
      const stats = await ask("GET", "/api/v1/stats", { token: TOKENS.read, env: { DB: broken } });
      expect(stats.status).toBe(500);
      const problem = await stats.text();
      expect(problem).not.toMatch(/planted|query/);
      await ask("GET", "/health", { env: { DB: broken } });
      const body = payload({ value: PLANTED.value });
      const env = { OBSERVATION_QUEUE: { sendBatch } };
      await ask("POST", "/api/v1/observations", { token: TOKENS.ingest, body, env });
    });
    const errors = lines.filter((line) => line.includes('"level":"error"'));
    expect(errors).toHaveLength(3);
    expect(errors[0]).toContain("D1_TYPE_ERROR");
    expectSilence(lines);
  });

  it.each([
    ["a parser that quotes", () => JSON.parse(`{"a": ${PLANTED.value}`) as unknown],
    ["something else than an error", () => Promise.reject(PLANTED.value as unknown as Error)],
    ["an unfinished quotation", () => Promise.reject(new Error(`unexpected "${PLANTED.value}`))],
    ["a failed query without a cause", () => Promise.reject(new Error(`Failed query: ${PLANTED.value}`))],
  ])("[§7] tells of %s without what it quotes", async (_, fail) => {
    const lines = await linesOf(async () => {
      try {
        await fail();
      } catch (error) {
        logError("failed", error);
      }
    });
    expect(lines).toHaveLength(1);
    expectSilence(lines);
  });

  it("[§7] keeps what tells a fault: its kind, its code, its numbers", async () => {
    const lines = await linesOf(() => {
      logError("failed", new TypeError("x is not a function"), { messages: 3 });
      logInfo("ended", { count: 1 });
    });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { level: "error", event: "failed", error: "TypeError: x is not a function", messages: 3 },
      { level: "info", event: "ended", count: 1 },
    ]);
  });
});
