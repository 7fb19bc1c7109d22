/**
 * A history as data: which messages there are, and what happens to them in which order, faults included. Whatever is
 * left out of it still makes a history, so one that fails can be made smaller, and kept.
 */

/** What is wrong with an event that must be refused. */
export const DAMAGES = [
  "no_id",
  "bad_ts",
  "bad_confidence",
  "version",
  "null_value",
  "not_an_object",
] as const;
export type Damage = (typeof DAMAGES)[number];

/** An event of a message. All numbers are places in lists of the world it is played in. */
export interface PlannedEvent {
  readonly attacker: number;
  readonly primitive: number;
  readonly value: number;
  /** Names the evidence: a second event with the same one replaces the first, or is ignored. */
  readonly evidence: number;
  readonly id: number;
  /** Minutes after the start. */
  readonly minute: number;
  /** Whether its ts lies after every erasure of the history. */
  readonly isAfterErasure: boolean;
  readonly damage: Damage | null;
}

export interface PlannedMessage {
  readonly form: "payload" | "bus" | "events" | "text" | "bytes";
  readonly events: readonly PlannedEvent[];
}

/** What goes wrong. `crash` ends the invocation or the object on the spot: what it stored stays, what it was doing is lost. */
export const FAULT_KINDS = [
  "fail_before",
  "fail_after",
  "overloaded",
  "crash_before",
  "crash_after",
  "pause_before",
  "pause_after",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Which calls a fault counts: any, those that objects make, those to identity objects, those to the outbound queue. */
export const PLACES = ["any", "by_object", "to_identity", "to_queue"] as const;
export type Place = (typeof PLACES)[number];

/** Strikes when a step awaits a call of some place for the `at`-th time (from 0), whoever of those it involves does. */
export interface AwaitFault {
  readonly on: "await";
  readonly place: Place;
  readonly at: number;
  readonly kind: FaultKind;
  /** What happens meanwhile, for a pause. */
  readonly meanwhile: readonly Step[];
}

/** Strikes the `at`-th transaction of an identity object that a step brings about. */
export interface TransactionFault {
  readonly on: "transaction";
  readonly at: number;
  readonly kind: "rolled_back" | "crash_after";
}

export type Fault = AwaitFault | TransactionFault;

interface Faulty {
  readonly faults: readonly Fault[];
}

export type Step = Faulty &
  (
    | { readonly do: "deliver"; readonly messages: readonly number[] }
    | { readonly do: "merge"; readonly winner: number; readonly loser: number }
    | { readonly do: "unmerge"; readonly identity: number }
    | { readonly do: "erase"; readonly attacker: number }
    | { readonly do: "register"; readonly attacker: number; readonly identity: number | null }
    | { readonly do: "rebuild"; readonly identity: number }
    | { readonly do: "rebuild_all" }
    | { readonly do: "maintenance_alarm" }
    | { readonly do: "alarm"; readonly identity: number }
    | { readonly do: "evict"; readonly identity: number }
    | { readonly do: "crash"; readonly identity: number }
    | { readonly do: "pause" }
    | { readonly do: "resume" }
    | { readonly do: "sweep" }
    | { readonly do: "replay_dead_letters" }
    | { readonly do: "deploy"; readonly windowSize: number }
  );

export interface Plan {
  readonly seed: number;
  readonly attackers: number;
  /** Whether attackers wait to be registered. */
  readonly isDeferring: boolean;
  readonly messages: readonly PlannedMessage[];
  readonly steps: readonly Step[];
}

/** Deliveries after which a message goes to the dead-letter queue. */
export const MAX_DELIVERIES = 3;
