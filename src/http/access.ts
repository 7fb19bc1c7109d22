/**
 * Who may do what: bearer tokens with scopes, from secrets. A scope whose secret is not configured lets nobody in.
 * Tokens are compared in constant time, by their hashes, and every one is compared whatever the outcome.
 */
import { createMiddleware } from "hono/factory";
import { ProblemError } from "./problem.ts";

/** `admin` includes both others; `ingest` does not include `read`: a sensor that is taken over must not read. */
export type Scope = "read" | "ingest" | "admin";

const SCOPES = ["read", "ingest", "admin"] as const satisfies Scope[];
const SECRETS: Readonly<Record<Scope, "READ_TOKENS" | "INGEST_TOKENS" | "ADMIN_TOKENS">> = {
  read: "READ_TOKENS",
  ingest: "INGEST_TOKENS",
  admin: "ADMIN_TOKENS",
};

/** What the environment holds of secrets; any of them may be missing. */
export type AccessSecrets = Readonly<Partial<Record<(typeof SECRETS)[Scope], string>>>;

/** What the routes of this API know of a request. */
export interface AppVariables {
  readonly scopes: ReadonlySet<Scope>;
}
export interface AppEnv {
  Bindings: Env;
  Variables: AppVariables;
}

/** Lets a request through that carries a token with this scope; says 401 without a token and 403 without the scope. */
export function requireScope(scope: Scope) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const token = bearerToken(c.req.header("authorization"));
    if (token === null) {
      throw new ProblemError("unauthorized", "Send a token in the header Authorization: Bearer <token>.");
    }
    const scopes = await scopesOf(token, c.env);
    if (scopes.size === 0) throw new ProblemError("unauthorized", "The token is not known.");
    if (!scopes.has(scope)) throw new ProblemError("forbidden", `This needs the scope ${scope}.`);
    c.set("scopes", scopes);
    await next();
  });
}

/** The scopes of a token; empty if it is not known. */
export async function scopesOf(token: string, secrets: AccessSecrets): Promise<ReadonlySet<Scope>> {
  const digest = await sha256(token);
  const scopes = new Set<Scope>();
  for (const scope of SCOPES) {
    for (const candidate of await tokenDigests(secrets[SECRETS[scope]] ?? "")) {
      if (!crypto.subtle.timingSafeEqual(digest, candidate)) continue;
      scopes.add(scope);
      if (scope === "admin") scopes.add("read").add("ingest");
    }
  }
  return scopes;
}

function bearerToken(header: string | undefined): string | null {
  return /^Bearer +([^\s]+)$/i.exec(header ?? "")?.[1] ?? null;
}

/** Digests of the tokens in a secret, kept while the secret stays the same. */
const known = new Map<string, Promise<ArrayBuffer[]>>();

function tokenDigests(secret: string): Promise<ArrayBuffer[]> {
  const digests =
    known.get(secret) ??
    Promise.all(
      secret
        .split(",")
        .map((token) => token.trim())
        .filter((token) => token !== "")
        .map(sha256),
    );
  known.set(secret, digests);
  return digests;
}

function sha256(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
