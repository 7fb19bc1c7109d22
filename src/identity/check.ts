/** Compares the rows of an identity object with those of D1, range by range: first by count and digest, then row by row. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { type AppliedObservation, compareUtf8, type ObservationKey } from "../core/index.ts";
import { type CheckAnswer, CHECKED_ROWS } from "./protocol.ts";
import type { IdentityStore, RowRange } from "./store/index.ts";

/** Count and digest of a range. */
export interface RangeDigest {
  readonly count: number;
  /** SHA-256 over the rows, in the order of their keys. */
  readonly digest: string;
}

/** Calculates count and digest of the observations of a range, given in any order. Both sides use it. */
export function digestRange(rows: readonly AppliedObservation[]): RangeDigest {
  const text = rows
    .toSorted(compareKeys)
    .map(({ attackerUuid, primitive, evidenceRef, ts, id, value }) =>
      JSON.stringify([attackerUuid, primitive, evidenceRef, ts, id, value]),
    )
    .join("\n");
  return { count: rows.length, digest: bytesToHex(sha256(utf8ToBytes(text))) };
}

/** Compares the session rows of a range with what D1 has there; answers with the first ones if they differ. */
export function checkRange(store: IdentityStore, range: RowRange, expected: RangeDigest): CheckAnswer {
  const rows: AppliedObservation[] = [];
  for (const { cursor, observations } of store.isEmpty ? [] : store.observations.range(range)) {
    rows.push(...observations);
    if (rows.length >= CHECKED_ROWS && rows.length > expected.count)
      return { outcome: "differs", rows, through: cursor };
  }
  const { count, digest } = digestRange(rows);
  if (count === expected.count && digest === expected.digest) return { outcome: "same" };
  return { outcome: "differs", rows, through: null };
}

function compareKeys(a: ObservationKey, b: ObservationKey): number {
  return (
    compareUtf8(a.attackerUuid, b.attackerUuid) ||
    compareUtf8(a.primitive, b.primitive) ||
    compareUtf8(a.evidenceRef, b.evidenceRef)
  );
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
