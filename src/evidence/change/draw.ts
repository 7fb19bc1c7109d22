/** The two random numbers of an observation. They come from a keyed hash of its key: a sender cannot steer them, a replay gives the same. */
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { type SipKey, sipHash, sipKey } from "./siphash.ts";
import { MOST_BYTES_PER_UNIT, writeUtf8 } from "./utf8.ts";

/** Numbers between 0 and 1, both excluded: `u` breaks ties of ranks, `v` decides which member leaves the reservoir. */
export interface Draw {
  readonly u: number;
  readonly v: number;
}

const HALVES = 2 ** 32;

/** The bytes that are hashed; grows with the longest text. */
let buffer = new Uint8Array(4_096);

/** The key of a secret: the first 16 bytes of its SHA-256. */
export function keyOf(secret: string): SipKey {
  return sipKey(sha256(utf8ToBytes(secret)).subarray(0, 16));
}

/**
 * The draw of an observation: SipHash of the canonical JSON of `[attackerUuid, primitive, evidenceRef]`.
 * @example drawOf(keyOf("secret"), "44dcda6a-0000-4000-8000-8775a8501e2c", "motor.input_modality", "session:1") // { u: 0.…, v: 0.… }
 */
export function drawOf(key: SipKey, attackerUuid: string, primitive: string, evidenceRef: string): Draw {
  return drawOfText(key, JSON.stringify([attackerUuid, primitive, evidenceRef]));
}

/**
 * The draw of a text.
 * @param text - canonical JSON of the key
 */
export function drawOfText(key: SipKey, text: string): Draw {
  const most = text.length * MOST_BYTES_PER_UNIT;
  if (buffer.length < most) buffer = new Uint8Array(most);
  const { low, high } = sipHash(key, buffer, writeUtf8(text, buffer, 0));
  return { u: (low + 0.5) / HALVES, v: (high + 0.5) / HALVES };
}
