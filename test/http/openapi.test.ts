/**
 * The description keeps its word: every route it names is called, and every answer must be one that it describes. And it
 * leaves nothing out: every route of the app is in it.
 */
import { type Schema, Validator } from "@cfworker/json-schema";
import officialSchema from "@seriousme/openapi-schema-validator/schemas/v3.1/schema.json";
import { exports } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { app } from "../../src/http/index.ts";
import { describeApi } from "../../src/http/shared/openapi.ts";
import { deliver } from "../setup/deliver.ts";
import { waitForSeq } from "../setup/outbound.ts";
import { payload, series } from "../setup/payload.ts";

type Json = Record<string, unknown>;

interface MediaType {
  readonly schema: Schema;
  readonly example?: unknown;
}
interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly tags?: string[];
  readonly security?: Record<string, string[]>[];
  readonly parameters?: {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: Schema;
    readonly example?: unknown;
  }[];
  readonly requestBody?: { readonly content: Record<string, MediaType> };
  readonly responses: Record<string, { readonly content?: Record<string, MediaType> }>;
}

const document = structuredClone(describeApi(app)) as unknown as {
  readonly openapi: string;
  readonly tags: { name: string }[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, Schema>; securitySchemes: Json };
};
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({
    route: `${method.toUpperCase()} ${path}`,
    operation,
  })),
);
const TOKENS: Record<string, string> = { read: "read-token", ingest: "ingest-token", admin: "admin-token" };

/** What a call sends besides its route's token. */
interface Call {
  readonly params?: Record<string, string>;
  readonly query?: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly headers?: Record<string, string>;
}

/** Things that are there to be asked for. */
interface Given {
  readonly attackerUuid: string;
  readonly identityUuid: string;
  readonly otherIdentityUuid: string;
  readonly mergedIdentityUuid: string;
  readonly erasableUuid: string;
  readonly deadLetterId: string;
}

/** The routes that take more than the UUID in their path. A new route that does needs a line here. */
const CALLS: Record<string, (given: Given) => Call | Promise<Call>> = {
  "GET /api/v1/identities": () => ({
    query: "state=unknown&primitive=motor.input_modality&evidence=unchanged&sort=evidence_changed&limit=2",
  }),
  "GET /api/v1/identities/{uuid}/attribution": () => ({ query: "as_of=1714000060&include=evidence" }),
  "GET /api/v1/identities/{uuid}/evidence": () => ({
    query: "primitive=motor.input_modality&as_of=1714000060",
  }),
  "GET /api/v1/attackers/{uuid}/attribution": () => ({ query: "include=evidence" }),
  "GET /api/v1/identities/{uuid}/observations": () => ({
    query: "primitive=motor.input_modality&from=1714000000&to=1714000060&limit=1",
  }),
  "GET /api/v1/identities/{uuid}/transitions": () => ({ query: "limit=1&own=true" }),
  "GET /api/v1/dashboard/identities/{uuid}/series": () => ({ query: "primitive=motor.input_modality" }),
  "GET /api/v1/dashboard/identities/{uuid}/evidence-path": () => ({
    query: "primitive=motor.input_modality",
  }),
  "POST /api/v1/observations": () => ({ body: [payload(), payload({ v: 2 })] }),
  "POST /api/v1/webhooks/decnet": async () => {
    const body = JSON.stringify({ topic: "attacker.observation.motor.input_modality", payload: payload() });
    return { body, headers: { "x-decnet-signature": `sha256=${await hmac(body)}` } };
  },
  "PUT /api/v1/attackers/{uuid}": () => ({ body: { ip: "192.0.2.1", first_seen: 1_713_990_000 } }),
  "POST /api/v1/session": () => ({ body: { token: "read-token" } }),
  "POST /api/v1/identities/{uuid}/merge": ({ otherIdentityUuid }) => ({
    body: { loser_uuid: otherIdentityUuid },
  }),
  "POST /api/v1/identities/{uuid}/unmerge": ({ mergedIdentityUuid }) => ({
    params: { uuid: mergedIdentityUuid },
  }),
  "DELETE /api/v1/attackers/{uuid}": ({ erasableUuid }) => ({ params: { uuid: erasableUuid } }),
  "POST /api/v1/dead-letters/{id}/replay": ({ deadLetterId }) => ({ params: { id: deadLetterId } }),
  "POST /api/v1/dead-letters/replay": () => ({ query: "code=missing_field" }),
  "POST /api/v1/control": () => ({ body: { action: "resume" } }),
};

async function hmac(body: string): Promise<string> {
  const bytes = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes.encode("webhook-secret"), algorithm, false, [
    "sign",
  ]);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes.encode(body)));
  return [...signature].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function send(route: string, call: Call, token: string | null, given: Given): Promise<Response> {
  const [method = "", template = ""] = route.split(" ");
  const standard = { uuid: template.includes("/attackers/") ? given.attackerUuid : given.identityUuid };
  const params: Record<string, string> = { ...standard, ...call.params };
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
  const headers = new Headers(call.headers);
  if (token !== null) headers.set("authorization", `Bearer ${token}`);
  const body =
    typeof call.body === "string" || call.body === undefined ? call.body : JSON.stringify(call.body);
  if (body !== undefined) headers.set("content-type", call.type ?? "application/json");
  const query = call.query === undefined ? "" : `?${call.query}`;
  return exports.default.fetch(`https://x${path}${query}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
}

/** The schema, with every object closed that does not say it is open: an undescribed field is a lie as well. */
function closed(schema: unknown, isPart = false): unknown {
  if (Array.isArray(schema)) return schema.map((member) => closed(member, isPart));
  if (typeof schema !== "object" || schema === null) return schema;
  // An example is no schema, whatever its keys are called.
  const entries = Object.entries(schema)
    .filter(([key]) => key !== "example")
    .map(([key, value]) => [key, closed(value, isPart || key === "allOf")]);
  const copy = Object.fromEntries(entries) as Json;
  const isObject = copy["type"] === "object" && copy["properties"] !== undefined;
  return isObject && !isPart && !("additionalProperties" in copy)
    ? { ...copy, additionalProperties: false }
    : copy;
}

const components = { schemas: closed(document.components.schemas) };

function errorsOf(schema: Schema, value: unknown): string[] {
  const whole = { ...(closed(schema) as Schema), components } as Schema;
  return new Validator(whole, "2020-12", false)
    .validate(value)
    .errors.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`);
}

/** In what an answer is not one that the route says it gives; nothing, if it is. */
async function faultsOf(operation: Operation, response: Response): Promise<string[]> {
  const described = operation.responses[response.status];
  const text = response.body && !isStream(response) ? await response.clone().text() : "";
  if (isStream(response)) await response.body?.cancel();
  if (!described) return [`${response.status} is not described: ${text.slice(0, 300)}`];
  const contentType = response.headers.get("content-type")?.split(";")[0] ?? null;
  if (!described.content) return contentType === null && text === "" ? [] : ["it should have no body"];
  const media = described.content[contentType ?? ""];
  if (!media) return [`${contentType} is not described for ${response.status}`];
  return contentType?.endsWith("json") ? errorsOf(media.schema, JSON.parse(text)) : [];
}

function isStream(response: Response): boolean {
  return response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
}

function tokenOf(operation: Operation): string | null {
  const scopes = operation.security?.find((scheme) => "bearer" in scheme)?.["bearer"];
  if (!scopes) return null;
  return TOKENS[scopes[0] ?? "read"] ?? null;
}

describe("[§7] openapi.json", () => {
  let given: Given;

  beforeAll(async () => {
    const uuids = Array.from({ length: 4 }, () => crypto.randomUUID());
    const [attackerUuid = "", other = "", merged = "", erasableUuid = ""] = uuids;
    for (const uuid of uuids) await deliver(series(uuid, "motor.input_modality", ["a"]));
    await deliver([payload({ attacker_uuid: attackerUuid, value: { any: [1, null] }, primitive: "a.b" })]);
    const deadLetterId = crypto.randomUUID();
    await deliver([{ nonsense: true }], { ids: [deadLetterId] });
    for (const uuid of uuids) await waitForSeq(stubIdentityUuid(uuid), uuid === attackerUuid ? 3 : 2);
    given = {
      attackerUuid,
      identityUuid: stubIdentityUuid(attackerUuid),
      otherIdentityUuid: stubIdentityUuid(other),
      mergedIdentityUuid: stubIdentityUuid(merged),
      erasableUuid,
      deadLetterId: `${deadLetterId}:0`,
    };
    const call = { body: { loser_uuid: given.mergedIdentityUuid } };
    const params = { uuid: stubIdentityUuid(erasableUuid) };
    const response = await send(
      "POST /api/v1/identities/{uuid}/merge",
      { ...call, params },
      "admin-token",
      given,
    );
    if (response.status !== 200) throw new Error(`the merge must succeed, got ${response.status}`);
  });

  it("[§7] is served, to anybody, as it is made", async () => {
    const response = await exports.default.fetch("https://x/openapi.json");
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(document)));
    expect(document.openapi).toBe("3.1.0");
  });

  it("[§7] is what OpenAPI 3.1 says a description is", () => {
    const official = new Validator(officialSchema as Schema, "2020-12", false);
    const errors = (value: unknown) => official.validate(JSON.parse(JSON.stringify(value))).errors;
    expect(errors(document)).toEqual([]);
    expect(errors({ ...document, paths: { "/x": { get: { parameters: [{ name: "y" }] } } } })).not.toEqual(
      [],
    );
  });

  it("[§7] names every route of the app", () => {
    const described = operations.map(({ route }) => route.replaceAll(/\{(\w+)\}/g, ":$1"));
    const inTheApp = app.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path}`);
    // Pages and their files are no API.
    const api = inTheApp.filter((route) => / \/(api\/|health|openapi\.json|docs$)/.test(route));
    expect(new Set(api)).toEqual(new Set(described));
    expect(described.length).toBeGreaterThanOrEqual(15);
  });

  it("[§7] says of every route what it is for, who may, and what can go wrong", () => {
    const tags = new Set(document.tags.map(({ name }) => name));
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
    for (const { route, operation } of operations) {
      expect(operation.summary, route).toBeTruthy();
      expect(operation.tags?.length, route).toBe(1);
      for (const tag of operation.tags ?? []) expect(tags, route).toContain(tag);
      const schemes = (operation.security ?? []).flatMap((scheme) => Object.keys(scheme));
      for (const scheme of schemes) expect(document.components.securitySchemes).toHaveProperty(scheme);
      const statuses = Object.keys(operation.responses);
      expect(statuses, route).toContain("500");
      if (schemes.length > 0) expect(statuses, route).toContain("401");
      if (tokenOf(operation) !== null)
        expect(schemes, route).toEqual(expect.arrayContaining(["bearer", "session"]));
      for (const parameter of operation.parameters ?? []) expect(parameter.schema, route).toBeDefined();
      if (route.includes("{")) expect(statuses, route).toContain("422");
    }
    const open = operations.filter(({ operation }) => (operation.security ?? []).length === 0);
    expect(open.map(({ route }) => route).toSorted()).toEqual([
      "DELETE /api/v1/session",
      "GET /docs",
      "GET /health",
      "GET /openapi.json",
      "POST /api/v1/session",
    ]);
  });

  it("[§7] its examples are examples of its schemas", () => {
    let examples = 0;
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      if (schema["example"] === undefined) continue;
      examples++;
      expect([name, errorsOf(schema, schema["example"])]).toEqual([name, []]);
    }
    for (const { route, operation } of operations) {
      for (const { content } of Object.values(operation.responses)) {
        for (const { schema, example } of Object.values(content ?? {})) {
          if (example === undefined) continue;
          examples++;
          expect([route, errorsOf(schema, example)]).toEqual([route, []]);
        }
      }
    }
    expect(examples).toBeGreaterThan(50);
  });

  it.each(operations)("[§7] $route answers as described", async ({ route, operation }) => {
    const prepare = CALLS[route];
    const takesMore = operation.requestBody !== undefined || /\{(?!uuid\})/.test(route);
    expect(prepare !== undefined || !takesMore, `no example call for ${route}`).toBe(true);
    const call = (await prepare?.(given)) ?? {};
    const response = await send(route, call, tokenOf(operation), given);
    expect(response.status, await (isStream(response) ? "" : response.clone().text())).toBeLessThan(300);
    expect(await faultsOf(operation, response)).toEqual([]);
  });

  it.each(operations)("[§7] $route fails as described", async ({ route, operation }) => {
    const call = (await CALLS[route]?.(given)) ?? {};
    const wrong: [Call, string | null][] = [
      [call, null],
      [call, "wrong"],
      ...Object.values(TOKENS).map((token): [Call, string] => [
        { ...call, params: { uuid: crypto.randomUUID(), id: "nothing" } },
        token,
      ]),
      [{ ...call, params: { uuid: "x", id: "x".repeat(300) } }, "admin-token"],
      [{ ...call, query: "limit=0&as_of=-1&cursor=x&code=&last_event_id=x&include=x&sort=x" }, "admin-token"],
      ...(operation.requestBody
        ? [
            { ...call, body: "{" },
            { ...call, body: "5" },
            { ...call, type: "text/plain" },
          ].map((sent): [Call, string] => [sent, "admin-token"])
        : []),
    ];
    for (const [sent, token] of wrong) {
      const response = await send(route, sent, token, given);
      expect(await faultsOf(operation, response)).toEqual([]);
    }
  });

  it("[§7] tells a wrong answer from a right one", async () => {
    const operation = document.paths["/api/v1/stats"]?.["get"];
    if (!operation) throw new Error("GET /stats must be described");
    const right = await (await send("GET /api/v1/stats", {}, "read-token", given)).json<Json>();
    const faults = (body: Json, status = 200, type = "application/json") =>
      faultsOf(operation, new Response(JSON.stringify(body), { status, headers: { "content-type": type } }));
    expect(await faults(right)).toEqual([]);
    const { deferred: _, ...lacking } = right;
    expect(await faults(lacking)).toContainEqual(expect.stringContaining('required property "deferred"'));
    expect(await faults({ ...right, more: 1 })).toContainEqual(expect.stringContaining('"more"'));
    expect(await faults({ ...right, deferred: "5" })).toContainEqual(expect.stringContaining("#/deferred"));
    expect(await faults(right, 418)).toEqual([expect.stringContaining("418 is not described")]);
    expect(await faults(right, 200, "text/plain")).toEqual([expect.stringContaining("text/plain")]);
  });
});
