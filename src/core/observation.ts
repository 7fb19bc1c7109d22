/**
 * The basic types of the core: an observation, a member of a series, kinds and states. Behind the input border values are
 * canonical JSON texts, so they are compared and stored without conversion.
 */

/** The type of a primitive's values. All kinds except numeric, hash and bag merge as categorical. */
export type ValueKind = "categorical" | "bool" | "free_string" | "array" | "numeric" | "hash" | "bag";

/** Which merger handles a primitive. */
export type MergeKind = "categorical" | "numeric" | "hash" | "bag";

/** State of one (identity, primitive). The contract fixes these five. */
export type State = "unknown" | "stable" | "drifting" | "conflicted" | "multi_actor";

/** All states in display order. */
export const STATES = [
  "unknown",
  "stable",
  "drifting",
  "conflicted",
  "multi_actor",
] as const satisfies State[];

/** One primitive measured over one window; parsed and valid. */
export interface Observation {
  readonly id: string;
  /** Lower-case, 8-4-4-4-12. */
  readonly attackerUuid: string;
  readonly primitive: string;
  /** Canonical JSON. */
  readonly value: string;
  /** The sensor's confidence in the measurement, 0–1. */
  readonly confidence: number;
  readonly windowStartTs: number;
  readonly windowEndTs: number;
  readonly source: string;
  readonly evidenceRef: string;
  /** Emission time, epoch seconds. */
  readonly ts: number;
  readonly identityRef: string | null;
}

/** The part of an observation that a series holds. */
export interface Member {
  /** Canonical JSON. */
  readonly value: string;
  readonly ts: number;
  readonly evidenceRef: string;
  readonly attackerUuid: string;
}

/** A member of a series, with the fields that decide between two observations with the same key. */
export interface AppliedObservation extends Member {
  readonly id: string;
  readonly primitive: string;
}

/** The member that an observation is in its series. */
export function toMember({ value, ts, evidenceRef, attackerUuid }: AppliedObservation): Member {
  return { value, ts, evidenceRef, attackerUuid };
}

/** A member's key within its series as one text; none of its parts holds a U+0000. */
export function nameInSeries({
  evidenceRef,
  attackerUuid,
}: Pick<Member, "evidenceRef" | "attackerUuid">): string {
  return `${evidenceRef}\0${attackerUuid}`;
}

/** The merger of a value kind. */
export function mergeKindOf(kind: ValueKind): MergeKind {
  return kind === "numeric" || kind === "hash" || kind === "bag" ? kind : "categorical";
}

/** The value of an abstaining sensor, as canonical JSON. Only the categorical kinds use it. */
const ABSTENTION = '"unknown"';

/**
 * Whether a value takes part in merging. For the categorical kinds the string `"unknown"` is an abstention. A value that
 * does not fit its kind is one as well; this happens only after the kind of a primitive was changed.
 * @param value - canonical JSON
 */
export function isInformative(kind: MergeKind, value: string): boolean {
  switch (kind) {
    case "categorical":
      return value !== ABSTENTION;
    case "numeric":
      return /^[-0-9tf]/.test(value);
    case "hash":
      return value.startsWith('"') && value.length > 2;
    case "bag":
      return value === "[]" || value.startsWith('["');
    default:
      return kind satisfies never;
  }
}
