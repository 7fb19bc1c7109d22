/**
 * What is said to and by an identity object. Plain data, because it crosses an RPC boundary; expected failures are
 * answers, because an error loses its class on the way.
 */
import type { Attribution, Member } from "../core/index.ts";

/** An observation as an identity needs it. */
export interface AppliedObservation extends Member {
  readonly id: string;
  readonly primitive: string;
}

/** An attacker's link, at the version that D1 had when the call was made. */
export interface IdentityLink {
  readonly attackerUuid: string;
  readonly linkVersion: number;
  /** Epoch seconds. */
  readonly firstSeenTs: number | null;
  /** Whether D1 holds observations of the attacker from before it was registered. */
  readonly needsBackfill: boolean;
}

/** A merge, or the undoing of one: which of them an object heard of last tells it what is out of date. */
export interface MergeStep {
  readonly mergeId: number;
  readonly isUndone: boolean;
}

export interface ApplyCall {
  readonly links: readonly IdentityLink[];
  readonly observations: readonly AppliedObservation[];
}

export type ApplyAnswer =
  | {
      readonly outcome: "applied";
      /** Observations that were new or replaced another; repeats are not among them. */
      readonly applied: number;
      /** Transitions among the events made. */
      readonly transitions: number;
    }
  /** Some links are older than what the object knows: read them again. */
  | { readonly outcome: "moved"; readonly attackerUuids: readonly string[] };

/** A primitive's state, with the primitive's name. */
export interface PrimitiveAttribution extends Attribution {
  readonly primitive: string;
}

/** What a read of the states gets. */
export type AttributionAnswer =
  | {
      readonly outcome: "states";
      /**
       * JSON of a list of PrimitiveAttribution, by primitive; empty if nothing was ever applied. A text, because it crosses
       * the boundary in less time than the objects do, and an object keeps it as long as it holds.
       */
      readonly primitives: string;
    }
  /** The identity was merged into this one, which answers for it. */
  | { readonly outcome: "merged_away"; readonly winnerUuid: string };

/** What the page of an identity gets of its object. */
export type RecentAnswer =
  | {
      readonly outcome: "recent";
      /** Attackers linked to the identity. */
      readonly attackerCount: number;
      /** The earliest time that any of them was seen, epoch seconds; null if none is known. */
      readonly firstSeenTs: number | null;
      /** JSON of a list of RecentObservation, by primitive, in the order of each series. */
      readonly observations: string;
    }
  | { readonly outcome: "merged_away"; readonly winnerUuid: string };

/** What the chart of a primitive gets. */
export type NewestAnswer =
  | {
      readonly outcome: "newest";
      /** JSON of a list of Member, in the order of the series. */
      readonly observations: string;
    }
  | { readonly outcome: "merged_away"; readonly winnerUuid: string };

/** What an object says of itself to the sweep. */
export interface Inspection {
  /** The identity it knows to be merged into, or null. */
  readonly winnerUuid: string | null;
  readonly links: readonly {
    readonly attackerUuid: string;
    readonly linkVersion: number;
    readonly isLinked: boolean;
  }[];
  /** Events that wait to be published. */
  readonly pending: number;
}

/** Whether an object holds the same as D1 in some range. */
export type CheckAnswer =
  | { readonly outcome: "same" }
  | { readonly outcome: "differs"; readonly rows: readonly AppliedObservation[] };
