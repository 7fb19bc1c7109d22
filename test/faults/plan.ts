/**
 * A history as data: its messages, and the steps that deliver them and do other things, faults included. Every part of it
 * can be left out and the rest is still a history, so a history that fails can be made smaller, and kept.
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

/** An event of a message. All numbers are indexes into lists of the world that the history is played in. */
export interface PlannedEvent {
  readonly attacker: number;
  readonly primitive: number;
  readonly value: number;
  /** Names the evidence: a second event with the same evidence replaces the first, or is ignored. */
  readonly evidence: number;
  readonly id: number;
  /** Minutes after the start. */
  readonly minute: number;
  /** Whether its ts is later than every erasure of the history. */
  readonly isAfterErasure: boolean;
  readonly damage: Damage | null;
}

export interface PlannedMessage {
  readonly form: "payload" | "bus" | "events" | "text" | "bytes";
  readonly events: readonly PlannedEvent[];
}

/**
 * What goes wrong. `crash` ends the invocation or the object at once: what it stored stays, what it was doing is lost.
 * `pause` holds it back while other steps are played.
 */
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

/**
 * Which calls a fault counts: all of them, those made by objects, those to identity objects, those to the outbound queue, or
 * an object's reads of pages of observations.
 */
export const PLACES = ["any", "by_object", "to_identity", "to_queue", "page_read"] as const;
export type Place = (typeof PLACES)[number];

/** Strikes the `at`-th call (from 0) of a place that a step brings about. */
export interface AwaitFault {
  readonly on: "await";
  readonly place: Place;
  readonly at: number;
  readonly kind: FaultKind;
  /** The steps that are played during a pause. */
  readonly meanwhile: readonly Step[];
}

/** Strikes the `at`-th transaction (from 0) of an object that a step brings about. */
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
    /** Retention in one identity: what is older than this minute may go. */
    | { readonly do: "expire"; readonly identity: number; readonly minute: number; readonly limit: number }
    /** So many pages can objects read from now on, until D1 fails them; null: as many as they like. */
    | { readonly do: "allow_pages"; readonly pages: number | null }
    /** From now on the answer to each page that an object reads is held back. */
    | { readonly do: "hold_pages" }
    /** Pages are held back no more; those that are get to their objects: one of them, or (null) all. */
    | { readonly do: "release_pages"; readonly page: number | null }
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
  /** How many databases are bound. */
  readonly databases: 1 | 2;
  /** The database that all attackers are in, of two; null: each where its UUID puts it. */
  readonly home: number | null;
  /** The constant of that name. */
  readonly minimumObservations: number;
  /** Observations that a session row takes; as many as in production if it is not given. */
  readonly rowSize?: number;
  /** Whether attackers wait to be registered. */
  readonly isDeferring: boolean;
  readonly messages: readonly PlannedMessage[];
  readonly steps: readonly Step[];
}

/** Deliveries after which a message goes to the dead-letter queue. */
export const MAX_DELIVERIES = 3;
