/** The two random numbers of an observation. They come from a keyed hash of its key: a sender cannot steer them, a replay gives the same. */
import { sha256 } from "@noble/hashes/sha2.js";
import { type SipKey, sipHash, sipKey } from "./siphash.ts";
import { encodeUtf8 } from "./utf8.ts";

/** Numbers between 0 and 1, both excluded: `u` breaks ties of ranks, `v` decides which member leaves the reservoir. */
export interface Draw {
  readonly u: number;
  readonly v: number;
}

const HALVES = 2 ** 32;

/** The key of a secret: the first 16 bytes of its SHA-256. */
export function keyOf(secret: string): SipKey {
  return sipKey(sha256(encodeUtf8(secret)).subarray(0, 16));
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
  const { low, high } = sipHash(key, encodeUtf8(text));
  return { u: (low + 0.5) / HALVES, v: (high + 0.5) / HALVES };
}
