/**
 * Canonical JSON (RFC 8785): one text for one value, so that equality and order of values are those of texts.
 * Unlike the libraries for it, this one takes lone surrogates in its stride (they are escaped, as
 * `JSON.stringify` does) and refuses, by a value, what is not JSON or is out of all proportion.
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

/**
 * Characters; far more than a value may have. A structured clone can hold one list a billion times over in a few
 * bytes, which would keep us writing for ever.
 */
const MAX_LENGTH = 1_048_576;

/** Why a value has no canonical JSON. */
export type NotCanonical = "not_json" | "too_large";

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
 * @returns the text, or why there is none: not JSON (a function, NaN, a Date, a list with holes, …), or too
 *   long or nested too deeply
 * @example canonicalJson({ b: [1.0, true], a: "x" }) // { ok: true, text: '{"a":"x","b":[1,true]}' }
 */
export function canonicalJson(
  value: unknown,
): { ok: true; text: string } | { ok: false; reason: NotCanonical } {
  try {
    return { ok: true, text: write(value, 0, { left: MAX_LENGTH }) };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, reason: error.reason };
    throw error;
  }
}

/** Characters that may still be written; shared by a whole value, so that no part of it is written in vain. */
interface Budget {
  left: number;
}

function write(value: unknown, depth: number, budget: Budget): string {
  if (typeof value === "object" && value !== null) {
    if (depth >= MAX_DEPTH) throw new Refused("too_large");
    spend(budget, 2);
    return Array.isArray(value) ? writeArray(value, depth, budget) : writeObject(value, depth, budget);
  }
  if (typeof value === "number" && !Number.isFinite(value)) throw new Refused("not_json");
  if (value !== null && !["string", "boolean", "number"].includes(typeof value))
    throw new Refused("not_json");
  const text = JSON.stringify(value);
  spend(budget, text.length);
  return text;
}

function writeArray(value: readonly unknown[], depth: number, budget: Budget): string {
  const members: string[] = [];
  // Not `map`: it would step over holes, and a hole is not JSON.
  for (const member of value) members.push(write(member, depth + 1, budget));
  return `[${members.join(",")}]`;
}

function writeObject(value: object, depth: number, budget: Budget): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new Refused("not_json");
  const members: string[] = [];
  // Comparing with < gives the order that of UTF-16 code units: what RFC 8785 §3.2.3 asks for.
  for (const [key, member] of Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    spend(budget, key.length + 1);
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${write(member, depth + 1, budget)}`);
  }
  return `{${members.join(",")}}`;
}

function spend(budget: Budget, characters: number): void {
  budget.left -= characters;
  if (budget.left < 0) throw new Refused("too_large");
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
