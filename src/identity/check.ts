/** Comparing what an identity object holds with what D1 does, a range at a time: by count and digest first, then by row. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { AppliedObservation } from "../core/index.ts";
import type { IdentityStore } from "./store/index.ts";

/** What the observations of a range amount to. */
export interface RangeDigest {
  readonly count: number;
  /** SHA-256 over the rows, in the order of their keys. */
  readonly digest: string;
}

/** Counts and digests the observations of a range, in the order of their keys; both sides do it alike. */
export function digestRange(rows: readonly AppliedObservation[]): RangeDigest {
  const text = rows
    .map(({ attackerUuid, primitive, evidenceRef, ts, id, value }) =>
      JSON.stringify([attackerUuid, primitive, evidenceRef, ts, id, value]),
    )
    .join("\n");
  return { count: rows.length, digest: bytesToHex(sha256(utf8ToBytes(text))) };
}

/** Whether every primitive's state counts as many observations as are held. */
export function areCountsRight(store: IdentityStore): boolean {
  const counts = store.observations.counts();
  const states = store.attributions();
  return (
    states.length === counts.size &&
    states.every(({ primitive, observationCount }) => counts.get(primitive) === observationCount)
  );
}
