/**
 * The words the rest of the core is written in: an observation, a member of a series, kinds and states.
 * Values are canonical JSON texts from the border on, so that comparing and storing them needs no conversion.
 */

/** How a primitive's values are checked. All but numeric and hash merge as categorical. */
export type ValueKind = "categorical" | "bool" | "free_string" | "array" | "numeric" | "hash";

/** How a primitive's values are merged. */
export type MergeKind = "categorical" | "numeric" | "hash";

/** State of one (identity, primitive); frozen at these five. */
export type State = "unknown" | "stable" | "drifting" | "conflicted" | "multi_actor";

/** Every state, in the order in which they are shown. */
export const STATES = [
  "unknown",
  "stable",
  "drifting",
  "conflicted",
  "multi_actor",
] as const satisfies State[];

/** One primitive measured over one window, as it came in and passed the border. */
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

/** What an observation is to the series of its primitive. */
export interface Member {
  /** Canonical JSON. */
  readonly value: string;
  readonly ts: number;
  readonly evidenceRef: string;
  readonly attackerUuid: string;
}

/** An observation as an identity needs it: a member of a series, with what decides between two under one key. */
export interface AppliedObservation extends Member {
  readonly id: string;
  readonly primitive: string;
}

/** Which merger a kind uses. */
export function mergeKindOf(kind: ValueKind): MergeKind {
  return kind === "numeric" || kind === "hash" ? kind : "categorical";
}

/** The sensor abstaining, as canonical JSON; means something in the categorical family only. */
const ABSTENTION = '"unknown"';

/**
 * Whether a value takes part in merging. In the categorical family the string `"unknown"` abstains. A value that
 * does not fit its kind, which only a changed registry can bring about, abstains as well.
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
    default:
      return kind satisfies never;
  }
}
