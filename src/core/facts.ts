/** What a decision about an identity reads, why it is made, and what it gives, as plain data. */
import type { OutboundEvent } from "./event.ts";
import type { IdentityHead, PrimitiveRecord } from "./identity.ts";
import type { HashWindowChange, StoredHashWindow } from "./merge/index.ts";
import type { AppliedObservation, Member } from "./observation.ts";
import type { Precedence } from "./order.ts";
import type { Policy } from "./policy.ts";
import type { EntriesChange, HookEvent, RecomputeReason } from "./series-hook.ts";

/** The facts that a decision reads. They describe the stored state before the decision. */
export interface Facts {
  readonly head: IdentityHead;
  readonly policy: Policy;
  /** Epoch seconds. */
  readonly nowTs: number;
  /** The attackers linked to this identity, and the earliest time at which one of them was seen. */
  linked(): LinkedAttackers;
  record(primitive: string): PrimitiveRecord | null;
  /** Every primitive that has a record. */
  primitives(): readonly string[];
  /** The stored observation with a key, or null. */
  standing(key: ObservationKey): Precedence | null;
  /**
   * Passes over stored observations once, in any order, one per key. A decision does so at most once, and a hook's run at most once
   * more.
   * @param primitives - those to pass over; null for all
   * @param take - is called for each; the member has the fields of `Member` and no others
   */
  eachStored(primitives: ReadonlySet<string> | null, take: (primitive: string, member: Member) => void): void;
  /**
   * Like `eachStored`, in the order of a series, which costs more.
   * @param fromTs - epoch seconds; members with an earlier ts may be left out
   */
  eachInOrder(
    primitives: ReadonlySet<string> | null,
    fromTs: number,
    take: (primitive: string, member: Member) => void,
  ): void;
  /** The entries that the hook keeps for a primitive, in their order. */
  entries(primitive: string): readonly string[];
  hashWindow(primitive: string): StoredHashWindow;
}

export interface LinkedAttackers {
  /** Sorted. */
  readonly attackerUuids: readonly string[];
  /** Epoch seconds. */
  readonly firstSeenTs: number | null;
}

/** The key of an observation. */
export type ObservationKey = Pick<AppliedObservation, "attackerUuid" | "primitive" | "evidenceRef">;

/** An event about the identity itself. */
export type Notice =
  | { readonly kind: "merged"; readonly loserUuid: string; readonly attackerUuids: readonly string[] }
  | { readonly kind: "unmerged"; readonly fromUuid: string; readonly attackerUuids: readonly string[] };

/** The reason for a decision. */
export type Cause =
  /** Observations arrived. Those that are stored already or are smaller than the stored one change nothing. */
  | { readonly kind: "arrivals"; readonly observations: readonly AppliedObservation[] }
  /** The stored observations or the policy have changed. */
  | {
      readonly kind: "recompute";
      /** Whether to publish `identity.formed` if it was not published before. */
      readonly forms: boolean;
      readonly notice: Notice | null;
      readonly reason: RecomputeReason;
    }
  /** A hook has computed something apart from a decision: its text for the identity, and events. Nothing is recomputed. */
  | {
      readonly kind: "followed";
      readonly keptOfIdentity: string | null;
      readonly events: readonly HookEvent[];
    };

/** The decision: everything to save and to publish. */
export interface Decision {
  readonly head: IdentityHead;
  /** Observations to store: new ones, and those that replace the stored one with their key. */
  readonly observations: readonly AppliedObservation[];
  /** Records that are new or changed, by primitive. */
  readonly records: ReadonlyMap<string, PrimitiveRecord>;
  /** Primitives that have no observations left. */
  readonly removed: readonly string[];
  readonly hashWindows: ReadonlyMap<string, HashWindowChange>;
  /** Changed entries of the hook, by primitive; of removed primitives too. */
  readonly entries: ReadonlyMap<string, EntriesChange>;
  /** In `seq` order. */
  readonly events: readonly OutboundEvent[];
}
