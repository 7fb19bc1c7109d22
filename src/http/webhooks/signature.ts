/** Checks an HMAC over the bytes of a body, in constant time. */

const SIGNATURE = /^sha256=([0-9a-f]{64})$/i;

/** The bytes of `sha256=<hex>`; null if the header is missing or has another form. */
export function parseSignature(header: string | null): Uint8Array | null {
  const hex = SIGNATURE.exec(header ?? "")?.[1];
  if (hex === undefined) return null;
  return Uint8Array.from({ length: 32 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/** Whether a body was signed with one of the secrets; always tries all of them. */
export async function isSignedBy(
  secrets: readonly string[],
  signature: Uint8Array,
  body: Uint8Array,
): Promise<boolean> {
  let isSigned = false;
  for (const secret of secrets) {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(secret), algorithm, false, [
      "verify",
    ]);
    isSigned = (await crypto.subtle.verify("HMAC", key, signature, body)) || isSigned;
  }
  return isSigned;
}
