/** What a state depends on besides the observations, and the stamps that tell whether it was computed with it. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { canonicalJson } from "../../core/index.ts";
import type { ChangeKind, SipKey, StepConstants } from "../change/index.ts";
import { CHANGE, type EvidenceConstants, NOTED_AT } from "../constants.ts";

/** Bytes of a stamp. */
export const STAMP_BYTES = 8;
/** Hex digits that identify a secret or constants in an explanation. */
const CHECK_DIGITS = 8;

/** By what a series is stepped through. Two with equal stamps give the same states. */
export interface Rules {
  readonly key: SipKey;
  readonly step: StepConstants;
  /** Identifies the secret, the threshold, the constants of the detector, and the kind. */
  readonly stamps: Readonly<Record<ChangeKind, Uint8Array>>;
  /** Identifies the secret without revealing it: 8 hex digits. */
  readonly secretCheck: string;
  /** Identifies the constants of the detector: 8 hex digits. */
  readonly constantsDigest: string;
}

/** @param key - of the secret */
export function rulesOf({ threshold }: EvidenceConstants, key: SipKey): Rules {
  const secretCheck = digestOf(["evidence secret", ...key]).slice(0, CHECK_DIGITS);
  const constantsDigest = digestOf(CHANGE).slice(0, CHECK_DIGITS);
  const stampOf = (kind: ChangeKind) => stamp([secretCheck, threshold, constantsDigest, kind]);
  return {
    key,
    step: { threshold, notedAt: NOTED_AT },
    stamps: { numeric: stampOf("numeric"), categorical: stampOf("categorical"), hash: stampOf("hash") },
    secretCheck,
    constantsDigest,
  };
}

/** The stamp of a JSON value. */
function stamp(content: unknown): Uint8Array {
  return sha256(utf8ToBytes(digestOf(content))).slice(0, STAMP_BYTES);
}

/** Whether two stamps are equal. */
export function hasStamp(stamped: Uint8Array, expected: Uint8Array): boolean {
  for (let i = 0; i < STAMP_BYTES; i++) if (stamped[i] !== expected[i]) return false;
  return true;
}

function digestOf(content: unknown): string {
  const canonical = canonicalJson(content);
  if (!canonical.ok) throw new TypeError(`what is stamped must be JSON: ${canonical.reason}`);
  return bytesToHex(sha256(utf8ToBytes(canonical.text)));
}
