/** The HTTP routes of the main job: who is let in, what is taken, what is answered. */
import { runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { readConfig } from "../../src/config.ts";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { app } from "../../src/http/index.ts";
import { deliver, statesOf } from "../setup/deliver.ts";
import { waitForSeq } from "../setup/outbound.ts";
import { payload, series } from "../setup/payload.ts";

const TOKENS = { read: "read-token", ingest: "ingest-token", admin: "admin-token" } as const;

function request(
  method: string,
  path: string,
  options: { token?: string; body?: unknown; type?: string; env?: Env } = {},
) {
  const headers = new Headers();
  if (options.token !== undefined) headers.set("authorization", `Bearer ${options.token}`);
  const { body } = options;
  if (body !== undefined) headers.set("content-type", options.type ?? "application/json");
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const init = { method, headers, ...(body === undefined ? {} : { body: text }) };
  const target = new Request(`https://x${path}`, init);
  return options.env ? app.fetch(target, options.env) : exports.default.fetch(target);
}

const uuid = () => crypto.randomUUID();

describe("[§7] access", () => {
  const routes = [
    ["POST", "/api/v1/observations", "ingest"],
    ["PUT", `/api/v1/attackers/${uuid()}`, "ingest"],
    ["GET", `/api/v1/attackers/${uuid()}/attribution`, "read"],
    ["GET", `/api/v1/identities/${uuid()}/attribution`, "read"],
    ["GET", `/api/v1/identities/${uuid()}/transitions`, "read"],
    ["GET", "/api/v1/stats", "read"],
  ] as const;

  it.each(routes)(
    "[§7] %s %s: 401 without or with a wrong token, 403 without the scope %s",
    async (method, path, scope) => {
      const body = method === "GET" ? undefined : {};
      for (const token of [undefined, "wrong", "", "read-token,"]) {
        const response = await request(method, path, { ...(token === undefined ? {} : { token }), body });
        expect(response.status).toBe(401);
        expect(response.headers.get("content-type")).toBe("application/problem+json");
        expect(response.headers.get("www-authenticate")).toContain("Bearer");
        expect(await response.json()).toMatchObject({ code: "unauthorized", status: 401 });
      }
      const other = scope === "read" ? "ingest" : "read";
      const refused = await request(method, path, { token: TOKENS[other], body });
      expect(refused.status).toBe(403);
      expect(await refused.json()).toMatchObject({
        code: "forbidden",
        detail: expect.stringContaining(scope),
      });
      for (const token of [TOKENS[scope], TOKENS.admin]) {
        const allowed = await request(method, path, { token, body });
        expect([401, 403]).not.toContain(allowed.status);
      }
    },
  );

  it("[§7] several tokens per scope are valid, for rotation", async () => {
    expect((await request("GET", "/api/v1/stats", { token: "read-token-2" })).status).toBe(200);
  });

  it("[§7] a secret that is not configured lets nothing in", async () => {
    for (const secret of [undefined, "", " , ,"]) {
      const closed = { ...env, READ_TOKENS: secret, INGEST_TOKENS: secret, ADMIN_TOKENS: secret } as Env;
      for (const token of ["", ",", "undefined", "read-token"]) {
        expect((await request("GET", "/api/v1/stats", { token, env: closed })).status).toBe(401);
      }
    }
  });

  it("[§7] an unknown route is a problem document", async () => {
    const response = await request("GET", "/nowhere");
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: "not_found" });
  });
});

describe("[§7] POST /observations", () => {
  const post = (body: unknown, options: { type?: string; env?: Env } = {}) =>
    request("POST", "/api/v1/observations", { token: TOKENS.ingest, body, ...options });

  it.each<[string, (events: unknown[]) => unknown, string]>([
    ["a list", (events) => events, "application/json"],
    [
      "NDJSON",
      (events) => `${events.map((event) => JSON.stringify(event)).join("\n")}\n\n`,
      "application/x-ndjson",
    ],
    [
      "NDJSON without its type",
      (events) => events.map((event) => JSON.stringify(event)).join("\r\n"),
      "text/plain",
    ],
    ["an object with events", (events) => ({ events }), "application/json"],
    [
      "lines of such objects",
      (events) => events.map((event) => JSON.stringify({ events: [event] })).join("\n"),
      "text/plain",
    ],
  ])("[§7] %s is queued, in order, and applied", async (_, form, type) => {
    const attackerUuid = uuid();
    const events = series(attackerUuid, "motor.input_modality", ["a", "a", "b"]);
    const response = await post(form(events), { type });
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ accepted: 3, ignored: 0, rejected: [] });
    const published = await waitForSeq(stubIdentityUuid(attackerUuid), 3);
    expect(published[2]).toMatchObject({ payload: { new_state: "conflicted", observation_count: 3 } });
  });

  it("[§7] one event is taken as it is, a bus event too", async () => {
    const event = payload();
    expect(await (await post(event)).json()).toEqual({ accepted: 1, ignored: 0, rejected: [] });
    const bus = {
      v: 1,
      topic: "attacker.observation.shell.motor.input_modality",
      payload: payload({ primitive: undefined }),
    };
    expect(await (await post([bus, { ...bus, topic: "other" }])).json()).toEqual({
      accepted: 1,
      ignored: 1,
      rejected: [],
    });
  });

  it("[§7] refused events are named by index, code and field; the others are taken", async () => {
    const response = await post([payload(), payload({ id: "" }), 5, payload(), payload({ v: 2 })]);
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({
      accepted: 2,
      rejected: [
        { index: 1, code: "invalid_field", field: "id" },
        { index: 2, code: "malformed_json", field: "body" },
        { index: 4, code: "unsupported_version", field: "v" },
      ],
    });
  });

  it.each([
    ["not JSON", "{", "malformed_json"],
    ["a refused event", { nonsense: 1 }, "missing_field"],
    ["a broken line", "{}\n{", "missing_field"],
  ])("[§7] %s alone is 422, with what was refused", async (_, body, code) => {
    const response = await post(body);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      code: "all_refused",
      rejected: [{ index: 0, code }, ...(code === "missing_field" && body === "{}\n{" ? [{ index: 1 }] : [])],
    });
  });

  it("[§7] an empty body or list is 422", async () => {
    for (const body of ["", "[]", "\n\n", '{"events":[]}']) {
      expect((await post(body)).status).toBe(422);
    }
  });

  it("[§7] over 5,000 events or 8 MiB is 413, and nothing is queued", async () => {
    const send = vi.fn();
    const guarded = { ...env, OBSERVATION_QUEUE: { ...env.OBSERVATION_QUEUE, sendBatch: send } } as Env;
    const many = await post(
      Array.from({ length: 5_001 }, () => payload()),
      { env: guarded },
    );
    expect(many.status).toBe(413);
    const large = await post(`["${"x".repeat(8 * 1024 * 1024)}"]`, { env: guarded });
    expect(large.status).toBe(413);
    expect(await large.json()).toMatchObject({ code: "too_large" });
    expect(send).not.toHaveBeenCalled();
  });

  it("[§7] many events travel in as few messages as they fit into, in order, within the queue's limits", async () => {
    const sent: { body: { events: { id: string }[] } }[][] = [];
    const queue = { sendBatch: (messages: Iterable<never>) => Promise.resolve(sent.push([...messages])) };
    const events = Array.from({ length: 3_000 }, (_, i) => payload({ id: `n${i}`, value: "é".repeat(500) }));
    const response = await post(events, { env: { ...env, OBSERVATION_QUEUE: queue } as unknown as Env });
    expect(response.status).toBe(202);
    const messages = sent.flat();
    expect(messages.flatMap(({ body }) => body.events.map(({ id }) => id))).toEqual(
      events.map(({ id }) => id),
    );
    const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value)).length;
    for (const message of messages) expect(bytes(message.body)).toBeLessThanOrEqual(127_900);
    for (const batch of sent)
      expect(batch.reduce((sum, { body }) => sum + bytes(body), 0)).toBeLessThanOrEqual(255_000);
    const total = messages.reduce((sum, { body }) => sum + bytes(body), 0);
    expect(messages.length).toBeLessThanOrEqual(Math.ceil(total / 123_000));
  });

  it("[§7] a queue that would not take it is 503, and says what it took", async () => {
    let calls = 0;
    const queue = {
      sendBatch: () =>
        ++calls > 1 ? Promise.reject(new Error("Queue is overloaded. Please back off.")) : Promise.resolve(),
    };
    const events = Array.from({ length: 1_000 }, () => payload({ value: "x".repeat(1_000) }));
    const response = await post(events, { env: { ...env, OBSERVATION_QUEUE: queue } as unknown as Env });
    expect(response.status).toBe(503);
    const problem = await response.json<{ accepted: number; code: string }>();
    expect(problem.code).toBe("queue_unavailable");
    expect(problem.accepted).toBeGreaterThan(0);
    expect(problem.accepted).toBeLessThan(1_000);
  });
});

describe("[§7] PUT /attackers/{uuid}", () => {
  const put = (attackerUuid: string, body: unknown, token: string = TOKENS.admin) =>
    request("PUT", `/api/v1/attackers/${attackerUuid}`, { token, body });

  it("[§7] registers once, and adds to what is known", async () => {
    const attackerUuid = uuid();
    const first = await put(
      attackerUuid,
      { ip: "192.0.2.7", first_seen: 100, last_seen: 200 },
      TOKENS.ingest,
    );
    expect(first.status).toBe(201);
    expect(await first.json()).toEqual({
      uuid: attackerUuid,
      identity_uuid: stubIdentityUuid(attackerUuid),
      ip: "192.0.2.7",
      first_seen: 100,
      last_seen: 200,
    });
    const second = await put(attackerUuid.toUpperCase().replaceAll("-", ""), {
      first_seen: 50,
      last_seen: 150,
    });
    expect(second.status).toBe(200);
    expect(await second.json()).toMatchObject({
      uuid: attackerUuid,
      ip: "192.0.2.7",
      first_seen: 50,
      last_seen: 200,
    });
  });

  it("[§7] linking to an identity needs admin, makes it if absent, and is repeatable", async () => {
    const [attackerUuid, identityUuid] = [uuid(), uuid()];
    expect((await put(attackerUuid, { identity_uuid: identityUuid }, TOKENS.ingest)).status).toBe(403);
    expect((await put(attackerUuid, { identity_uuid: identityUuid })).status).toBe(201);
    expect((await put(attackerUuid, { identity_uuid: identityUuid })).status).toBe(200);
    const read = await request("GET", `/api/v1/identities/${identityUuid}/attribution`, {
      token: TOKENS.read,
    });
    expect(await read.json()).toEqual({
      identity_uuid: identityUuid,
      policy: readConfig(env).policy.id,
      primitives: [],
    });
  });

  it("[§7] a link moves while nothing hangs on it, leaves no orphan, and is 409 afterwards", async () => {
    const [attackerUuid, identityUuid] = [uuid(), uuid()];
    await put(attackerUuid, {});
    const moved = await put(attackerUuid, { identity_uuid: identityUuid });
    expect(await moved.json()).toMatchObject({ identity_uuid: identityUuid });
    const stub = await env.DB.prepare("SELECT uuid FROM identities WHERE uuid = ?1")
      .bind(stubIdentityUuid(attackerUuid))
      .first();
    expect(stub).toBeNull();
    await deliver([payload({ attacker_uuid: attackerUuid })]);
    expect(await statesOf(identityUuid)).toHaveLength(1);
    const refused = await put(attackerUuid, { identity_uuid: uuid() });
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({
      code: "linked_elsewhere",
      detail: expect.stringContaining(identityUuid),
    });
    expect((await put(attackerUuid, { identity_uuid: identityUuid })).status).toBe(200);
  });

  it("[§7] two attackers of one identity share its states", async () => {
    const [first, second, identityUuid] = [uuid(), uuid(), uuid()];
    for (const attackerUuid of [first, second]) await put(attackerUuid, { identity_uuid: identityUuid });
    await deliver([
      ...series(first, "motor.input_modality", ["a", "a"]),
      ...series(second, "motor.input_modality", ["a"]),
    ]);
    for (const attackerUuid of [first, second]) {
      const read = await request("GET", `/api/v1/attackers/${attackerUuid}/attribution`, {
        token: TOKENS.read,
      });
      expect(await read.json()).toMatchObject({
        identity_uuid: identityUuid,
        primitives: [{ state: "stable", observation_count: 3 }],
      });
    }
    const [formed] = await waitForSeq(identityUuid, 3);
    expect(formed).toMatchObject({ payload: { observation_uuids: [first, second].toSorted() } });
  });

  it.each([
    ["a UUID that is none", "not-a-uuid", {}, "uuid"],
    ["a time that is none", uuid(), { first_seen: "yesterday" }, "first_seen"],
    ["an identity that is none", uuid(), { identity_uuid: "x" }, "identity_uuid"],
    ["a body that is no object", uuid(), [], "json"],
  ])("[§7] %s is 422 and names the field", async (_, attackerUuid, body, field) => {
    const response = await put(attackerUuid, body);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      code: "invalid_request",
      errors: [{ field, code: "invalid_field" }],
    });
  });

  it("[§7] a body that is no JSON is a problem document", async () => {
    const response = await put(uuid(), "{");
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "malformed_json" });
  });
});

describe("[§7] reads", () => {
  it("[§7] states are answered by primitive, with exactly the contract's fields", async () => {
    const attackerUuid = uuid();
    await deliver([
      ...series(attackerUuid, "toolchain.c2.beacon_interval_ms", [5_000, 5_000, 5_000]),
      ...series(attackerUuid, "motor.input_modality", ["typed"]),
    ]);
    const answer = await request("GET", `/api/v1/attackers/${attackerUuid}/attribution`, {
      token: TOKENS.read,
    });
    expect(await answer.json()).toEqual({
      identity_uuid: stubIdentityUuid(attackerUuid),
      policy: readConfig(env).policy.id,
      primitives: [
        {
          primitive: "motor.input_modality",
          current_value: "typed",
          state: "unknown",
          confidence: 0,
          observation_count: 1,
          last_change_ts: 1_714_000_000,
          last_observation_ts: 1_714_000_000,
        },
        {
          primitive: "toolchain.c2.beacon_interval_ms",
          current_value: 5_000,
          state: "stable",
          confidence: 1,
          observation_count: 3,
          last_change_ts: 1_714_000_120,
          last_observation_ts: 1_714_000_120,
        },
      ],
    });
  });

  it("[§7] what is not known is 404, and asking for it leaves nothing behind", async () => {
    const unknown = uuid();
    for (const path of ["attackers/%/attribution", "identities/%/attribution", "identities/%/transitions"]) {
      const response = await request("GET", `/api/v1/${path.replace("%", unknown)}`, { token: TOKENS.read });
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ code: "not_found" });
    }
    const tables = await runInDurableObject(env.IDENTITIES.getByName(unknown), (_, state) =>
      state.storage.sql.exec("SELECT name FROM sqlite_master").toArray(),
    );
    expect(tables).toEqual([]);
  });

  it("[§7] transitions are pages of the published events, by seq", async () => {
    const attackerUuid = uuid();
    const identityUuid = stubIdentityUuid(attackerUuid);
    await deliver(series(attackerUuid, "motor.input_modality", ["a", "a", "a", "b", "c", "c", "c", "c"]));
    const published = await waitForSeq(identityUuid, 5);
    const pages: unknown[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const query: string = cursor === "" ? "?limit=2" : `?limit=2&cursor=${cursor}`;
      const response = await request("GET", `/api/v1/identities/${identityUuid}/transitions${query}`, {
        token: TOKENS.read,
      });
      const page = await response.json<{ data: unknown[]; next_cursor: string | null }>();
      expect(page.data.length).toBeLessThanOrEqual(2);
      pages.push(...page.data);
      cursor = page.next_cursor;
    }
    expect(pages).toEqual(published);
    const wrong = await request("GET", `/api/v1/identities/${identityUuid}/transitions?limit=1001`, {
      token: TOKENS.read,
    });
    expect(await wrong.json()).toMatchObject({ code: "invalid_request", errors: [{ field: "limit" }] });
  });

  it("[§7] stats count what is stored", async () => {
    const read = async () =>
      (await request("GET", "/api/v1/stats", { token: TOKENS.read })).json<
        Record<string, number> & { states: Record<string, number> }
      >();
    const before = await read();
    const attackerUuid = uuid();
    await deliver(series(attackerUuid, "motor.input_modality", ["a", "a", "a"]));
    await waitForSeq(stubIdentityUuid(attackerUuid), 3);
    const after = await read();
    const grown = (name: string) => Number(after[name]) - Number(before[name]);
    expect([grown("observations"), grown("attackers"), grown("identities"), grown("events")]).toEqual([
      3, 1, 1, 3,
    ]);
    expect(Number(after.states["stable"]) - Number(before.states["stable"])).toBe(1);
    expect(after).toMatchObject({ outbox: { pending: 0, oldest_ts: null }, deferred: 0, queue: {} });
  });

  it("[§7] health needs no token and says when a setting or D1 is wrong", async () => {
    const good = await request("GET", "/health");
    expect([good.status, await good.json()]).toEqual([200, { status: "ok" }]);
    const wrong = await request("GET", "/health", { env: { ...env, WINDOW_SIZE: "0" } as Env });
    expect(wrong.status).toBe(503);
    const noDb = {
      ...env,
      DB: {
        prepare: () => {
          throw new Error("D1 is down");
        },
      },
    } as unknown as Env;
    expect((await request("GET", "/health", { env: noDb })).status).toBe(503);
  });
});
