/** How much an evaluation measures: the full one decides, the quick one is a test and must end within a minute. */

/** Numbers of cases. */
export interface Sizes {
  /** Series of each stationary kind, and their length. */
  readonly stationary: number;
  readonly stationaryLength: number;
  /** Identities, their primitives, and observations of each. */
  readonly identities: number;
  readonly primitives: number;
  readonly identityLength: number;
  /** Series of each kind of change. */
  readonly changes: number;
  /** Identities with one operator; with two, of each kind, schedule and length; with three. */
  readonly oneOperator: number;
  readonly twoOperators: number;
  readonly threeOperators: number;
  /** Identities whose commands are learnt. */
  readonly commandIdentities: number;
  /** Other typists that each typist is followed by, or interleaved with. */
  readonly typistPartners: number;
  /** Rounds of each measurement of time. */
  readonly costRounds: number;
}

export const FULL: Sizes = {
  stationary: 1_000,
  stationaryLength: 1_000,
  identities: 1_000,
  primitives: 32,
  identityLength: 300,
  changes: 1_000,
  oneOperator: 1_500,
  twoOperators: 50,
  threeOperators: 200,
  commandIdentities: 100,
  typistPartners: 5,
  costRounds: 30,
};

export const QUICK: Sizes = {
  ...FULL,
  stationary: 100,
  identities: 50,
  changes: 200,
  oneOperator: 220,
  twoOperators: 5,
  threeOperators: 48,
  commandIdentities: 30,
  typistPartners: 1,
  costRounds: 5,
};
