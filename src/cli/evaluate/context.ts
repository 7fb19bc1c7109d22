/** What every part of an evaluation is given. */
import type { Evidence } from "./contenders.ts";
import type { Sizes } from "./sizes.ts";

/** The arguments of a part. */
export interface Context {
  /** 0 to 2^32 − 1. Everything random is derived from it. */
  readonly seed: number;
  readonly sizes: Sizes;
  readonly evidence: Evidence;
  /** Reports progress: called as often as the part's number of steps. */
  readonly onStep: (what: string) => void;
}

/** Identifies what random numbers are for, so that a further part does not change those of the others. */
export const RANDOM = {
  stationary: 1,
  identities: 2,
  changes: 3,
  operators: 4,
  commands: 5,
  typists: 6,
  cost: 7,
} as const;
