/**
 * `cognitive.command_words`: the first words of a session's commands, in order, each as a salted hash. Evidence compares the bags of words
 * of an identity's sessions. The words themselves leave this file only as hashes.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { LIMITS } from "../core/index.ts";
import type { CommandShape } from "./command-shape.ts";
import type { Finding } from "./observation.ts";
import { READING_CONFIDENCE } from "./thresholds.ts";

/** Bytes of a hash that are kept: 64 bits. */
const HASH_BYTES = 8;
/** Words of a bag: as many as fit into a value. Each is 16 digits with quotes and a comma; two brackets, and no comma at the end. */
const MOST_WORDS = Math.floor((LIMITS.value - 1) / (2 * HASH_BYTES + 3));
/** Hashes that are remembered. Logs repeat few words; the limit bounds the memory for logs that do not. */
const MOST_REMEMBERED = 10_000;

/** The hash of a word: 16 hexadecimal digits. */
export type WordHash = (word: string) => string;

/**
 * The hash of words under a secret: the first 64 bits of HMAC-SHA256.
 * @param secret - `WORD_SECRET`; null or empty for no hash, so that no words are sent
 * @example wordHashOf("secret")?.("uname") // 16 digits, the same each time
 */
export function wordHashOf(secret: string | null): WordHash | null {
  if (secret === null || secret === "") return null;
  const key = utf8ToBytes(secret);
  const known = new Map<string, string>();
  return (word) => {
    const found = known.get(word);
    if (found !== undefined) return found;
    const digits = bytesToHex(hmac(sha256, key, utf8ToBytes(word)).subarray(0, HASH_BYTES));
    if (known.size >= MOST_REMEMBERED) known.clear();
    known.set(word, digits);
    return digits;
  };
}

/**
 * The bag of a session's words; none without a hash or without a command. Empty lines are left out. The word `?` stands for all first
 * words that are not plain, and counts as a word. Only the first `MOST_WORDS` are sent.
 */
export function wordFindings(shapes: readonly CommandShape[], hash: WordHash | null): Finding[] {
  if (hash === null) return [];
  const value = shapes
    .filter(({ word }) => word !== "")
    .slice(0, MOST_WORDS)
    .map(({ word }) => hash(word));
  if (value.length === 0) return [];
  return [{ primitive: "cognitive.command_words", value, confidence: READING_CONFIDENCE, part: "commands" }];
}

/** What a masked recording has in place of each letter and each digit. */
const MASKS = /[a0]/g;
/** A letter or digit that is left without the masks: the recording is not masked. */
const UNMASKED = /[\p{L}\p{N}]/u;

/** Whether the letters of a recording may be masked: then its words say nothing. */
export function isMasked(texts: readonly string[]): boolean {
  return texts.every((text) => !UNMASKED.test(text.replaceAll(MASKS, "")));
}
