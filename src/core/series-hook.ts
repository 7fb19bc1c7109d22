/**
 * How a capability follows the series of an identity. A hook takes part in a decision: it keeps bytes of its own in the row of each
 * primitive's state, and entries (texts, a row each) of which there are few, and it adds events. All of it is saved in the transaction
 * of the decision. The core knows nothing of what the bytes mean.
 */
import type { EventKind, EventPayloads } from "./event.ts";
import type { Change } from "./merge/index.ts";
import type { Member } from "./observation.ts";
import type { JsonValue } from "./json.ts";
import type { Policy } from "./policy.ts";

/** Why the states are recomputed. */
export type RecomputeReason =
  /** The observations or the policy have changed: merge, unmerge, repair, a new policy. */
  | { readonly kind: "changed" }
  /** Everything is computed again from what is stored. */
  | { readonly kind: "rebuilt" }
  /** An attacker was erased. No explanation may name it, also as a member that has left a window. */
  | { readonly kind: "erased"; readonly attackerUuid: string }
  /** Observations before a time (epoch seconds) were removed because of their age. */
  | { readonly kind: "expired"; readonly beforeTs: number };

/** What a hook is told when a decision begins. */
export interface HookWork {
  readonly identityUuid: string;
  readonly policy: Policy;
  /** Epoch seconds. */
  readonly nowTs: number;
  readonly cause:
    | {
        readonly kind: "arrivals";
        /** The accepted observations of each primitive, in series order, at least one per primitive; each key at most once. */
        readonly changes: ReadonlyMap<string, readonly Change[]>;
      }
    | { readonly kind: "recompute"; readonly reason: RecomputeReason };
  /** The text that the hook keeps for the identity; null at first. */
  readonly keptOfIdentity: string | null;
  /** Every primitive that had a record before the decision. */
  primitives(): readonly string[];
  /** Number of stored observations of a primitive before the decision, abstentions included; 0 if it had no record. */
  countBefore(primitive: string): number;
  /** The bytes that the hook keeps for a primitive; null at first. They must not be changed. */
  kept(primitive: string): Uint8Array | null;
  /**
   * The series of a primitive before the decision, in its order and without abstentions, if the row of its state holds all of it; else null.
   */
  whole(primitive: string): readonly Member[] | null;
  /** The entries that the hook keeps for a primitive, in their order. Costs a query, if there may be any. */
  entries(primitive: string): readonly string[];
}

/** The hook's part in one decision. */
export interface HookRun {
  /**
   * The series that must be passed to `take`, with the ts from which on (epoch seconds; −Infinity: all). For arrivals only. In a recompute
   * every series is passed whole.
   */
  readonly reads: ReadonlyMap<string, number>;
  /** Takes a member of a series as it is after the decision. The members of one primitive come in series order. */
  take(primitive: string, member: Member): void;
  /** Is called once, after the last member. */
  end(): HookOutcome;
}

/** What a hook adds to a decision. */
export interface HookOutcome {
  /** New bytes of primitives that have a record after the decision; for arrivals of a subset of those with changes. */
  readonly kept: ReadonlyMap<string, Uint8Array>;
  /** Changed entries, by primitive. */
  readonly entries: ReadonlyMap<string, EntriesChange>;
  /** The text that the hook keeps for the identity. */
  readonly keptOfIdentity: string | null;
  /** In the order of publishing, after the events of the states. */
  readonly events: readonly HookEvent[];
}

/** The entries of a primitive from a position on are replaced by others. */
export interface EntriesChange {
  /** Number of entries that stay, from the first. */
  readonly stay: number;
  /** Those that follow them. */
  readonly added: readonly string[];
}

/** An event without number and envelope. */
export type HookEvent = {
  [K in HookEventKind]: {
    readonly kind: K;
    readonly payload: EventPayloads[K];
    readonly explanation?: { readonly [key: string]: JsonValue };
  };
}[HookEventKind];

type HookEventKind = Extract<EventKind, `evidence_${string}`>;

/** What the read model holds of a series that is followed. */
export interface FollowedSeries {
  /** Evidence that the series has changed, ≥ 0. */
  readonly e: number;
  /** Start of its last change that stands, epoch seconds; null if there is none. */
  readonly changedSinceTs: number | null;
}

/** What the read model holds of an identity whose series are followed. */
export interface FollowedIdentity {
  readonly e: number;
  /** Time of its last change that stands (epoch seconds): the greatest over its series; null if there is none. */
  readonly changedTs: number | null;
  /** The last published estimate of the number of operators, ≥ 1. */
  readonly operators: number;
}

/** A capability that follows series. */
export interface SeriesHook {
  begin(work: HookWork): HookRun;
  /** @param kept - what the hook keeps for the series; null if nothing is known of it, or nothing of interest */
  summarizeSeries(kept: Uint8Array): FollowedSeries | null;
  /** @param series - what the hook keeps for each primitive, in ASCII order of the primitives */
  summarizeIdentity(keptOfIdentity: string | null, series: readonly Uint8Array[]): FollowedIdentity;
}
