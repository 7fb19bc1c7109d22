/**
 * The tokens in the secrets, and what each may do. They are compared by their hashes in constant time, and always all
 * of them. A secret that is not configured holds no tokens, so it lets nobody in.
 */
import { type Scope, SCOPES } from "./scopes.ts";

const SECRETS: Readonly<Record<Scope, "READ_TOKENS" | "INGEST_TOKENS" | "ADMIN_TOKENS">> = {
  read: "READ_TOKENS",
  ingest: "INGEST_TOKENS",
  admin: "ADMIN_TOKENS",
};

/** What the environment holds of secrets; any of them may be missing. */
export type AccessSecrets = Readonly<Partial<Record<(typeof SECRETS)[Scope], string>>>;

/** One token of a secret, as far as it is kept. */
export interface KnownToken {
  /** SHA-256 of the token. */
  readonly digest: ArrayBuffer;
  /** The same in hex: tells callers apart without being anyone's token. Never logged. */
  readonly hash: string;
  /** Signs the sessions that this token opened, and no others. */
  readonly sessionKey: ArrayBuffer;
  /** Signs the stream tickets that were issued to this token, and no others. */
  readonly ticketKey: ArrayBuffer;
}

/** A token that is known, and all it may do. */
export interface Grant {
  readonly token: KnownToken;
  readonly scopes: ReadonlySet<Scope>;
}

/** What a token may do; null if it is not known. */
export async function grantOfToken(token: string, secrets: AccessSecrets): Promise<Grant | null> {
  const digest = await sha256(token);
  return findGrant(secrets, (known) => crypto.subtle.timingSafeEqual(digest, known.digest));
}

/** The token that `matches` accepts, all of them asked, and what it may do; null if it accepts none. */
export async function findGrant(
  secrets: AccessSecrets,
  matches: (known: KnownToken) => boolean | Promise<boolean>,
): Promise<Grant | null> {
  const scopes = new Set<Scope>();
  let token: KnownToken | null = null;
  for (const scope of SCOPES) {
    for (const known of await knownTokens(secrets[SECRETS[scope]] ?? "")) {
      if (!(await matches(known))) continue;
      token = known;
      scopes.add(scope);
      if (scope === "admin") scopes.add("read").add("ingest");
    }
  }
  return token && { token, scopes };
}

/** Caches what is derived from the tokens in a secret, by the secret. */
const kept = new Map<string, Promise<KnownToken[]>>();

function knownTokens(secret: string): Promise<KnownToken[]> {
  const tokens = kept.get(secret) ?? Promise.all(splitSecret(secret).map(toKnownToken));
  kept.set(secret, tokens);
  return tokens;
}

/** The values in a secret that may hold several, for rotation. */
export function splitSecret(secret: string): string[] {
  return secret
    .split(",")
    .map((value) => value.trim())
    .filter((value) => value !== "");
}

async function toKnownToken(token: string): Promise<KnownToken> {
  const material = await crypto.subtle.importKey("raw", encode(token), "HKDF", false, ["deriveBits"]);
  const derive = (purpose: string) =>
    crypto.subtle.deriveBits(
      { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: encode(purpose) },
      material,
      256,
    );
  const [digest, sessionKey, ticketKey] = await Promise.all([
    sha256(token),
    derive("session v1"),
    derive("stream ticket v1"),
  ]);
  return { digest, hash: toHex(digest), sessionKey, ticketKey };
}

function sha256(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", encode(text));
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function toHex(bytes: ArrayBuffer): string {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
