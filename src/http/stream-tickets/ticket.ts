/**
 * Stream tickets: what a browser's EventSource, which cannot send headers, opens a stream with. A ticket is used up by
 * the first request that brings it and is good for streams only. Only its hash is stored, and it is never logged. It is
 * signed with a key derived from the token that it was issued to: an invented one is refused without asking D1, and
 * taking a token out of its secret ends its tickets.
 */
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { storeTicket, takeTicket } from "../../storage/index.ts";
import { type AccessSecrets, findGrant, type KnownToken } from "../shared/tokens.ts";

/** How long a ticket can be used, in seconds. */
const TICKET_LIFETIME_SECS = 60;

/** Random bytes in a ticket; they make it unique. */
const NONCE_BYTES = 16;
/** When it expires (epoch seconds), random bytes, and the HMAC-SHA256 of both. */
const TICKET_SHAPE = /^(?<signed>(?<expires>\d{10})\.[0-9a-f]{32})\.(?<signature>[0-9a-f]{64})$/;

/** What a ticket lets its holder do: no more than to read streams, whoever asked for it. */
export const TICKET_SCOPE = "read";

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
