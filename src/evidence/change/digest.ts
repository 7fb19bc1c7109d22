/** Shortens long values: only a digest of them is kept, which is equal if and only if the values are, but for chance. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { type JsonValue, utf8Length } from "../../core/index.ts";
import { CHANGE } from "../constants.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { encodeUtf8, latinText, MOST_BYTES_PER_UNIT } from "./utf8.ts";

/** The first character of a kept text that is a digest. No JSON begins with it. */
const MARK = "#";
const DIGEST_BYTES = 16;
/** Stands before a digest, in place of the length of a text. */
const DIGEST_FOLLOWS = 0xff;

/** Cache of digests by text: hashes are often longer than the limit and often repeated, and a SHA-256 takes longer than the rest of a step. */
const digests = new Map<string, string>();
/** Maximum number of cached digests. A text has at most 4 KB. */
const DIGESTS_CACHED = 500;

/**
 * What is kept of a value: the text itself, or `#` and a character for each byte of its digest.
 * @param text - canonical JSON
 */
export function keptText(text: string): string {
  if (text.length * MOST_BYTES_PER_UNIT < CHANGE.digestFrom) return text;
  if (text.length < CHANGE.digestFrom && utf8Length(text) < CHANGE.digestFrom) return text;
  const known = digests.get(text);
  if (known !== undefined) return known;
  const digest = MARK + latinText(sha256(encodeUtf8(text)), 0, DIGEST_BYTES);
  if (digests.size >= DIGESTS_CACHED) digests.clear();
  digests.set(text, digest);
  return digest;
}

/** The value of a kept text, or its digest. */
export function valueOfKept(kept: string): JsonValue {
  if (kept.startsWith(MARK)) {
    const bytes = Uint8Array.from(kept.slice(MARK.length), (character) => character.charCodeAt(0));
    return { digest: bytesToHex(bytes) };
  }
  const value: JsonValue = JSON.parse(kept);
  return value;
}

/** @param kept - what `keptText` returned */
export function writeKept(writer: ByteWriter, kept: string): void {
  if (!kept.startsWith(MARK)) {
    writer.text(kept);
    return;
  }
  writer.byte(DIGEST_FOLLOWS);
  writer.latin(kept.slice(MARK.length));
}

/** What `writeKept` wrote. @throws RangeError if the bytes end too early */
export function readKept(reader: ByteReader): string {
  const length = reader.byte();
  return length === DIGEST_FOLLOWS ? MARK + reader.latin(DIGEST_BYTES) : reader.text(length);
}
