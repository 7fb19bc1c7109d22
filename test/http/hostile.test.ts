/**
 * Every route with hostile input in every place where input can be: whatever comes, the answer is one of the route's own
 * or a problem document with a code, in reasonable time, and never a failure of ours.
 */
import { describe, expect, it } from "vitest";
import { end, type Operation, pathOf, readOperations } from "../setup/operations.ts";
import { ask, type Asked, TOKENS } from "../setup/request.ts";

const operations = await readOperations();

const SQL = [
  "' OR 1=1 --",
  "1; DROP TABLE observations",
  '" UNION SELECT * FROM attackers --',
  "%' AND '1'='1",
];
const TEXTS = [
  ...SQL,
  "",
  " ",
  "\0",
  "a\0b",
  "-1",
  "0",
  "1e999",
  "99999999999999999999999999",
  "-0",
  "NaN",
  "Infinity",
  "0x10",
  "null",
  "undefined",
  "true",
  "[]",
  "{}",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "../../etc/passwd",
  "..%2f..%2f",
  "%",
  "%00",
  "%ff%fe",
  "%c0%ae",
  "\u202Eevil",
  "💩".repeat(50),
  "\uD800",
  "ﬀ１２３",
  "<script>alert(1)</script>",
  "a".repeat(2_000),
  "00000000-0000-0000-0000-000000000000",
  "ffffffffffffffffffffffffffffffff",
  "2024-01-01",
];
const DEEP = 20_000;
/** Bodies by name, as they go over the wire. */
const BODIES: readonly (readonly [string, string | Uint8Array])[] = [
  ["nothing", ""],
  ["no JSON", "{"],
  ["null", "null"],
  ["a number", "1e999"],
  ["a text", '"x"'],
  ["a list", "[]"],
  ["a list of nulls", "[null,null]"],
  ["an empty object", "{}"],
  ["NUL", "\0"],
  ["a NUL in a text", '{"token":"\\u0000","loser_uuid":"\\u0000","action":"\\u0000","ip":"\\u0000"}'],
  ["no UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d)],
  ["a lone surrogate", '{"token":"\\ud800","ip":"\\ud800","action":"\\ud800","id":"\\ud800"}'],
  ["prototype keys", '{"__proto__":{"token":"admin-token"},"constructor":{"prototype":{"action":"pause"}}}'],
  [
    "wrong types",
    '{"token":{},"ip":[],"first_seen":"x","last_seen":null,"identity_uuid":5,"loser_uuid":true,"action":["pause"]}',
  ],
  [
    "huge numbers",
    `{"token":1e308,"first_seen":1e308,"last_seen":-1e308,"ts":1e999,"limit":${"9".repeat(400)}}`,
  ],
  [
    "SQL",
    JSON.stringify(
      Object.fromEntries(["token", "ip", "identity_uuid", "loser_uuid", "action"].map((k) => [k, SQL[0]])),
    ),
  ],
  ["deep lists", "[".repeat(DEEP) + "]".repeat(DEEP)],
  ["deep objects", `${'{"a":'.repeat(DEEP)}1${"}".repeat(DEEP)}`],
  ["a text of 10 MB", JSON.stringify({ token: "x".repeat(10_000_000), ip: "x" })],
  ["10 MB that are no JSON", "x".repeat(10_000_000)],
  ["a duplicate key", '{"ip":"192.0.2.1","ip":5,"action":"resume","action":null}'],
];
const TYPES = [
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data",
  "multipart/form-data; boundary=x",
  "application/xml",
  "application/json; charset=utf-16",
  "nonsense",
  "application/json, text/plain",
];

/** The problem is ours to describe, the answer the route's; anything else is a finding. */
async function expectNoFailure(response: Response, what: string): Promise<void> {
  const { status, type, text } = await end(response);
  const found = `${what} → ${status} ${type} ${text.slice(0, 200)}`;
  expect(status, found).toBeLessThan(500);
  if (status < 400) return;
  expect(type, found).toBe("application/problem+json");
  expect(JSON.parse(text), found).toMatchObject({
    status,
    code: expect.stringMatching(/^[a-z_]+$/),
    title: expect.any(String),
    detail: expect.any(String),
  });
  // What was sent is not thrown back: not a value, not a trace, not a statement.
  expect(text, found).not.toMatch(/SQLITE|D1_ERROR|DROP TABLE|\bat [\w.]+ \(|x{100}/);
}

const admin = (operation: Operation, path: string, asked: Asked = {}) =>
  ask(operation.method, path, { token: TOKENS.admin, ...asked });

/** A text as it may stand in an address; what no address can hold is sent as a percent sign would be. */
const escaped = (text: string) => encodeURIComponent(text.isWellFormed() ? text : "%ED%A0%80");

describe.each(operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
  "[§7] hostile input to %s",
  (_, operation) => {
    const places = operation.parameters.filter((parameter) => parameter.in === "path");
    const queries = [
      ...operation.parameters.filter((parameter) => parameter.in === "query").map(({ name }) => name),
      "unknown",
      "__proto__",
      "constructor",
    ];
    const body = operation.requestBody === undefined ? {} : { body: {} };

    it.runIf(places.length > 0)("[§7] in its path", async () => {
      for (const { name } of places) {
        for (const text of TEXTS.filter((candidate) => candidate !== "")) {
          for (const raw of [escaped(text), text.replaceAll(/[^\w%.~-]/g, "%FF")]) {
            await expectNoFailure(
              await admin(operation, pathOf(operation, { [name]: raw }), body),
              `${name}=${raw}`,
            );
          }
        }
      }
    });

    it("[§7] in its query", async () => {
      for (const name of queries) {
        for (const text of TEXTS) {
          const path = `${pathOf(operation)}?${escaped(name)}=${escaped(text)}`;
          await expectNoFailure(await admin(operation, path, body), path);
        }
        const path = pathOf(operation);
        for (const query of [
          name,
          `${name}=%`,
          `${name}=%ff`,
          `${name}=1&${name}=2`,
          `${name}[]=1`,
          "&&&=&?",
        ]) {
          await expectNoFailure(await admin(operation, `${path}?${query}`, body), query);
        }
      }
      const long = `${pathOf(operation)}?${queries[0]}=${"x".repeat(1_000_000)}`;
      await expectNoFailure(await admin(operation, long, body), "a query of 1 MB");
    });

    it.runIf(operation.method !== "GET")("[§7] in its body", async () => {
      for (const [name, sent] of BODIES) {
        await expectNoFailure(await admin(operation, pathOf(operation), { body: sent }), name);
        const unannounced = new Response(sent).body;
        if (unannounced)
          await expectNoFailure(await admin(operation, pathOf(operation), { body: unannounced }), name);
      }
      for (const type of TYPES) {
        const headers = { "content-type": type };
        await expectNoFailure(await admin(operation, pathOf(operation), { body: "{}", headers }), type);
      }
    });

    it("[§7] in its headers", async () => {
      const headers: Record<string, string>[] = [
        { authorization: "x".repeat(10_000) },
        { authorization: `Bearer ${SQL[0]}` },
        { authorization: "Bearer" },
        { cookie: `__Host-attribution_session=${"%".repeat(1_000)}` },
        { cookie: ";;;===;" },
        { "x-decnet-signature": "sha256=zz" },
        { "if-none-match": '"\u00FF", W/"*", ' },
        { "last-event-id": "99999999999999999999" },
        { "last-event-id": SQL[0] ?? "" },
        { accept: "application/xml;q=nonsense" },
        { origin: "null", cookie: "__Host-attribution_session=1.x" },
        { "content-length": "-1" },
        { "content-encoding": "gzip, br" },
        { range: "bytes=0-0,-1" },
        { "x-http-method-override": "DELETE", "x-forwarded-for": "' OR 1=1" },
        { expect: "100-continue" },
        { upgrade: "websocket", connection: "Upgrade" },
      ];
      for (const sent of headers) {
        const what = JSON.stringify(sent).slice(0, 100);
        await expectNoFailure(await admin(operation, pathOf(operation), { ...body, headers: sent }), what);
        await expectNoFailure(
          await ask(operation.method, pathOf(operation), { ...body, headers: sent }),
          what,
        );
      }
    });

    it("[§7] by any method", async () => {
      for (const method of [
        "GET",
        "HEAD",
        "POST",
        "PUT",
        "PATCH",
        "DELETE",
        "OPTIONS",
        "PROPFIND",
        "SEARCH",
      ]) {
        const response = await ask(method, pathOf(operation), { token: TOKENS.admin });
        if (method === "HEAD") expect(response.status).toBeLessThan(500);
        else await expectNoFailure(response, method);
      }
    });
  },
);

it.each([
  "/",
  "//",
  "/api",
  "/api/v1",
  "/api/v1/",
  "/api/v2/stats",
  "/API/V1/STATS",
  "/api/v1/stats/",
  "/%2e%2e/",
  "/%",
  "/\0",
  "/wp-login.php",
  "/.env",
])("[§7] %s, where nothing is, is a problem document or a page", async (path) => {
  await expectNoFailure(await ask("GET", path, { token: TOKENS.admin }), path);
});

it("[§7] after all that it still works", async () => {
  expect((await ask("GET", "/health")).status).toBe(200);
  expect((await ask("GET", "/api/v1/stats", { token: TOKENS.read })).status).toBe(200);
});
