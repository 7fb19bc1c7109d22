/** Sizes in bytes, measured only as exactly as a limit needs. */

const encoder = new TextEncoder();

/** UTF-8 bytes of a text. */
export function textBytes(text: string): number {
  // Short texts are nowhere near a limit: their characters will do.
  return text.length < 20_000 ? text.length : encoder.encode(text).byteLength;
}

/** Bytes of a value bound to or read from SQL. */
export function sqlBytes(value: unknown): number {
  if (typeof value === "string") return textBytes(value);
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value.byteLength;
  return value === null || value === undefined ? 0 : 8;
}

/** Bytes of what a queue message holds. */
export function bodyBytes(body: unknown, contentType: string | undefined): number {
  if (contentType === "text" && typeof body === "string") return encoder.encode(body).byteLength;
  if (contentType === "bytes" && body instanceof ArrayBuffer) return body.byteLength;
  return encoder.encode(JSON.stringify(body)).byteLength;
}

/** About the bytes of a value as a structured clone: what a call to an object carries. */
export function cloneBytes(value: unknown): number {
  if (typeof value === "string") return textBytes(value) + 4;
  if (typeof value === "number" || typeof value === "bigint") return 9;
  return typeof value === "object" && value !== null ? objectBytes(value) : 1;
}

function objectBytes(value: object): number {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value.byteLength;
  if (value instanceof Request || value instanceof Response || value instanceof ReadableStream) return 0;
  let bytes = 4;
  if (value instanceof Map) {
    for (const [key, member] of value) bytes += cloneBytes(key) + cloneBytes(member);
  } else if (Array.isArray(value) || value instanceof Set) {
    for (const member of value) bytes += cloneBytes(member) + 1;
  } else {
    for (const [key, member] of Object.entries(value)) bytes += key.length + 3 + cloneBytes(member);
  }
  return bytes;
}
