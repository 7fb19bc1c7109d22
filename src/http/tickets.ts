/**
 * Stream tickets: what a browser's EventSource, which can send no headers, opens a stream with. A ticket is used up by
 * the first request that brings it and is good for streams only. Only its hash is stored, and it is never logged.
 */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { bytesToHex } from "@noble/hashes/utils.js";
import { createMiddleware } from "hono/factory";
import { storeTicket, takeTicket } from "../storage/index.ts";
import { type AppEnv, requireScope } from "./access.ts";
import { ProblemError } from "./problem.ts";
import { limitAuthFailures } from "./rate-limit.ts";

/** How long a ticket can be used, in seconds. */
export const TICKET_LIFETIME_SECS = 60;

/** Random bytes in a ticket: as hard to guess as a key. */
const TICKET_BYTES = 32;
/** When it expires, which finds its row, and what only its holder knows. */
const TICKET_SHAPE = /^(\d{10})\.[0-9a-f]{64}$/;

/** What a ticket lets its holder do: no more than to read streams, whoever asked for it. */
const TICKET_SCOPE = "read";

const ticketSchema = z
  .object({ ticket: z.string(), expires_at: z.number().openapi({ description: "Epoch seconds" }) })
  .openapi("StreamTicket");

const postTicket = createRoute({
  method: "post",
  path: "/stream-tickets",
  tags: ["streams"],
  summary: "A ticket for one stream: valid once, within 60 s, as ?ticket=",
  security: [{ bearer: ["read"] }],
  middleware: [requireScope("read")] as const,
  responses: { 200: { description: "A ticket", content: { "application/json": { schema: ticketSchema } } } },
});

export const ticketRoutes = new OpenAPIHono<AppEnv>().openapi(postTicket, async (c) => {
  const nowTs = Date.now() / 1_000;
  const { ticket, expiresTs } = await issueTicket(c.env.DB, nowTs);
  return c.json({ ticket, expires_at: expiresTs }, 200, { "cache-control": "no-store" });
});

/** Makes a ticket and stores its hash. */
export async function issueTicket(
  db: D1Database,
  nowTs: number,
): Promise<{ ticket: string; expiresTs: number }> {
  const expiresTs = Math.floor(nowTs) + TICKET_LIFETIME_SECS;
  const secret = crypto.getRandomValues(new Uint8Array(TICKET_BYTES));
  const ticket = `${expiresTs}.${bytesToHex(secret)}`;
  await storeTicket(db, { hash: await hashOf(ticket), expiresTs, scope: TICKET_SCOPE }, nowTs);
  return { ticket, expiresTs };
}

/**
 * Uses a ticket up.
 * @returns what it lets its holder do, or null if it is none, was used, or has expired
 */
export async function redeemTicket(db: D1Database, ticket: string, nowTs: number): Promise<string | null> {
  const expires = TICKET_SHAPE.exec(ticket)?.[1];
  if (expires === undefined) return null;
  return takeTicket(db, { hash: await hashOf(ticket), expiresTs: Number(expires) }, nowTs);
}

/** Lets a request through that may read a stream: by a ticket if it brings one, else as any other route. */
export function requireStreamAccess() {
  const byTokenOrSession = requireScope("read");
  return createMiddleware<AppEnv>(async (c, next) => {
    const ticket = c.req.query("ticket");
    if (ticket === undefined) {
      return byTokenOrSession(c, async () => {
        c.set("streamUntilTs", c.var.authenticated.expiresTs);
        await next();
      });
    }
    const scope = await redeemTicket(c.env.DB, ticket, Date.now() / 1_000);
    if (scope === null) {
      await limitAuthFailures(c.env, c.req.raw);
      throw new ProblemError("unauthorized", "The ticket is not known, was used, or has expired.");
    }
    if (scope !== TICKET_SCOPE) throw new ProblemError("forbidden", "The ticket is not one for reading.");
    c.set("streamUntilTs", null);
    return next();
  });
}

async function hashOf(ticket: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(ticket));
  return bytesToHex(new Uint8Array(digest));
}
