/**
 * The types that the mergers share: the interface of a merger, the tail of a series, and the questions to the whole series.
 *
 * A tail is the part of a series that a state row holds. It is enough to calculate the outcome and to apply further
 * observations, whatever the length of the series. Its outcome equals that of merging the whole ordered series.
 */
import type { Member, State } from "../observation.ts";
import type { Thresholds } from "../thresholds.ts";

/** Tail of a categorical or numeric series, or of bags. */
export interface WindowTail {
  readonly kind: "categorical" | "numeric" | "bag";
  /** Observations of the series, abstentions included. */
  readonly count: number;
  /** Observations that are not abstentions. */
  readonly informative: number;
  /** Greatest ts of the series, abstentions included. */
  readonly lastTs: number;
  /** The last 2·N informative members (fewer if there are fewer), in series order; of bags only the last one. */
  readonly newest: readonly Member[];
}

/** Tail of a hash series. */
export interface HashTail {
  readonly kind: "hash";
  readonly count: number;
  readonly lastTs: number;
  /** Distinct values inside the hash window. */
  readonly distinct: number;
  /**
   * The latest member of each distinct value inside the window, in series order. Past `HASH_TAIL_LIMIT` values only
   * the newest `HASH_LISTED` of them; the others are then kept by `HashWindow`.
   */
  readonly latest: readonly Member[];
}

export type Tail = WindowTail | HashTail;

/** Maximum number of distinct hashes in a tail. Without a limit a state row would grow with every new hash. */
export const HASH_TAIL_LIMIT = 64;
/** Distinct hashes that an explanation lists (contract §5) and that a tail always holds. */
export const HASH_LISTED = 16;

/** The change of a series by one observation. */
export interface Change {
  /** The observation with the same key that it replaces, or null. */
  readonly prior: Pick<Member, "value" | "ts"> | null;
  readonly next: Member;
}

/**
 * The whole series of one primitive at this step: it includes the change that is being applied, but no later one. It is read
 * only if a tail is not enough.
 */
export interface Series {
  count(): number;
  /** Greatest ts, or null if the series is empty. */
  lastTs(): number | null;
  countInformative(): number;
  /** The last `limit` informative members, in series order. */
  newestInformative(limit: number): Member[];
  /** The latest member of each distinct informative value with ts not below `startTs`, in series order. */
  latestByValue(startTs: number): Member[];
  /** Storage for a hash series with very many distinct values. */
  readonly hashWindow: HashWindow;
}

/** The latest member of each distinct value of a wide hash window, outside the tail. */
export interface HashWindow {
  /** Replaces everything. */
  load(members: readonly Member[]): void;
  /** The latest member with this value, or null. */
  get(value: string): Member | null;
  /** Sets the latest member of its value. */
  put(member: Member): void;
  /** Removes members with ts below `startTs` and returns their number. */
  expire(startTs: number): number;
  clear(): void;
}

/** The branch of contract §3 that decided. */
export type Rule =
  | "too_few_observations"
  | "clear_without_older"
  | "clear_as_before"
  | "clear_but_changed"
  | "clear_after_unclear"
  | "alternating"
  | "not_clear"
  | "variation_above_conflict"
  | "mean_shifted"
  | "mean_held"
  | "variation_within_conflict"
  | "no_rotation"
  | "few_rotations"
  | "many_rotations"
  | "bag_has_no_state";

/** The outcome of a tail. */
export interface Verdict {
  readonly state: State;
  /** Canonical JSON. */
  readonly currentValue: string;
  /** 0–1. */
  readonly confidence: number;
  readonly rule: Rule;
  /** The number that is compared with the threshold. */
  readonly statistic: number;
  /** The threshold. */
  readonly threshold: number;
}

/** The interface of a merger. */
export interface Merger<T extends Tail = Tail> {
  /** The tail of a series, read from the whole of it. @throws RangeError if the series is empty */
  summarize(series: Series, thresholds: Thresholds): T;
  /** The tail after one more observation. */
  advance(tail: T, change: Change, thresholds: Thresholds, series: Series): T;
  judge(tail: T, thresholds: Thresholds): Verdict;
}

/** Whether two members have the same key. */
export function isSameKey(
  a: Pick<Member, "evidenceRef" | "attackerUuid">,
  b: Pick<Member, "evidenceRef" | "attackerUuid">,
): boolean {
  return a.evidenceRef === b.evidenceRef && a.attackerUuid === b.attackerUuid;
}

/** Greatest ts of a non-empty series. @throws RangeError if it is empty */
export function lastTsOf(series: Series): number {
  const lastTs = series.lastTs();
  if (lastTs === null) throw new RangeError("a series must hold an observation to be summarized, got none");
  return lastTs;
}
