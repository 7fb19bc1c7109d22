/**
 * Reads the sessions' values into columns: numbers as one matrix, other kinds as codes. This is where missing values, values that do not
 * fit their kind and the number of traits are dealt with; behind it everything is finite.
 */
import {
  canonicalJson,
  isInformative,
  type JsonValue,
  mergeKindOf,
  type ValueKind,
} from "../../core/index.ts";
import { OPERATORS } from "../constants.ts";
import { type Numbers, numbersOf } from "./numbers.ts";

/** The values of one session, by primitive. */
export type SessionValues = Readonly<Record<string, JsonValue>>;

/** The kind of each primitive. A primitive that is not in it is categorical. */
export type Kinds = Readonly<Record<string, ValueKind>>;

/** The values of one primitive that are not numbers. */
export interface Category {
  readonly kind: "categorical" | "hash";
  /** Per session the number of its value, by first appearance; −1 if missing. */
  readonly codes: Int32Array;
  /** Distinct values, ≥ 1. */
  readonly values: number;
}

/** What the model is fitted to. */
export interface Traits {
  readonly sessions: number;
  /** Primitives seen, constants counted. */
  readonly primitives: number;
  /** Null if no number varies. */
  readonly numbers: Numbers | null;
  readonly categories: readonly Category[];
}

/**
 * Reads the traits of the sessions. Of more than `OPERATORS.traits` primitives those seen most often are taken (tie: by name).
 * @param sessions - at most `OPERATORS.sessions`, in their order
 */
export function traitsOf(sessions: readonly SessionValues[], kinds: Kinds): Traits {
  const seen = new Map<string, (string | null)[]>();
  for (const [i, values] of sessions.entries()) {
    for (const [primitive, value] of Object.entries(values)) {
      const text = informative(primitive, value, kinds);
      if (text === null) continue;
      let column = seen.get(primitive);
      if (!column) seen.set(primitive, (column = Array.from(sessions, () => null)));
      column[i] = text;
    }
  }
  const taken = mostSeen(seen).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const numbers: Float64Array[] = [];
  const categories: Category[] = [];
  for (const [primitive, column] of taken) {
    const kind = kindOf(primitive, kinds);
    if (kind === "numeric") numbers.push(Float64Array.from(column, numberOf));
    else categories.push(categoryOf(kind, column));
  }
  return {
    sessions: sessions.length,
    primitives: taken.length,
    numbers: numbersOf(numbers, sessions.length),
    categories,
  };
}

/** How a primitive is compared. */
export function kindOf(primitive: string, kinds: Kinds): "numeric" | "categorical" | "hash" {
  const kind = Object.hasOwn(kinds, primitive) ? kinds[primitive] : undefined;
  const mergeKind = kind === undefined ? "categorical" : mergeKindOf(kind);
  return mergeKind === "bag" ? "categorical" : mergeKind;
}

/** The canonical JSON of a value that takes part, or null: an abstention, a value that does not fit its kind, null, or no JSON. */
export function informative(primitive: string, value: JsonValue | undefined, kinds: Kinds): string | null {
  if (value === undefined || value === null) return null;
  const canonical = canonicalJson(value);
  return canonical.ok && isInformative(kindOf(primitive, kinds), canonical.text) ? canonical.text : null;
}

/** The number that a text stands for; a boolean is 1 or 0, as for the states. NaN if missing. */
export function numberOf(text: string | null): number {
  if (text === null) return NaN;
  if (text === "true") return 1;
  return text === "false" ? 0 : Number(text);
}

function mostSeen(columns: ReadonlyMap<string, (string | null)[]>): [string, (string | null)[]][] {
  const all = [...columns];
  if (all.length <= OPERATORS.traits) return all;
  const counts = new Map(all.map(([name, column]) => [name, column.filter((text) => text !== null).length]));
  const countOf = (name: string): number => counts.get(name) ?? 0;
  return all.toSorted(([a], [b]) => countOf(b) - countOf(a) || (a < b ? -1 : 1)).slice(0, OPERATORS.traits);
}

function categoryOf(kind: "categorical" | "hash", column: readonly (string | null)[]): Category {
  const known = new Map<string, number>();
  const codes = Int32Array.from(column, (text) => {
    if (text === null) return -1;
    const code = known.get(text) ?? known.size;
    known.set(text, code);
    return code;
  });
  return { kind, codes, values: known.size };
}
