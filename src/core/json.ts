/**
 * Canonical JSON (RFC 8785): equal values have equal texts, so values are compared and ordered by their texts.
 * Unlike the libraries for it, this one escapes lone surrogates, as `JSON.stringify` does, and returns a reason instead of
 * throwing when a value is not JSON or is too large.
 */

/** Any value that JSON can represent. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** Maximum nesting. A value of 4,096 bytes cannot be nested deeper. The limit prevents a stack overflow. */
const MAX_DEPTH = 2_048;

/**
 * Maximum number of characters, far above the limit for a value. A structured clone of a few bytes can refer to one list a
 * billion times; without this limit writing it would not end.
 */
const MAX_LENGTH = 1_048_576;

/** Why a value has no canonical JSON. */
export type NotCanonical = "not_json" | "too_large";

/** Ends the recursion with a reason. `canonicalJson` catches it, so it never leaves this file. */
class Refused extends Error {
  readonly reason: NotCanonical;
  constructor(reason: NotCanonical) {
    super(reason);
    this.reason = reason;
  }
}

/**
 * The canonical JSON of a value: keys sorted by UTF-16 code units, no white space, shortest numbers.
 * @returns the text, or the reason why there is none: the value is not JSON (a function, NaN, a Date, a list with holes,
 *   …), or it is too long or nested too deeply
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

/** Characters that may still be written. All parts of a value share it, so writing stops as soon as the whole is too long. */
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
  // `map` would skip holes; this loop reads them as undefined, which is not JSON.
  for (const member of value) members.push(write(member, depth + 1, budget));
  return `[${members.join(",")}]`;
}

function writeObject(value: object, depth: number, budget: Budget): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new Refused("not_json");
  const members: string[] = [];
  // `<` compares UTF-16 code units, which is the order that RFC 8785 §3.2.3 requires.
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
 * Length of a text in UTF-8 bytes. A lone surrogate counts as three bytes, the length of its replacement character.
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
