/**
 * Sign-ins of browsers: a signed cookie, and nothing is stored. The cookie holds the time at which it expires and is
 * signed with a key derived from the token that opened it, so taking a token out of its secret ends its sessions at
 * once. The scopes of a session are looked up at every request, as for the token itself.
 */
import type { Context } from "hono";
import { deleteCookie, getCookie, getSignedCookie, setSignedCookie } from "hono/cookie";
import type { CookieOptions, CookiePrefixOptions } from "hono/utils/cookie";
import { type AccessSecrets, findGrant, type Grant } from "./tokens.ts";

/** How long a session lasts, in seconds: a working day. Use does not prolong it. */
const SESSION_LIFETIME_SECS = 12 * 3_600;

const COOKIE = "attribution_session";
const LOCAL_HOSTS: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** A request's session. */
export interface Session extends Grant {
  /** When it ends, epoch seconds. */
  readonly expiresTs: number;
}

/** What the session of a request may do; null without a cookie, or with one that has expired or was not signed here. */
export async function readSession(c: Context, secrets: AccessSecrets): Promise<Session | null> {
  if (!hasSessionCookie(c)) return null;
  let expiresTs = 0;
  const grant = await findGrant(secrets, async ({ sessionKey }) => {
    const signed = await getSignedCookie(c, sessionKey, COOKIE, prefixOf(c));
    if (typeof signed !== "string" || !(Number(signed) > Date.now() / 1_000)) return false;
    expiresTs = Number(signed);
    return true;
  });
  return grant && { ...grant, expiresTs };
}

/**
 * Opens a session for a token.
 * @returns when it ends, epoch seconds
 */
export async function openSession(c: Context, { token }: Grant): Promise<number> {
  const expiresTs = Math.floor(Date.now() / 1_000) + SESSION_LIFETIME_SECS;
  const options = { ...cookieOptions(c), maxAge: SESSION_LIFETIME_SECS };
  await setSignedCookie(c, COOKIE, String(expiresTs), token.sessionKey, options);
  return expiresTs;
}

/** Tells the browser to forget its session. */
export function closeSession(c: Context): void {
  deleteCookie(c, COOKIE, cookieOptions(c));
}

/** Whether a request carries a session cookie, valid or not. */
export function hasSessionCookie(c: Context): boolean {
  return getCookie(c, COOKIE, prefixOf(c)) !== undefined;
}

/** `__Host-` binds the cookie to this host and to TLS; browsers refuse it without TLS, as on a developer's machine. */
function prefixOf(c: Context): CookiePrefixOptions | undefined {
  const { protocol, hostname } = new URL(c.req.url);
  return protocol === "http:" && LOCAL_HOSTS.has(hostname) ? undefined : "host";
}

function cookieOptions(c: Context): CookieOptions {
  const prefix = prefixOf(c);
  const shared = { path: "/", httpOnly: true, sameSite: "Strict" } as const;
  return prefix ? { ...shared, prefix, secure: true } : shared;
}
