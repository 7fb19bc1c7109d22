/** Signing in and out of the dashboard: what the cookie is, what it may do, and when it ends. */
import { describe, expect, it } from "vitest";
import { ask, type Asked, ORIGIN, readProblem, TOKENS } from "../../setup/request.ts";

/** 12 hours. */
const SESSION_LIFETIME_SECS = 43_200;

const SESSION = "/api/v1/session";

async function signIn(token: string, asked: Asked = {}): Promise<string> {
  const response = await ask("POST", SESSION, { body: { token }, ...asked });
  expect(response.status).toBe(200);
  return String(response.headers.get("set-cookie")).split(";")[0] ?? "";
}

const bytes = (text: string) => new TextEncoder().encode(text);

const withCookie = (cookie: string, origin?: string) => ({
  headers: { cookie, ...(origin === undefined ? {} : { origin }) },
});

describe("[§7] POST /session", () => {
  it("[§7] sets a cookie that scripts cannot read and other sites cannot send", async () => {
    const response = await ask("POST", SESSION, { body: { token: TOKENS.admin } });
    expect(response.status).toBe(200);
    const answer = await response.json<{ scopes: string[]; expires_at: number }>();
    expect(answer.scopes).toEqual(["read", "ingest", "admin"]);
    expect(Math.abs(answer.expires_at - Date.now() / 1_000 - SESSION_LIFETIME_SECS)).toBeLessThan(60);
    const [cookie, ...attributes] = String(response.headers.get("set-cookie")).split("; ");
    expect(cookie).toMatch(/^__Host-attribution_session=\d+\./);
    expect(cookie).not.toContain(TOKENS.admin);
    expect(attributes.toSorted()).toEqual([
      "HttpOnly",
      `Max-Age=${SESSION_LIFETIME_SECS}`,
      "Path=/",
      "SameSite=Strict",
      "Secure",
    ]);
  });

  it.each(["http://localhost:8787", "http://127.0.0.1:8787", "http://[::1]:8787"])(
    "[§7] on %s, where there is no TLS, the cookie does without Secure",
    async (origin) => {
      const response = await ask("POST", SESSION, { body: { token: TOKENS.read }, origin });
      const cookie = String(response.headers.get("set-cookie"));
      expect(cookie).toMatch(/^attribution_session=/);
      expect(cookie).not.toContain("Secure");
      expect(cookie).toContain("SameSite=Strict");
      const stats = await ask("GET", "/api/v1/stats", { ...withCookie(cookie.split(";")[0] ?? ""), origin });
      expect(stats.status).toBe(200);
    },
  );

  it("[§7] elsewhere without TLS the cookie insists on it", async () => {
    const response = await ask("POST", SESSION, {
      body: { token: TOKENS.read },
      origin: "http://attribution.test",
    });
    expect(response.headers.get("set-cookie")).toMatch(/^__Host-.*; Secure/);
  });

  it.each([
    ["a wrong token", { token: "wrong" }, 401, "unauthorized"],
    ["no token", {}, 422, "invalid_request"],
    ["a token that is no text", { token: 5 }, 422, "invalid_request"],
    ["an endless token", { token: "x".repeat(513) }, 422, "invalid_request"],
    ["no JSON", "{", 400, "malformed_json"],
  ])("[§7] %s sets no cookie", async (_, body, status, code) => {
    const response = await ask("POST", SESSION, { body });
    expect(response.headers.get("set-cookie")).toBeNull();
    expect(await readProblem(response)).toMatchObject({ status, code });
  });

  it("[§7] another site's page cannot sign a browser in", async () => {
    const body = { token: TOKENS.read };
    const foreign = await ask("POST", SESSION, { body, headers: { origin: "https://elsewhere.test" } });
    expect(foreign.headers.get("set-cookie")).toBeNull();
    expect(await readProblem(foreign)).toMatchObject({ status: 403, code: "wrong_origin" });
    expect((await ask("POST", SESSION, { body, headers: { origin: ORIGIN } })).status).toBe(200);
  });
});

describe("[§7] a session", () => {
  it.each([
    ["read", ["read"]],
    ["ingest", ["ingest"]],
    ["admin", ["read", "ingest", "admin"]],
  ] as const)("[§7] of a token with %s has its scopes and no others", async (name, scopes) => {
    const cookie = await signIn(TOKENS[name]);
    const who = await ask("GET", SESSION, withCookie(cookie));
    expect(await who.json()).toMatchObject({ scopes, expires_at: expect.any(Number) });
    const stats = await ask("GET", "/api/v1/stats", withCookie(cookie));
    expect(stats.status).toBe((scopes as readonly string[]).includes("read") ? 200 : 403);
  });

  it("[§7] a bearer token tells its scopes too; nobody is 401", async () => {
    const who = await ask("GET", SESSION, { token: TOKENS.ingest });
    expect(await who.json()).toEqual({ scopes: ["ingest"], expires_at: null });
    expect(await readProblem(await ask("GET", SESSION))).toMatchObject({ code: "unauthorized" });
  });

  it("[§7] a write needs our own Origin, a read does not", async () => {
    const cookie = await signIn(TOKENS.admin);
    const path = `/api/v1/attackers/${crypto.randomUUID()}`;
    for (const origin of [
      undefined,
      "https://elsewhere.test",
      "null",
      `${ORIGIN}.elsewhere.test`,
      "http://attribution.test",
    ]) {
      const refused = await ask("PUT", path, { ...withCookie(cookie, origin), body: {} });
      expect(await readProblem(refused)).toMatchObject({ status: 403, code: "wrong_origin" });
    }
    const allowed = await ask("PUT", path, { ...withCookie(cookie, ORIGIN), body: {} });
    expect(allowed.status).toBe(201);
    const read = await ask("GET", "/api/v1/stats", withCookie(cookie, "https://elsewhere.test"));
    expect(read.status).toBe(200);
    expect(read.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("[§7] a token needs no Origin, and a wrong one is not made up for by a cookie", async () => {
    const cookie = await signIn(TOKENS.admin);
    const path = `/api/v1/attackers/${crypto.randomUUID()}`;
    expect((await ask("PUT", path, { token: TOKENS.ingest, body: {} })).status).toBe(201);
    const both = await ask("PUT", path, { token: "wrong", ...withCookie(cookie, ORIGIN), body: {} });
    expect(both.status).toBe(401);
  });

  it("[§7] ends when its token leaves the secret, and only then", async () => {
    const cookie = await signIn(TOKENS.admin);
    const read = (variables: Record<string, string | undefined>) =>
      ask("GET", "/api/v1/stats", { ...withCookie(cookie), env: variables });
    expect((await read({ ADMIN_TOKENS: "new-token, admin-token", READ_TOKENS: "other" })).status).toBe(200);
    for (const secret of ["new-token", "", " , ", undefined]) {
      expect((await read({ ADMIN_TOKENS: secret })).status).toBe(401);
    }
    // A token that moved to another secret keeps its session, with what it may do there.
    const moved = await read({ ADMIN_TOKENS: "new-token", INGEST_TOKENS: "admin-token" });
    expect(moved.status).toBe(403);
  });

  it("[§7] ends in time: an old cookie and a prolonged one are worth nothing", async () => {
    const cookie = await signIn(TOKENS.admin);
    const [name, value = ""] = cookie.split("=");
    const [expires = "", signature = ""] = decodeURIComponent(value).split(".");
    const stats = (changed: string) =>
      ask("GET", "/api/v1/stats", withCookie(`${name}=${encodeURIComponent(changed)}`));
    expect((await stats(`${expires}.${signature}`)).status).toBe(200);
    for (const forged of [
      `${Number(expires) + 1}.${signature}`,
      `${expires}.${"A".repeat(43)}=`,
      `${expires}.`,
      expires,
      "",
      `.${signature}`,
      "%",
    ]) {
      expect((await stats(forged)).status).toBe(401);
    }
    const past = await signedByUs(TOKENS.admin, String(Math.floor(Date.now() / 1_000) - 1));
    expect((await stats(past)).status).toBe(401);
    const odd = await signedByUs(TOKENS.admin, "NaN");
    expect((await stats(odd)).status).toBe(401);
    const future = await signedByUs(TOKENS.admin, String(Math.floor(Date.now() / 1_000) + 60));
    expect((await stats(future)).status).toBe(200);
  });

  it("[§7] DELETE /session forgets the cookie, on our own pages' word only", async () => {
    const cookie = await signIn(TOKENS.read);
    const foreign = await ask("DELETE", SESSION, withCookie(cookie, "https://elsewhere.test"));
    expect(await readProblem(foreign)).toMatchObject({ code: "wrong_origin" });
    const out = await ask("DELETE", SESSION, withCookie(cookie, ORIGIN));
    expect(out.status).toBe(204);
    expect(out.headers.get("set-cookie")).toMatch(/^__Host-attribution_session=;.*Max-Age=0/);
    expect((await ask("DELETE", SESSION)).status).toBe(204);
  });
});

/** A cookie's value as only someone who knows the token can make it: the scheme, written a second time. */
async function signedByUs(token: string, value: string): Promise<string> {
  const material = await crypto.subtle.importKey("raw", bytes(token), "HKDF", false, ["deriveKey"]);
  const key = await crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: bytes("session v1") },
    material,
    { name: "HMAC", hash: "SHA-256", length: 256 },
    false,
    ["sign"],
  );
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes(value)));
  return `${value}.${btoa(String.fromCharCode(...signature))}`;
}
