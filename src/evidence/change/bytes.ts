/** Writes and reads packed numbers and texts, with a checksum behind them. The layout is the caller's. */
import { utf8Length } from "../../core/index.ts";
import { latinText, readUtf8, writeUtf8 } from "./utf8.ts";

const CHECKSUM_BYTES = 4;

/** Most bytes that a writer takes. */
const MOST_BYTES = 8_192;

/** Is used again and again: `finish` returns a copy of what was written since the last one. */
export class ByteWriter {
  readonly #bytes = new Uint8Array(MOST_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** Begins anew, also after a write that threw. */
  start(): void {
    this.#at = 0;
  }

  byte(value: number): void {
    this.#view.setUint8(this.#at++, value);
  }

  float(value: number): void {
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  /** A whole number from 0 to 2^53, seven bits per byte, lowest first. */
  whole(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.byte(rest);
  }

  /** A text of at most 127 bytes. */
  text(text: string): void {
    const end = writeUtf8(text, this.#bytes, this.#at + 1);
    const length = end - this.#at - 1;
    if (length > 0x7f) throw new RangeError(`a text of at most 127 bytes is expected, got ${length}`);
    this.byte(length);
    this.#at = end;
  }

  /** A text of any length that fits. */
  longText(text: string): void {
    this.whole(utf8Length(text));
    this.#at = writeUtf8(text, this.#bytes, this.#at);
  }

  /** A text whose characters are bytes, without its length. */
  latin(text: string): void {
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
  }

  /** The bytes written, and their checksum. */
  finish(): Uint8Array {
    this.#view.setInt32(this.#at, checksum(this.#view, this.#at), true);
    return this.#bytes.slice(0, this.#at + CHECKSUM_BYTES);
  }
}

/** Reads what a `ByteWriter` wrote. Every method throws if the bytes end too early. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  #at = 0;

  /** @throws RangeError if the checksum is not that of the bytes */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.length - CHECKSUM_BYTES;
    if (this.#end < 0) throw new RangeError(`damaged state: it has ${bytes.length} bytes, too few`);
    if (this.#view.getInt32(this.#end, true) !== checksum(this.#view, this.#end))
      throw new RangeError("damaged state: its checksum is another one");
  }

  byte(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  float(): number {
    return this.#view.getFloat64(this.#advance(8), true);
  }

  finite(): number {
    const value = this.float();
    if (!Number.isFinite(value)) throw new RangeError(`damaged state: ${value} should be finite`);
    return value;
  }

  /** A float, or null if it is NaN. */
  floatOrNull(): number | null {
    const value = this.float();
    return Number.isNaN(value) ? null : value;
  }

  whole(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (value > Number.MAX_SAFE_INTEGER) throw new RangeError("damaged state: a number is too large");
      if (byte < 0x80) return value;
    }
  }

  /** @param length - bytes of the text, which `text` wrote before it */
  text(length: number): string {
    const from = this.#advance(length);
    return readUtf8(this.#bytes, from, from + length);
  }

  /** What `longText` wrote. */
  longText(): string {
    return this.text(this.whole());
  }

  /** @param length - characters that were written by `latin` */
  latin(length: number): string {
    const from = this.#advance(length);
    return latinText(this.#bytes, from, from + length);
  }

  /** @throws RangeError if bytes are left */
  end(): void {
    if (this.#at !== this.#end) throw new RangeError(`damaged state: ${this.#end - this.#at} bytes are left`);
  }

  #advance(bytes: number): number {
    const from = this.#at;
    this.#at += bytes;
    if (this.#at > this.#end) throw new RangeError("damaged state: it ends too early");
    return from;
  }
}

/**
 * Returns a number that lies between 0 and a limit.
 * @throws RangeError if it does not
 */
export function within(value: number, most: number): number {
  if (!(value >= 0 && value <= most))
    throw new RangeError(`damaged state: ${value} should be between 0 and ${most}`);
  return value;
}

/** 32 bits that change if any four bytes in a row do. They find accidents, not attacks. */
function checksum(view: DataView, length: number): number {
  let sum = 0x811c9dc5 ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) sum = Math.imul(sum ^ view.getInt32(at, true), 0x01000193);
  for (; at < length; at++) sum = Math.imul(sum ^ view.getUint8(at), 0x01000193);
  return sum;
}
