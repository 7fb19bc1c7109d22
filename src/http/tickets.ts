/**
 * Stream tickets: what a browser's EventSource, which can send no headers, opens a stream with. A ticket is used up by
 * the first request that brings it and is good for streams only. Only its hash is stored, and it is never logged. It is
 * signed with a key derived from the token it was issued to, so that an invented one is refused without asking D1, and
 * taking a token out of its secret ends its tickets.
 */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { createMiddleware } from "hono/factory";
import { firstShard } from "../shard.ts";
import { storeTicket, takeTicket } from "../storage/index.ts";
import { type AppEnv, requireScope } from "./access.ts";
import { ProblemError } from "./problem.ts";
import { limitAuthFailures } from "./rate-limit.ts";
import { type AccessSecrets, findGrant, type KnownToken } from "./tokens.ts";

/** How long a ticket can be used, in seconds. */
export const TICKET_LIFETIME_SECS = 60;

/** Random bytes in a ticket; they make it unique. */
const NONCE_BYTES = 16;
/** When it expires (epoch seconds), random bytes, and the HMAC-SHA256 of both. */
const TICKET_SHAPE = /^(?<signed>(?<expires>\d{10})\.[0-9a-f]{32})\.(?<signature>[0-9a-f]{64})$/;

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
  const { ticket, expiresTs } = await issueTicket(firstShard(c.env).db, c.var.authenticated.token, nowTs);
  return c.json({ ticket, expires_at: expiresTs }, 200, { "cache-control": "no-store" });
});

/** Makes a ticket for the holder of a token and stores its hash. */
export async function issueTicket(
  db: D1Database,
  token: KnownToken,
  nowTs: number,
): Promise<{ ticket: string; expiresTs: number }> {
  const expiresTs = Math.floor(nowTs) + TICKET_LIFETIME_SECS;
  const nonce = bytesToHex(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
  const signed = `${expiresTs}.${nonce}`;
  const key = await signingKey(token);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, encode(signed)));
  const ticket = `${signed}.${bytesToHex(signature)}`;
  await storeTicket(db, { hash: await hashOf(ticket), expiresTs, scope: TICKET_SCOPE }, nowTs);
  return { ticket, expiresTs };
}

/**
 * Uses a ticket up. D1 is asked only about a ticket that was signed here and has not expired.
 * @returns whether it opens a stream: false if it was not issued here, was used, has expired, or its token may not read
 */
export async function redeemTicket(
  db: D1Database,
  secrets: AccessSecrets,
  ticket: string,
  nowTs: number,
): Promise<boolean> {
  const { signed, expires, signature } = TICKET_SHAPE.exec(ticket)?.groups ?? {};
  if (signed === undefined || signature === undefined || !(Number(expires) > nowTs)) return false;
  const grant = await findGrant(secrets, async (token) =>
    crypto.subtle.verify("HMAC", await signingKey(token), hexToBytes(signature), encode(signed)),
  );
  if (!grant?.scopes.has(TICKET_SCOPE)) return false;
  return (await takeTicket(db, { hash: await hashOf(ticket), expiresTs: Number(expires) }, nowTs)) !== null;
}

/** Lets a request through that may read a stream: by a ticket if it brings one, else as any other route. */
export function requireStreamAccess() {
  const byTokenOrSession = requireScope(TICKET_SCOPE);
  return createMiddleware<AppEnv>(async (c, next) => {
    const ticket = c.req.query("ticket");
    if (ticket === undefined) {
      return byTokenOrSession(c, async () => {
        c.set("streamUntilTs", c.var.authenticated.expiresTs);
        await next();
      });
    }
    if (!(await redeemTicket(firstShard(c.env).db, c.env, ticket, Date.now() / 1_000))) {
      await limitAuthFailures(c.env, c.req.raw);
      throw new ProblemError("unauthorized", "The ticket is not known, was used, or has expired.");
    }
    c.set("streamUntilTs", null);
    return next();
  });
}

function signingKey({ ticketKey }: KnownToken): Promise<CryptoKey> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", ticketKey, algorithm, false, ["sign", "verify"]);
}

async function hashOf(ticket: string): Promise<string> {
  return bytesToHex(new Uint8Array(await crypto.subtle.digest("SHA-256", encode(ticket))));
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
