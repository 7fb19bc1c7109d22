/**
 * Canonical JSON (RFC 8785): one text for one value, so that equality and order of values are those of texts.
 * Unlike the libraries for it, this one takes lone surrogates in its stride (they are escaped, as
 * `JSON.stringify` does) and refuses, by a value, what is not JSON or is nested out of all proportion.
 */

/** What JSON can hold. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** Deeper nesting than any value within its 4,096 bytes can have; guards the stack. */
const MAX_DEPTH = 2_048;

/** Why a value has no canonical JSON. */
export type NotCanonical = "not_json" | "too_deep";

/** Thrown inside, never outside: unwinds the recursion with its reason. */
class Refused extends Error {
  readonly reason: NotCanonical;
  constructor(reason: NotCanonical) {
    super(reason);
    this.reason = reason;
  }
}

/**
 * The canonical JSON of a value: keys sorted by UTF-16 code units, no white space, shortest numbers.
 * @returns the text, or why there is none: not JSON (a function, NaN, a Date, …) or nested too deeply
 * @example canonicalJson({ b: [1.0, true], a: "x" }) // { ok: true, text: '{"a":"x","b":[1,true]}' }
 */
export function canonicalJson(
  value: unknown,
): { ok: true; text: string } | { ok: false; reason: NotCanonical } {
  try {
    return { ok: true, text: write(value, 0) };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, reason: error.reason };
    throw error;
  }
}

function write(value: unknown, depth: number): string {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return JSON.stringify(value);
  if (typeof value === "number" && Number.isFinite(value)) return JSON.stringify(value);
  if (typeof value !== "object") throw new Refused("not_json");
  if (depth >= MAX_DEPTH) throw new Refused("too_deep");
  if (Array.isArray(value)) return `[${value.map((member) => write(member, depth + 1)).join(",")}]`;
  return writeObject(value, depth);
}

function writeObject(value: object, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new Refused("not_json");
  const members: string[] = [];
  // Comparing with < gives the order that of UTF-16 code units: what RFC 8785 §3.2.3 asks for.
  for (const [key, member] of Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${write(member, depth + 1)}`);
  }
  return `{${members.join(",")}}`;
}

/**
 * Length of a text in UTF-8 bytes; a lone surrogate counts three, as it is written when replaced.
 * @example utf8Length("é") // 2
 */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (unit >= 0xd800 && unit <= 0xdbff && isLowSurrogate(text.charCodeAt(i + 1))) {
      bytes += 2;
      i++;
    } else bytes += 2;
  }
  return bytes;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
