/** Writes and reads packed numbers and texts, with a checksum behind them. The layout is the caller's. */
import { MOST_BYTES_PER_UNIT, readUtf8, writeUtf8 } from "./utf8.ts";

const CHECKSUM_BYTES = 4;

/** Writes into a buffer that is used again by the next writer; `finish` returns a copy. */
export class ByteWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  /** @param buffer - has room for all that is written */
  constructor(buffer: ArrayBuffer) {
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
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

  /** A text of at most 255 bytes. */
  text(text: string): void {
    if (text.length * MOST_BYTES_PER_UNIT > this.#bytes.length - this.#at)
      throw new RangeError(`a text of ${text.length} characters does not fit in the buffer`);
    const end = writeUtf8(text, this.#bytes, this.#at + 1);
    this.byte(end - this.#at - 1);
    this.#at = end;
  }

  /** The bytes written, and their checksum. */
  finish(): Uint8Array {
    this.#view.setInt32(this.#at, checksum(this.#view, 0, this.#at), true);
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
    if (this.#view.getInt32(this.#end, true) !== checksum(this.#view, 0, this.#end))
      throw new RangeError("damaged state: its checksum is another one");
  }

  byte(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  float(): number {
    return this.#view.getFloat64(this.#advance(8), true);
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

  text(): string {
    const length = this.byte();
    const from = this.#advance(length);
    return readUtf8(this.#bytes, from, from + length);
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

/** 32 bits that change with every byte. They find accidents, not attacks. */
function checksum(view: DataView, from: number, to: number): number {
  let sum = 0x811c9dc5 | 0;
  let at = from;
  for (; at + 4 <= to; at += 4) sum = mix(sum, view.getInt32(at, true));
  for (; at < to; at++) sum = mix(sum, view.getUint8(at));
  return sum;
}

function mix(sum: number, word: number): number {
  const mixed = Math.imul(sum ^ word, 0x01000193);
  return mixed ^ (mixed >>> 15);
}
