/**
 * What is kept of a series in the row of its state, as bytes: a head, the state of the current regime, the last checkpoints, and the lengths
 * of all of them. The head begins with fields at fixed places, so that they can be read without the rest. Checkpoints are passed on as
 * they are.
 */
import type { PlaceInSeries } from "../../core/index.ts";
import { ByteReader, ByteWriter, type ChangeKind, Regime } from "../change/index.ts";
import { CHANGE } from "../constants.ts";
import { hasStamp, type Rules, STAMP_BYTES } from "./rules.ts";
import type { Start } from "./start.ts";

/** First byte: the format. Second byte: what it holds. */
export const KEPT_VERSION = 1;
const SERIES = 1;
/** A series with one observation that counts, of which only the time is kept: the row of its state holds it. Most series never have another. */
const SINGLE = 3;
const KINDS: readonly ChangeKind[] = ["numeric", "categorical", "hash"];
/** Places in the bytes: the kind, the stamp, e, the start and the time of the last change. */
const KIND_AT = 2;
const STAMP_AT = 3;
const E_AT = STAMP_AT + STAMP_BYTES;
const SINCE_AT = E_AT + 8;
const CHANGED_AT = SINCE_AT + 8;
/** Lengths at the end, two bytes each: of the current regime and of each checkpoint; 0 if there is none. */
const LENGTHS = 1 + CHANGE.checkpoints;
/** All heads are written by it, one after the other. */
const writer = new ByteWriter();

/** What a reader of many series needs. */
export interface SeriesFigures {
  readonly e: number;
  /** Likeliest start of the last change that stands, and the time at which it was found, epoch seconds; null if there is none. */
  readonly changedSinceTs: number | null;
  readonly changedTs: number | null;
}

/** All that is kept of a series. Plain data but for the bytes. */
export interface SeriesState extends SeriesFigures {
  readonly kind: ChangeKind;
  readonly stamp: Uint8Array;
  /** Number of entries. */
  readonly entries: number;
  readonly start: Start | null;
  /** The first observation of the current regime; null if it has none. */
  readonly first: PlaceInSeries | null;
  /** The last observation that counted; null if there is none. */
  readonly last: PlaceInSeries | null;
  /** The current regime. */
  readonly now: Uint8Array;
  /** Oldest first. */
  readonly checkpoints: readonly Uint8Array[];
  /** Time of the only observation that has counted (epoch seconds), if nothing but that is kept: the state is then one without it. */
  readonly singleTs: number | null;
}

/** A state at a multiple of `CHANGE.checkpointEvery` observations of its regime. */
export interface Checkpoint {
  /** Number of entries before it, which is also the number of its regime. */
  readonly entries: number;
  /** The last observation that it has taken. */
  readonly last: PlaceInSeries;
  readonly regime: Uint8Array;
}

/** The first observation says nothing of a change. */
const SINGLE_FIGURES: SeriesFigures = { e: 1, changedSinceTs: null, changedTs: null };
/** It was computed by no rules. */
const NO_STAMP = new Uint8Array();

/** Fresh bytes of a series of one observation. @param ts - of the only observation that counts, epoch seconds */
export function writeSingle(kind: ChangeKind, ts: number): Uint8Array {
  writer.start();
  writer.byte(KEPT_VERSION);
  writer.byte(SINGLE);
  writer.byte(KINDS.indexOf(kind));
  writer.float(ts);
  return writer.finish();
}

/** Fresh bytes of a series. */
export function writeSeries(state: Omit<SeriesState, "singleTs">): Uint8Array {
  writer.start();
  writer.byte(KEPT_VERSION);
  writer.byte(SERIES);
  writer.byte(KINDS.indexOf(state.kind));
  for (let i = 0; i < STAMP_BYTES; i++) writer.byte(state.stamp[i] ?? 0);
  writer.float(state.e);
  writer.float(state.changedSinceTs ?? Number.NaN);
  writer.float(state.changedTs ?? Number.NaN);
  writer.whole(state.entries);
  const texts: string[] = [];
  writePlace(state.first, texts);
  writePlace(state.last, texts);
  writePlace(state.start, texts);
  writer.byte(state.start?.isAfter === true ? 1 : 0);
  return join(writer.finish(), [state.now, ...state.checkpoints]);
}

/** @returns null if the bytes hold something else, or are of another version */
export function readSeries(bytes: Uint8Array): SeriesState | null {
  if (holdsSingle(bytes)) return readSingle(bytes);
  if (!holdsSeries(bytes)) return null;
  const { head, ...parts } = splitSeries(bytes);
  const kind = KINDS[head[KIND_AT] ?? -1];
  if (!kind) throw new RangeError(`damaged series: kind ${head[KIND_AT]}`);
  const reader = new ByteReader(head);
  for (let i = 0; i < STAMP_AT; i++) reader.byte();
  const stamp = Uint8Array.from({ length: STAMP_BYTES }, () => reader.byte());
  const e = reader.float();
  const changedSinceTs = reader.floatOrNull();
  const changedTs = reader.floatOrNull();
  const entries = reader.whole();
  const texts: string[] = [];
  const first = readPlace(reader, texts);
  const last = readPlace(reader, texts);
  const place = readPlace(reader, texts);
  const isAfter = reader.byte() === 1;
  reader.end();
  const start = place && { ...place, isAfter };
  return { kind, stamp, e, changedSinceTs, changedTs, entries, start, first, last, ...parts, singleTs: null };
}

function readSingle(bytes: Uint8Array): SeriesState {
  const reader = new ByteReader(bytes);
  for (let i = 0; i < KIND_AT; i++) reader.byte();
  const kind = KINDS[reader.byte()];
  if (!kind) throw new RangeError(`damaged series: kind ${bytes[KIND_AT]}`);
  const singleTs = reader.float();
  reader.end();
  const now = Regime.empty(kind).write();
  const places = { start: null, first: null, last: null };
  return { kind, stamp: NO_STAMP, ...SINGLE_FIGURES, entries: 0, ...places, now, checkpoints: [], singleTs };
}

/** Whether a state was computed by some rules; one of a single observation is the same by all. */
export function isFollowedBy({ kind, stamp, singleTs }: SeriesState, rules: Rules): boolean {
  return singleTs !== null || hasStamp(stamp, rules.stamps[kind]);
}

/** The head and the states, which are views of the bytes. */
export function splitSeries(bytes: Uint8Array): {
  head: Uint8Array;
  now: Uint8Array;
  checkpoints: Uint8Array[];
} {
  const { head, parts } = split(bytes);
  const [now, ...checkpoints] = parts;
  if (!now) throw new RangeError("damaged series: it has no state");
  return { head, now, checkpoints };
}

/** Reads only the fields that have fixed places. @returns null if the bytes hold something else, or are of another version */
export function readFigures(bytes: Uint8Array): SeriesFigures | null {
  if (holdsSingle(bytes)) return SINGLE_FIGURES;
  if (!holdsSeries(bytes)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    e: view.getFloat64(E_AT, true),
    changedSinceTs: nullIfNaN(view.getFloat64(SINCE_AT, true)),
    changedTs: nullIfNaN(view.getFloat64(CHANGED_AT, true)),
  };
}

/** Fresh bytes of a checkpoint. */
export function writeCheckpoint({ entries, last, regime }: Checkpoint): Uint8Array {
  writer.start();
  writer.whole(entries);
  writePlace(last, []);
  return join(writer.finish(), [regime]);
}

/** What `writeCheckpoint` wrote. @throws RangeError if the bytes are damaged */
export function readCheckpoint(bytes: Uint8Array): Checkpoint {
  const { head, parts } = split(bytes);
  const reader = new ByteReader(head);
  const entries = reader.whole();
  const last = readPlace(reader, []);
  reader.end();
  const [regime] = parts;
  if (!last || !regime) throw new RangeError("damaged checkpoint: it has no place or no state");
  return { entries, last, regime };
}

function holdsSingle(bytes: Uint8Array): boolean {
  return bytes[0] === KEPT_VERSION && bytes[1] === SINGLE;
}

function holdsSeries(bytes: Uint8Array): boolean {
  return bytes[0] === KEPT_VERSION && bytes[1] === SERIES;
}

/** The head, then the parts, then their lengths. */
function join(head: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length > LENGTHS) throw new RangeError(`at most ${LENGTHS} states are kept, got ${parts.length}`);
  let length = head.length + 2 * LENGTHS;
  for (const part of parts) length += part.length;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  bytes.set(head);
  let at = head.length;
  for (const [i, part] of parts.entries()) {
    bytes.set(part, at);
    at += part.length;
    view.setUint16(length - 2 * (LENGTHS - i), part.length, true);
  }
  return bytes;
}

function split(bytes: Uint8Array): { head: Uint8Array; parts: Uint8Array[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  let end = bytes.length - 2 * LENGTHS;
  for (let i = LENGTHS - 1; i >= 0; i--) {
    const length = view.getUint16(bytes.length - 2 * (LENGTHS - i), true);
    if (length > end) throw new RangeError(`damaged series: a state of ${length} bytes in ${end}`);
    if (length > 0) parts.unshift(bytes.subarray(end - length, end));
    end -= length;
  }
  return { head: bytes.subarray(0, end), parts };
}

/** @param texts - those that were written before; one that is among them is written as its number */
function writePlace(place: PlaceInSeries | null, texts: string[]): void {
  writer.byte(place === null ? 0 : 1);
  if (place === null) return;
  writer.float(place.ts);
  writeText(place.evidenceRef, texts);
  writeText(place.attackerUuid, texts);
}

function readPlace(reader: ByteReader, texts: string[]): PlaceInSeries | null {
  if (reader.byte() === 0) return null;
  const ts = reader.float();
  const evidenceRef = readText(reader, texts);
  const attackerUuid = readText(reader, texts);
  return { ts, evidenceRef, attackerUuid };
}

function writeText(text: string, texts: string[]): void {
  const known = texts.indexOf(text);
  writer.byte(known < 0 ? texts.length : known);
  if (known >= 0) return;
  writer.longText(text);
  texts.push(text);
}

function readText(reader: ByteReader, texts: string[]): string {
  const number = reader.byte();
  if (number === texts.length) texts.push(reader.longText());
  return texts[number] ?? "";
}

function nullIfNaN(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
