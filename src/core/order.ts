/**
 * The orders that the contract defines: strings by their UTF-8 bytes (as SQLite compares them), series by
 * (`ts`, `evidence_ref`, `attacker_uuid`), arrivals by (`ts`, `evidence_ref`, `primitive`, `attacker_uuid`).
 */
import type { Member, Observation } from "./observation.ts";

/** Decides between two observations with the same key: the greater one is kept. */
export interface Precedence {
  readonly ts: number;
  readonly id: string;
  /** Canonical JSON. */
  readonly value: string;
}

/** The fields that order observations of one batch. */
type Arrival = Pick<Observation, "ts" | "evidenceRef" | "primitive" | "attackerUuid">;

/**
 * Compares two well-formed strings by their UTF-8 bytes, without encoding them.
 * JavaScript compares UTF-16 code units. That order differs between surrogates and U+E000…U+FFFF.
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

/** Ranks surrogates above U+FFFF, because the code points that they encode are larger. */
function byteRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

/** Where a member stands in its series. */
export type PlaceInSeries = Pick<Member, "ts" | "evidenceRef" | "attackerUuid">;

/** Order of a series: (`ts`, `evidence_ref`, `attacker_uuid`). */
export function compareMembers(a: PlaceInSeries, b: PlaceInSeries): number {
  return (
    a.ts - b.ts || compareUtf8(a.evidenceRef, b.evidenceRef) || compareUtf8(a.attackerUuid, b.attackerUuid)
  );
}

/** Order in which the observations of one batch are applied: (`ts`, `evidence_ref`, `primitive`, `attacker_uuid`). */
export function compareArrivals(a: Arrival, b: Arrival): number {
  return (
    a.ts - b.ts ||
    compareUtf8(a.evidenceRef, b.evidenceRef) ||
    compareUtf8(a.primitive, b.primitive) ||
    compareUtf8(a.attackerUuid, b.attackerUuid)
  );
}

/** Order of observations with the same key: (`ts`, `id`, canonical JSON of `value`). The greater one replaces the other. */
export function comparePrecedence(a: Precedence, b: Precedence): number {
  return a.ts - b.ts || compareUtf8(a.id, b.id) || compareUtf8(a.value, b.value);
}
