/** Who sends a request, by bearer token or session cookie, and whether they may. Without a proof, nobody may. */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { LogFacts } from "../../log.ts";
import { ProblemError } from "./problem.ts";
import { limitAuthFailures } from "./rate-limit.ts";
import { hasSessionCookie, readSession } from "./session.ts";
import type { Scope } from "./scopes.ts";
import { type Grant, grantOfToken } from "./tokens.ts";

/** Who a request comes from. */
interface Authenticated extends Grant {
  readonly by: "bearer" | "session";
  /** When the session ends, epoch seconds; null for a token. */
  readonly expiresTs: number | null;
}

/** What the routes of this API know of a request. */
interface AppVariables {
  readonly authenticated: Authenticated;
  /** Streams: when the session that opened the stream ends, epoch seconds; null if it was not opened by a session. */
  readonly streamUntilTs?: number | null;
  /** Counts for the request's log line. */
  readonly facts?: LogFacts;
}
export interface AppEnv {
  Bindings: Env;
  Variables: AppVariables;
}

/**
 * Who a request comes from, by its bearer token or else by its session cookie; null if neither is known. A token that
 * is sent and not known is refused, even if the cookie is good.
 * @throws ProblemError `wrong_origin` for a write that comes with the cookie from elsewhere than our own pages
 */
export async function authenticate(c: Context<AppEnv>): Promise<Authenticated | null> {
  const header = c.req.header("authorization");
  if (header !== undefined) {
    const token = bearerToken(header);
    const grant = token === null ? null : await grantOfToken(token, c.env);
    return grant && { ...grant, by: "bearer", expiresTs: null };
  }
  const session = await readSession(c, c.env);
  if (session) requireOwnOrigin(c);
  return session && { ...session, by: "session" };
}

/**
 * Lets a request through that comes with this scope: 401 without a token or with a wrong one, 403 without the scope,
 * 429 after too many wrong ones.
 */
export function requireScope(scope: Scope) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const authenticated = await authenticate(c);
    if (!authenticated) {
      await limitAuthFailures(c.env, c.req.raw);
      throw new ProblemError("unauthorized", describeMissing(c));
    }
    if (!authenticated.scopes.has(scope)) {
      throw new ProblemError("forbidden", `This needs the scope ${scope}.`);
    }
    c.set("authenticated", authenticated);
    await next();
  });
}

/**
 * Refuses a write that a page of another origin made the browser send.
 * @throws ProblemError `wrong_origin`
 */
export function requireOwnOrigin(c: Context): void {
  if (["GET", "HEAD"].includes(c.req.method)) return;
  if (c.req.header("origin") === new URL(c.req.url).origin) return;
  throw new ProblemError("wrong_origin", "A write with the session cookie must carry our own Origin.");
}

function describeMissing(c: Context): string {
  const header = c.req.header("authorization");
  if (header !== undefined && bearerToken(header) !== null) return "The token is not known.";
  if (header === undefined && hasSessionCookie(c)) return "The session has ended. Sign in again.";
  return "Send a token in the header Authorization: Bearer <token>.";
}

function bearerToken(header: string): string | null {
  return /^Bearer +([^\s]+)$/i.exec(header)?.[1] ?? null;
}
