/**
 * The body of a session row: its observations as columns of one JSON text, packed. Pointers, sources, times and identity references are
 * listed once each and named by their index.
 */
import type { Observation } from "../../core/index.ts";
import { pack, unpack } from "../packed.ts";

/** An observation as it is stored. */
export interface RecordedObservation {
  readonly observation: Observation;
  /** Whether its value is not in the registry's list. */
  readonly isUnlisted: boolean;
}

/**
 * A value inside the body's JSON: itself, which packs better than its text would, or its text in an object. An object stands as its
 * text, because its keys may come out of JSON.parse in another order.
 */
type StoredValue = string | number | boolean | readonly unknown[] | { readonly text: string };

type Columns = readonly [
  // Lists: pointers, sources, times (epoch seconds), identity references.
  refs: readonly string[],
  sources: readonly string[],
  times: readonly number[],
  identities: readonly string[],
  // Per observation.
  primitives: readonly string[],
  ref: readonly number[],
  ids: readonly string[],
  values: readonly StoredValue[],
  confidences: readonly number[],
  ts: readonly number[],
  windowStart: readonly number[],
  windowEnd: readonly number[],
  source: readonly number[],
  /** Index of the identity reference + 1; 0 for none. */
  identity: readonly number[],
  /** 1 if unlisted. */
  unlisted: readonly number[],
];

/** A list of distinct entries, and the index of each. */
class Listed<T> {
  readonly list: T[] = [];
  readonly #indexes = new Map<T, number>();

  indexOf(entry: T): number {
    const known = this.#indexes.get(entry);
    if (known !== undefined) return known;
    this.#indexes.set(entry, this.list.length);
    return this.list.push(entry) - 1;
  }
}

/** Observations of one attacker as the hexadecimal digits of a body. */
export function encodeSession(recorded: readonly RecordedObservation[]): string {
  const [refs, sources, times, identities] = [
    new Listed<string>(),
    new Listed<string>(),
    new Listed<number>(),
    new Listed<string>(),
  ];
  const rows = recorded.map(({ observation }) => observation);
  const body: Columns = [
    refs.list,
    sources.list,
    times.list,
    identities.list,
    rows.map(({ primitive }) => primitive),
    rows.map(({ evidenceRef }) => refs.indexOf(evidenceRef)),
    rows.map(({ id }) => id),
    rows.map(({ value }) => toStored(value)),
    rows.map(({ confidence }) => confidence),
    rows.map(({ ts }) => times.indexOf(ts)),
    rows.map(({ windowStartTs }) => times.indexOf(windowStartTs)),
    rows.map(({ windowEndTs }) => times.indexOf(windowEndTs)),
    rows.map(({ source }) => sources.indexOf(source)),
    rows.map(({ identityRef }) => (identityRef === null ? 0 : identities.indexOf(identityRef) + 1)),
    recorded.map(({ isUnlisted }) => (isUnlisted ? 1 : 0)),
  ];
  return pack(JSON.stringify(body));
}

/**
 * The observations of a body.
 * @param hex - hexadecimal digits
 * @throws Error if the body is damaged or of another format
 */
export function decodeSession(attackerUuid: string, hex: string): RecordedObservation[] {
  // Written by `encodeSession` alone; the format byte tells another one apart. Checking every field would double the time.
  // eslint-disable-next-line typescript/no-unsafe-type-assertion
  const body = JSON.parse(unpack(hex)) as Columns;
  const [refs, sources, times, identities, primitives, ref, ids, values, confidences, ...more] = body;
  const [ts, start, end, source, identity, unlisted] = more;
  return primitives.map((primitive, i) => ({
    observation: {
      id: at(ids, i),
      attackerUuid,
      primitive,
      value: toText(at(values, i)),
      confidence: at(confidences, i),
      windowStartTs: at(times, at(start, i)),
      windowEndTs: at(times, at(end, i)),
      source: at(sources, at(source, i)),
      evidenceRef: at(refs, at(ref, i)),
      ts: at(times, at(ts, i)),
      identityRef: at(identity, i) === 0 ? null : at(identities, at(identity, i) - 1),
    },
    isUnlisted: at(unlisted, i) === 1,
  }));
}

/**
 * The values of a body's observations of some primitives, as canonical JSON, in no particular order.
 * @param hex - hexadecimal digits
 * @throws Error if the body is damaged or of another format
 */
export function decodeValues(hex: string, isWanted: (primitive: string) => boolean): string[] {
  // As in `decodeSession`.
  // eslint-disable-next-line typescript/no-unsafe-type-assertion
  const [, , , , primitives, , , values] = JSON.parse(unpack(hex)) as Columns;
  return primitives.flatMap((primitive, i) => (isWanted(primitive) ? [toText(at(values, i))] : []));
}

/** @param text - canonical JSON */
function toStored(text: string): StoredValue {
  // Most values are short strings, whose text without escapes needs no parsing.
  if (text.startsWith('"') && !text.includes("\\")) return text.slice(1, -1);
  if (text.includes("{")) return { text };
  const value: unknown = JSON.parse(text);
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return Array.isArray(value) ? value : { text };
}

function toText(value: StoredValue): string {
  return isText(value) ? value.text : JSON.stringify(value);
}

function isText(value: StoredValue): value is { readonly text: string } {
  return typeof value === "object" && !Array.isArray(value);
}

function at<T>(list: readonly T[] | undefined, i: number): T {
  const entry = list?.[i];
  if (entry === undefined) throw new RangeError(`a session's body must have an entry ${i} in each column`);
  return entry;
}
