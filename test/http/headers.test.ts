/** The headers on everything that is served, and what is refused before any route looks at it. */
import { describe, expect, it } from "vitest";
import { ask, ORIGIN, readProblem, TOKENS } from "../setup/request.ts";

const ANSWERS = [
  ["an answer", "GET", "/api/v1/stats", { token: TOKENS.read }, 200],
  ["health", "GET", "/health", {}, 200],
  ["the description", "GET", "/openapi.json", {}, 200],
  ["the docs page", "GET", "/docs", {}, 200],
  ["401", "GET", "/api/v1/stats", {}, 401],
  ["403", "GET", "/api/v1/stats", { token: TOKENS.ingest }, 403],
  ["404", "GET", "/nowhere", {}, 404],
  ["405", "POST", "/api/v1/stats", { token: TOKENS.read }, 405],
  ["413", "POST", "/api/v1/session", { body: { token: "x".repeat(70_000) } }, 413],
  ["422", "POST", "/api/v1/session", { body: {} }, 422],
  ["204", "DELETE", "/api/v1/session", {}, 204],
] as const;

describe("[§7] headers", () => {
  it.each(ANSWERS)("[§7] %s carries them all", async (_, method, path, asked, status) => {
    const response = await ask(method, path, asked);
    await response.arrayBuffer();
    expect(response.status).toBe(status);
    const headers = Object.fromEntries(response.headers);
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cross-origin-resource-policy": "same-origin",
      "cross-origin-opener-policy": "same-origin",
      "strict-transport-security": "max-age=31536000",
      "cache-control": expect.any(String),
    });
    const policy = new Map(
      String(headers["content-security-policy"])
        .split("; ")
        .map((directive) => {
          const [name = "", ...sources] = directive.split(" ");
          return [name, sources] as const;
        }),
    );
    expect(policy.get("default-src")).toEqual(["'none'"]);
    expect(policy.get("frame-ancestors")).toEqual(["'none'"]);
    expect(policy.get("base-uri")).toEqual(["'none'"]);
    for (const name of ["script-src", "style-src", "connect-src", "font-src", "form-action"]) {
      expect(policy.get(name)).toEqual(["'self'"]);
    }
    expect(headers["content-security-policy"]).not.toMatch(/unsafe|\*|https?:/);
    expect(headers["x-powered-by"]).toBeUndefined();
  });

  it.each(ANSWERS.filter(([, , path]) => path.startsWith("/api/") || path === "/health"))(
    "[§7] %s is kept by no cache",
    async (_, method, path, asked) => {
      const response = await ask(method, path, asked);
      await response.arrayBuffer();
      expect(response.headers.get("cache-control")).toBe("no-store");
    },
  );

  it("[§7] pages of other origins get nothing: there is no CORS", async () => {
    for (const method of ["GET", "OPTIONS"]) {
      const response = await ask(method, "/api/v1/stats", {
        token: TOKENS.read,
        headers: {
          origin: "https://elsewhere.test",
          "access-control-request-method": "GET",
          "access-control-request-headers": "authorization",
        },
      });
      await response.arrayBuffer();
      const names = [...response.headers.keys()];
      expect(names.filter((name) => name.startsWith("access-control-"))).toEqual([]);
    }
  });
});

describe("[§7] what is refused before any route looks at it", () => {
  it.each([
    ["POST", "/api/v1/stats", ["GET", "HEAD"]],
    ["OPTIONS", "/api/v1/observations", ["POST"]],
    ["PATCH", "/api/v1/session", ["DELETE", "GET", "HEAD", "POST"]],
    ["GET", "/api/v1/observations", ["POST"]],
  ])("[§7] %s %s is 405 and says what is allowed", async (method, path, allowed) => {
    const response = await ask(method, path);
    expect(await readProblem(response)).toMatchObject({ status: 405, code: "method_not_allowed" });
    expect(response.headers.get("allow")?.split(", ").toSorted()).toEqual(allowed);
  });

  it("[§7] HEAD is GET without a body", async () => {
    const response = await ask("HEAD", "/api/v1/stats", { token: TOKENS.read });
    expect([response.status, await response.text()]).toEqual([200, ""]);
  });

  it("[§7] an address of more than 4,096 characters is 414", async () => {
    const path = "/api/v1/stats?x=";
    const fitting = "x".repeat(4_096 - ORIGIN.length - path.length);
    expect((await ask("GET", path + fitting, { token: TOKENS.read })).status).toBe(200);
    const long = await ask("GET", `${path + fitting}x`, { token: TOKENS.read });
    expect(await readProblem(long)).toMatchObject({ status: 414, code: "uri_too_long" });
  });

  it.each([
    ["announced", (text: string) => text],
    ["not announced", (text: string) => new Response(text).body],
  ])("[§7] a body over 64 KiB, %s, is 413 where none brings events", async (_, form) => {
    const body = form(JSON.stringify({ token: "x".repeat(64 * 1024) }));
    const response = await ask("POST", "/api/v1/session", { body });
    expect(await readProblem(response)).toMatchObject({ status: 413, code: "too_large" });
  });

  it.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "nonsense"])(
    "[§7] JSON that is said to be %s is 415",
    async (type) => {
      const response = await ask("PUT", `/api/v1/attackers/${crypto.randomUUID()}`, {
        token: TOKENS.ingest,
        headers: { "content-type": type },
        body: "{}",
      });
      expect(await readProblem(response)).toMatchObject({ status: 415, code: "unsupported_media_type" });
    },
  );
});
