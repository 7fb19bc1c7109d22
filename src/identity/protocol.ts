/**
 * What is said to and by an identity object. Plain data, because it crosses an RPC boundary; expected failures are
 * answers, because an error loses its class on the way.
 */
import type { AppliedObservation, Attribution, Notice } from "../core/index.ts";
import type { SessionCursor } from "../storage/index.ts";

/** An attacker's link, at the version that D1 had when the call was made. */
export interface IdentityLink {
  readonly attackerUuid: string;
  readonly linkVersion: number;
  /** Epoch seconds. */
  readonly firstSeenTs: number | null;
  /** Whether D1 holds observations of the attacker from before it was registered. */
  readonly needsBackfill: boolean;
}

/** A merge, or the undoing of one: the later one of two tells an object what is out of date. */
export interface MergeStep {
  readonly mergeId: number;
  readonly isUndone: boolean;
}

/** An attacker's link after it was changed. */
export type ExchangeLink = Omit<IdentityLink, "needsBackfill">;

/** What an exchange of observations is to do. */
export interface ExchangePlan {
  /** Names what it is done for; the same one is done once. */
  readonly key: string;
  /** Attackers that are linked here as of these versions: everything D1 holds of them becomes what is held here of them. */
  readonly load: readonly ExchangeLink[];
  /** Attackers that are linked elsewhere as of these versions: nothing of them stays. */
  readonly drop: readonly ExchangeLink[];
  /** What is published before the transitions, if anything. */
  readonly notice: Notice | null;
}

export interface ApplyCall {
  readonly links: readonly IdentityLink[];
  readonly observations: readonly AppliedObservation[];
  /** Shares, over all identities, of the words of bags among the observations, above 0 to 1; none if words are not scored. */
  readonly wordShares?: Readonly<Record<string, number>>;
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

/** What a read of the evidence gets. */
export type EvidenceAnswer =
  | {
      readonly outcome: "evidence";
      /** JSON of `{ e, change, commands }`, as it is answered. */
      readonly body: string;
    }
  | { readonly outcome: "merged_away"; readonly winnerUuid: string };

/** What the chart of a primitive's E gets. */
export type EvidencePathAnswer =
  | {
      readonly outcome: "path";
      /** JSON of an EvidencePath; null if the series is not followed. */
      readonly path: string | null;
    }
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
  /** The identity that it knows to be merged into, or null. */
  readonly winnerUuid: string | null;
  /** Attackers that it knows to be linked to it. */
  readonly linkCount: number;
  /** Events that wait to be published. */
  readonly pending: number;
  /** Long work that waits, with what failed. */
  readonly jobs: readonly JobStatus[];
}

/** What is said of a job of an object. */
export interface JobStatus {
  readonly key: string;
  readonly kind: string;
  /** Failed attempts in a row. */
  readonly failures: number;
  /** The reason of the last failure, or null. */
  readonly error: string | null;
}

/** Whether an object holds the same as D1 in some range. */
export type CheckAnswer =
  | { readonly outcome: "same" }
  | {
      readonly outcome: "differs";
      /** What it holds there, session row by session row from the start of the range, until there are `CHECKED_ROWS`. */
      readonly rows: readonly AppliedObservation[];
      /** The last session row of `rows`; null if they reach to the end of the range. */
      readonly through: SessionCursor | null;
    };

/**
 * Observations of one answer to a check: two pages' worth, so that an object that holds much which D1 does not have
 * answers within the size of a call. The last session row may exceed it.
 */
export const CHECKED_ROWS = 2_000;

/** How far an expiry has come. */
export interface ExpiryAnswer {
  readonly removed: number;
  /** Whether there may be more to remove. */
  readonly hasMore: boolean;
}
