/** Every route with no token, a wrong one and each scope: who gets in where, with nothing left out. */
import { describe, expect, it } from "vitest";
import { app } from "../../src/http/index.ts";
import { end, type Operation, pathOf, readOperations } from "../setup/operations.ts";
import { ask, type Asked, readProblem, TOKENS } from "../setup/request.ts";

const operations = await readOperations();
const nameOf = ({ method, path }: Operation) => `${method} ${path}`;

/** Operations that anybody may ask for. */
const OPEN = [
  "GET /health",
  "GET /openapi.json",
  "GET /docs",
  "POST /api/v1/session",
  "DELETE /api/v1/session",
];
/** Operations that every token may ask for. */
const ANY_TOKEN = ["GET /api/v1/session"];
const SIGNED = ["POST /api/v1/webhooks/decnet"];
const INGEST = ["POST /api/v1/observations", "PUT /api/v1/attackers/{uuid}"];
const TICKETS = "POST /api/v1/stream-tickets";
const ADMIN_READS = [/^\/api\/v1\/(rebuild|dead-letters|control)\b/];

type Access = "open" | "signed" | "token" | "read" | "ingest" | "admin";

/** Who the contract lets in; what it does not name is read by readers and changed by admins. */
function accessOf(operation: Operation): Access {
  const name = nameOf(operation);
  if (OPEN.includes(name)) return "open";
  if (SIGNED.includes(name)) return "signed";
  if (ANY_TOKEN.includes(name)) return "token";
  if (INGEST.includes(name)) return "ingest";
  if (name === TICKETS) return "read";
  if (operation.method !== "GET" || ADMIN_READS.some((path) => path.test(operation.path))) return "admin";
  return "read";
}

/** The scopes that each token opens. */
const OPENS: Readonly<Record<keyof typeof TOKENS, readonly Access[]>> = {
  read: ["open", "token", "read"],
  ingest: ["open", "token", "ingest"],
  admin: ["open", "token", "read", "ingest", "admin"],
};

function walk(operation: Operation, asked: Asked = {}) {
  const body = operation.requestBody === undefined ? {} : { body: {} };
  return ask(operation.method, pathOf(operation), { ...body, ...asked });
}

it("[§7] every route is described, so that no walk misses one", () => {
  const described = new Set(operations.map(nameOf));
  const routes = app.routes
    .filter(({ method, path }) => method !== "ALL" && !path.includes("*"))
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
  // Files of pages are no part of the API.
  expect(routes.filter((route) => route.includes(" /api/") && !described.has(route))).toEqual([]);
  expect(routes.length).toBeGreaterThan(10);
});

it("[§7] a walk comes by every operation that it treats apart", () => {
  const named = [...OPEN, ...SIGNED, ...ANY_TOKEN, ...INGEST];
  expect(named.filter((name) => !operations.some((operation) => nameOf(operation) === name))).toEqual([]);
});

describe.each(operations.map((operation) => [nameOf(operation), operation] as const))(
  "[§7] %s",
  (_, operation) => {
    const access = accessOf(operation);

    it.runIf(access !== "open")(
      "[§7] is 401 without a token, with a wrong one and with half of one",
      async () => {
        const headers = [
          {},
          ...["wrong", "", "read", "read-token,", "read-token read-token-2", "undefined", "null"].map(
            (token) => ({
              authorization: `Bearer ${token}`,
            }),
          ),
          { authorization: "read-token" },
          { authorization: "Basic cmVhZC10b2tlbjo=" },
          { cookie: "__Host-attribution_session=read-token" },
        ];
        for (const sent of headers) {
          const response = await walk(operation, { headers: sent });
          expect(response.headers.get("www-authenticate")).toBeTruthy();
          expect(await readProblem(response)).toMatchObject({ status: 401, code: "unauthorized" });
        }
      },
    );

    it.each(["read", "ingest", "admin"] as const)("[§7] lets %s in, or says 403", async (name) => {
      const answer = await end(await walk(operation, { token: TOKENS[name] }));
      if (access === "signed") expect(answer.status).toBe(401);
      else if (OPENS[name].includes(access)) {
        // Signing in without a token is wrong whoever asks.
        expect([401, 403]).not.toContain(answer.status);
      } else {
        expect(answer.status).toBe(403);
        expect(JSON.parse(answer.text)).toMatchObject({
          code: "forbidden",
          detail: expect.stringContaining(access),
        });
      }
      expect(answer.status).toBeLessThan(500);
    });

    it.runIf(access !== "open")("[§7] lets nobody in where no secret is configured", async () => {
      const env = {
        READ_TOKENS: "",
        INGEST_TOKENS: undefined,
        ADMIN_TOKENS: " ,",
        DECNET_WEBHOOK_SECRET: "",
      };
      for (const token of [...Object.values(TOKENS), "undefined", ","]) {
        expect((await end(await walk(operation, { token, env }))).status).toBe(401);
      }
    });
  },
);
