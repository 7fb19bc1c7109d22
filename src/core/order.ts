/**
 * The orders of the contract: strings by their UTF-8 bytes (as SQLite compares them), series by
 * (`ts`, `evidence_ref`, `attacker_uuid`), arrivals by (`ts`, `evidence_ref`, `primitive`, `attacker_uuid`).
 */
import type { Member, Observation } from "./observation.ts";

/** What decides between two observations with one key: the greater one stands. */
export interface Precedence {
  readonly ts: number;
  readonly id: string;
  /** Canonical JSON. */
  readonly value: string;
}

/** What decides the order in which observations that arrive together are applied. */
type Arrival = Pick<Observation, "ts" | "evidenceRef" | "primitive" | "attackerUuid">;

/**
 * Compares two well-formed strings by their UTF-8 bytes, without encoding them.
 * JavaScript compares UTF-16 code units, which differs where surrogates meet U+E000…U+FFFF.
 * @returns negative, zero or positive
 */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return byteRank(left) - byteRank(right);
  }
  return a.length - b.length;
}

/** Moves surrogates above U+FFFF's place, where the code points they stand for sort. */
function byteRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

/** Order of a series: (`ts`, `evidence_ref`, `attacker_uuid`). */
export function compareMembers(a: Member, b: Member): number {
  return (
    a.ts - b.ts || compareUtf8(a.evidenceRef, b.evidenceRef) || compareUtf8(a.attackerUuid, b.attackerUuid)
  );
}

/** Order in which observations that arrive together are applied: (`ts`, `evidence_ref`, `primitive`, `attacker_uuid`). */
export function compareArrivals(a: Arrival, b: Arrival): number {
  return (
    a.ts - b.ts ||
    compareUtf8(a.evidenceRef, b.evidenceRef) ||
    compareUtf8(a.primitive, b.primitive) ||
    compareUtf8(a.attackerUuid, b.attackerUuid)
  );
}

/** Order of observations with one key: (`ts`, `id`, canonical JSON of `value`); the greater replaces the other. */
export function comparePrecedence(a: Precedence, b: Precedence): number {
  return a.ts - b.ts || compareUtf8(a.id, b.id) || compareUtf8(a.value, b.value);
}
