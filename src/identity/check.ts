/** Compares the rows of an identity object with those of D1, range by range: first by count and digest, then row by row. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { AppliedObservation } from "../core/index.ts";
import type { IdentityStore } from "./store/index.ts";

/** Count and digest of a range. */
export interface RangeDigest {
  readonly count: number;
  /** SHA-256 over the rows, in the order of their keys. */
  readonly digest: string;
}

/** Calculates count and digest of the observations of a range, in the order of their keys. Both sides use it. */
export function digestRange(rows: readonly AppliedObservation[]): RangeDigest {
  const text = rows
    .map(({ attackerUuid, primitive, evidenceRef, ts, id, value }) =>
      JSON.stringify([attackerUuid, primitive, evidenceRef, ts, id, value]),
    )
    .join("\n");
  return { count: rows.length, digest: bytesToHex(sha256(utf8ToBytes(text))) };
}

/** Whether the count of every state equals the number of stored observations. */
export function areCountsRight(store: IdentityStore): boolean {
  const counts = store.observations.counts();
  const states = store.attributions();
  return (
    states.length === counts.size &&
    states.every(({ primitive, observationCount }) => counts.get(primitive) === observationCount)
  );
}
