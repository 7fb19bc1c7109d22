/** Who may open a stream, and with what: tokens, tickets, the session cookie. */
import { env, exports } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { app } from "../../../src/http/index.ts";
import { issueTicket, redeemTicket } from "../../../src/http/stream-tickets/ticket.ts";
import { grantOfToken } from "../../../src/http/shared/tokens.ts";
import { deliver } from "../../setup/deliver.ts";
import { payload } from "../../setup/payload.ts";
import { ask } from "../../setup/request.ts";
import { StreamClient } from "../../stream/client.ts";
import { fresh, historyOf, socketsOf } from "../../stream/setup.ts";

/** Contract §7. */
const TICKET_LIFETIME_SECS = 60;
const ORIGIN = "https://x";

function request(
  method: string,
  path: string,
  options: { token?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  const headers = new Headers(options.headers);
  if (options.token !== undefined) headers.set("authorization", `Bearer ${options.token}`);
  return exports.default.fetch(new Request(`${ORIGIN}/api/v1${path}`, { method, headers }));
}

const get = (path: string, token?: string) => request("GET", path, token === undefined ? {} : { token });

async function known() {
  const one = fresh();
  await deliver([payload({ attacker_uuid: one.attackerUuid })]);
  await historyOf(one.identityUuid, 2);
  return one;
}

async function ticketOf(token: string): Promise<{ ticket: string; expires_at: number }> {
  const response = await request("POST", "/stream-tickets", { token });
  expect(response.status).toBe(200);
  return response.json();
}

/** The streams of one known identity. */
async function paths(): Promise<string[]> {
  const { attackerUuid, identityUuid } = await known();
  return [`/identities/${identityUuid}/events`, `/attackers/${attackerUuid}/events`, "/events"];
}

/** The token that the tickets of these tests are issued to. */
async function readToken() {
  const grant = await grantOfToken("read-token", env);
  if (!grant) throw new Error("the token must be known");
  return grant.token;
}

async function rows(): Promise<string> {
  return JSON.stringify((await env.DB.prepare("SELECT * FROM stream_tickets").all()).results);
}

async function expectStream(response: Response): Promise<void> {
  expect(response.headers.get("cache-control")).toContain("no-store");
  const client = new StreamClient(response);
  await client.until(({ names }) => expect(names[0]).toBe("snapshot"));
  await client.close();
}

describe("[§7] access to streams", () => {
  it("[§7] 401 without a token or with a wrong one, 403 without the scope read, else a stream", async () => {
    for (const path of await paths()) {
      for (const token of [undefined, "wrong"]) {
        const refused = await get(path, token);
        expect(refused.status).toBe(401);
        expect(await refused.json()).toMatchObject({ code: "unauthorized" });
      }
      const forbidden = await get(path, "ingest-token");
      expect(forbidden.status).toBe(403);
      expect(await forbidden.json()).toMatchObject({ code: "forbidden" });
      for (const token of ["read-token", "admin-token"]) await expectStream(await get(path, token));
    }
  });

  it("[§7] the session cookie opens one, and one that is made up does not", async () => {
    const signedIn = await exports.default.fetch(
      new Request(`${ORIGIN}/api/v1/session`, {
        method: "POST",
        headers: { "content-type": "application/json", origin: ORIGIN },
        body: JSON.stringify({ token: "read-token" }),
      }),
    );
    expect(signedIn.status).toBe(200);
    const cookie = signedIn.headers.get("set-cookie")?.split(";")[0] ?? "";
    await expectStream(await request("GET", "/events", { headers: { cookie } }));
    const forged = cookie.replace(/=.*/, "=9999999999.c2lnbmF0dXJl");
    expect((await request("GET", "/events", { headers: { cookie: forged } })).status).toBe(401);
    // A ticket asked for by cookie is a write: it must come from our own pages.
    const headers = { cookie, origin: "https://elsewhere.example" };
    expect((await request("POST", "/stream-tickets", { headers })).status).toBe(403);
    expect((await request("POST", "/stream-tickets", { headers: { cookie, origin: ORIGIN } })).status).toBe(
      200,
    );
  });

  it("[§7] HEAD answers the headers and opens nothing", async () => {
    const { identityUuid, stub } = await known();
    const response = await request("HEAD", `/identities/${identityUuid}/events`, { token: "read-token" });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(response.body).toBeNull();
    expect(await socketsOf(stub)).toBe(0);
  });
});

describe("[§7] tickets", () => {
  it("[§7] a ticket opens one stream, any of them, and is spent then", async () => {
    for (const path of await paths()) {
      const { ticket, expires_at: expiresAt } = await ticketOf("read-token");
      expect(expiresAt).toBeGreaterThan(Date.now() / 1_000);
      expect(expiresAt).toBeLessThanOrEqual(Date.now() / 1_000 + TICKET_LIFETIME_SECS);
      await expectStream(await get(`${path}?ticket=${ticket}`));
      const again = await get(`${path}?ticket=${ticket}`);
      expect(again.status).toBe(401);
      expect(await again.json()).toMatchObject({ code: "unauthorized" });
    }
  });

  it("[§7] of many who use one ticket at once, one gets in", async () => {
    for (let round = 0; round < 5; round++) {
      const { ticket } = await ticketOf("read-token");
      const answers = await Promise.all(Array.from({ length: 20 }, () => get(`/events?ticket=${ticket}`)));
      const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
      expect(statuses).toEqual([200, ...Array<number>(19).fill(401)]);
      await Promise.all(answers.map(async ({ body }) => body?.cancel()));
    }
  });

  it("[§7] a ticket is valid for 60 s, to the second it says, and no longer", async () => {
    const nowTs = 4_000_000_000;
    const make = async () => (await issueTicket(env.DB, await readToken(), nowTs)).ticket;
    const redeem = (ticket: string, atTs: number) => redeemTicket(env.DB, env, ticket, atTs);
    expect(await redeem(await make(), nowTs + TICKET_LIFETIME_SECS - 0.001)).toBe(true);
    expect(await redeem(await make(), nowTs + TICKET_LIFETIME_SECS)).toBe(false);
    // Saying that it expires later does not help.
    const later = (await make()).replace(/^\d+/, String(nowTs + 3_600));
    expect(await redeem(later, nowTs)).toBe(false);
  });

  it("[§7] who asks needs the scope read; who asks as admin gets no more than that", async () => {
    expect((await request("POST", "/stream-tickets", { token: "ingest-token" })).status).toBe(403);
    expect((await request("POST", "/stream-tickets")).status).toBe(401);
    const { ticket } = await ticketOf("admin-token");
    const row = await env.DB.prepare("SELECT scope FROM stream_tickets WHERE expires_ts = ?1")
      .bind(Number(ticket.split(".")[0]))
      .first<{ scope: string }>();
    expect(row?.scope).toBe("read");
  });

  it("[§7] a ticket ends with the token that it was issued to, and with that token's scope", async () => {
    const { ticket } = await ticketOf("read-token");
    for (const secrets of [
      { READ_TOKENS: "read-token-2" },
      { READ_TOKENS: "", INGEST_TOKENS: "read-token" },
    ]) {
      const refused = await ask("GET", `/api/v1/events?ticket=${ticket}`, { env: secrets });
      expect(refused.status).toBe(401);
    }
    await expectStream(await get(`/events?ticket=${ticket}`));
  });

  it("[§7] a ticket is good for streams only: nowhere else, and not as a token", async () => {
    const { identityUuid } = await known();
    const { ticket } = await ticketOf("read-token");
    for (const path of ["/stats", `/identities/${identityUuid}/attribution`]) {
      expect((await get(`${path}?ticket=${ticket}`)).status).toBe(401);
      expect((await get(path, ticket)).status).toBe(401);
    }
    expect((await request("POST", `/stream-tickets?ticket=${ticket}`)).status).toBe(401);
    expect((await get("/events", ticket)).status).toBe(401);
    // None of that used it up.
    await expectStream(await get(`/events?ticket=${ticket}`));
  });

  it.each([
    "",
    "x",
    "1",
    "0000000000.",
    `9999999999.${"0".repeat(32)}.${"0".repeat(64)}`,
    "'; DROP TABLE stream_tickets; --",
  ])("[§7] the made-up ticket %s is 401, whatever token comes with it", async (made) => {
    const path = `/events?ticket=${encodeURIComponent(made)}`;
    expect((await get(path)).status).toBe(401);
    expect((await get(path, "read-token")).status).toBe(401);
  });

  it.each([
    ["an invented one", (soon: number) => `${soon}.${"ab".repeat(16)}.${"cd".repeat(32)}`],
    ["one of the form used before", (soon: number) => `${soon}.${"ab".repeat(32)}`],
    ["one that has expired", (soon: number) => `${soon - 100}.${"ab".repeat(16)}.${"cd".repeat(32)}`],
    ["no ticket at all", () => "x"],
  ])("[§7] a ticket that was not issued here asks nothing of D1: %s", async (_, make) => {
    const statements: string[] = [];
    const prepare = (sql: string) => {
      statements.push(sql);
      return env.DB.prepare(sql);
    };
    const ticket = make(Math.floor(Date.now() / 1_000) + 50);
    const response = await ask("GET", `/api/v1/events?ticket=${ticket}`, { env: { DB: { prepare } } });
    expect([response.status, statements]).toEqual([401, []]);
  });

  it("[§7] only its hash is stored, what has expired is removed, and no log line holds it", async () => {
    const lines: string[] = [];
    for (const level of ["log", "error", "warn"] as const) {
      vi.spyOn(console, level).mockImplementation((...parts) => lines.push(parts.join(" ")));
    }
    const { ticket } = await issueTicket(
      env.DB,
      await readToken(),
      Date.now() / 1_000 - 2 * TICKET_LIFETIME_SECS,
    );
    const expired = ticket.split(".")[0] ?? "";
    expect(await rows()).toContain(expired);
    expect(await rows()).not.toContain(ticket.split(".")[1]);
    const { ticket: live } = await ticketOf("read-token");
    expect(await rows()).not.toContain(expired);
    await expectStream(await app.fetch(new Request(`${ORIGIN}/api/v1/events?ticket=${live}`), env));
    expect((await app.fetch(new Request(`${ORIGIN}/api/v1/events?ticket=${live}`), env)).status).toBe(401);
    await vi.waitFor(() => expect(lines.some((line) => line.includes('"stream"'))).toBe(true));
    expect(lines.filter((line) => line.includes(live) || line.includes(live.split(".")[1] ?? ""))).toEqual(
      [],
    );
  });
});
