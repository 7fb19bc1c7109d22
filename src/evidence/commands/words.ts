/** Words of a bag: what they are counted by, and how often each is used in a session. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { COMMANDS } from "../constants.ts";

/** Bytes of a key. */
export const KEY_BYTES = 8;

const HASHED = /^[0-9a-f]{16}$/;

/**
 * What a word is counted by: 16 hexadecimal digits. A hashed word is its own key; of any other text it is a 64-bit digest, so that texts of
 * any length take 8 bytes.
 */
export function wordKeyOf(word: string): string {
  return HASHED.test(word) ? word : bytesToHex(sha256(utf8ToBytes(word)).subarray(0, KEY_BYTES));
}

/**
 * The words of a bag; none of a value that is no bag, which a series has after the kind of its primitive was changed.
 * @param value - canonical JSON
 * @example wordsOfBag('["uname","cat"]') // ["uname", "cat"]
 */
export function wordsOfBag(value: string): string[] {
  if (!value.startsWith("[")) return [];
  const words: unknown = JSON.parse(value);
  return Array.isArray(words) && words.every((word) => typeof word === "string") ? words : [];
}

/** How often each distinct word is used, in the order of first use. */
export function usesOf(words: readonly string[]): Map<string, number> {
  const uses = new Map<string, number>();
  for (const word of words) uses.set(word, (uses.get(word) ?? 0) + 1);
  return uses;
}

/**
 * The share of a word over all identities.
 * @param uses - of the word; 0 if it is not known
 * @param allUses - of all words
 * @returns above 0 to 1
 */
export function shareOfUses(uses: number, allUses: number): number {
  return (uses + COMMANDS.usePrior) / (allUses + COMMANDS.allUsesPrior);
}
