/**
 * JSON texts as D1 stores many of them: deflated against a preset dictionary, behind one byte for the format. A binding would pass a blob
 * as a list of numbers, so blobs cross it as hexadecimal digits (`unhex` and `hex` in SQL).
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { DICTIONARY } from "./packed-dictionary.ts";

/** The format's first byte: raw deflate against `DICTIONARY`. Another dictionary needs another number. */
const FORMAT = 1;
/** Maximum bytes of an inflated text: far above what is ever written, so that a damaged blob cannot fill the memory. */
const MOST_BYTES = 64_000_000;
/** 6 is the usual trade: 9 saves less than 1 %, 1 costs 4 %. */
const LEVEL = 6;

const dictionary = new TextEncoder().encode(DICTIONARY);
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A text as the hexadecimal digits of its packed form. */
export function pack(text: string): string {
  const body = deflateRawSync(text, { dictionary, level: LEVEL });
  return `0${FORMAT}${bytesToHex(new Uint8Array(body.buffer, body.byteOffset, body.byteLength))}`;
}

/**
 * The text of a packed form.
 * @param hex - hexadecimal digits, upper or lower case
 * @throws Error if it is of another format, or damaged
 */
export function unpack(hex: string): string {
  const format = Number.parseInt(hex.slice(0, 2), 16);
  if (format !== FORMAT) throw new Error(`packed text must be of format ${FORMAT}, found ${format}`);
  return decoder.decode(
    inflateRawSync(hexToBytes(hex.slice(2)), { dictionary, maxOutputLength: MOST_BYTES }),
  );
}
