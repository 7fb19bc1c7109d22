/**
 * Every constant of evidence, with unit, range and reason. `EVIDENCE_THRESHOLD` and `TRAIT_PRIMITIVES` can be overridden by variables of
 * these names; the others were chosen together by measurement (docs/detection.md), and another value needs a new evaluation.
 */

/** What a deployment chooses. It is part of the policy. */
export interface EvidenceConstants {
  /** E from which a change is published, above `NOTED_AT` to 1e9. P(E ever reaches c) ≤ 1/c for a series that never changes. */
  readonly threshold: number;
  /** Globs of the primitives about person or tool, from which operators are estimated. `*` stands for any characters, dots included. */
  readonly traitPrimitives: readonly string[];
}

/** E from which a series is noted: at most 1 % of unchanged series ever reach it. */
export const NOTED_AT = 100;
/** Primitives of an identity that share the error rate, ≥ 1: an identity's E is the sum of its primitives' E over this. */
export const PRIMITIVES_PER_IDENTITY = 32;

/** What holds where no variable is set. */
export const STANDARD_EVIDENCE: EvidenceConstants = {
  threshold: NOTED_AT * PRIMITIVES_PER_IDENTITY,
  traitPrimitives: ["motor.*", "toolchain.*"],
};

/** The change detector. */
export const CHANGE = {
  /** R: values in the reservoir, ≥ 1. More make ranks finer, and a state larger. */
  reservoir: 64,
  /** Observations of a regime before the first hypothesis, ≥ 1. Ranks among fewer cannot be small. */
  firstHypothesis: 4,
  /**
   * π of hypothesis n is `fundingFactor` · √`fundingScale` / k^1.5 with k = n + `fundingOffset`, an amount of the first cash of 1. The sum over
   * all n is below 1 if `fundingScale` = `fundingOffset` + `firstHypothesis`, so the cash stays above 0. k^1.5 is computed as k · √k, which has
   * the same bits in every engine.
   */
  fundingFactor: 0.5,
  fundingScale: 20,
  fundingOffset: 16,
  /** Share of p below d that a bet expects, 0–1: its wager is multiplied by `hit` / d, else by (1 − `hit`) / (1 − d). */
  hit: 0.9,
  /** d = min(`mostD`, (j + `base` + `perKept` · m) / (m + j)) for each bet. A greater d finds smaller changes, a smaller one large changes sooner. */
  mostD: 0.75,
  bets: [
    { base: 0.3, perKept: 0 },
    { base: 0, perKept: 0.1 },
    { base: 0, perKept: 0.3 },
  ],
  /** Hypotheses, ≥ `newest`. One more drops the weakest of all but the newest, with its wagers: E never grows by it. */
  hypotheses: 16,
  newest: 8,
  /**
   * Most of a wager, above 1e9 and with room below the largest number. Only a regime that goes on far above every threshold that can be set
   * reaches it; wagers are then cut to it, and E stays finite.
   */
  mostWager: 1e300,
  /** Values that a summary lists, the most frequent ones. More would make events long. */
  listedValues: 16,
  /** Bytes of a value from which only a 128-bit digest of it is kept. */
  digestFrom: 33,
  /** Observations of a regime between two checkpoints, and checkpoints that are kept. Late data recomputes from one. */
  checkpointEvery: 64,
  checkpoints: 2,
} as const;

/** Observations of the path of E that is drawn, the newest ones. */
export const PATH_OBSERVATIONS = 5_000;

/** The operator model. */
export const OPERATORS = {
  /** Sessions that are looked at, the last ones. More would take longer and hide who is active. */
  sessions: 64,
  /** Sessions below which the answer is one operator: too few to tell. */
  fewest: 8,
  /** An estimate for the event is made when this many sessions have come since the last one. */
  every: 8,
  /** Most operators that are told apart. */
  most: 3,
  /** Primitives that are looked at, those seen most often. The time grows with the third power of the numbers among them. */
  traits: 32,
  /** λ of the transformation of positive numbers; the one of least variance is taken. */
  powers: [0, 1 / 3, 1],
  /** The covariance of all sessions: factor off the diagonal, and what is added on it, so that it can be inverted. */
  offDiagonal: 0.95,
  ridge: 0.02,
  /** Degrees of freedom of the t distribution; the likeliest under one operator is taken. */
  freedoms: [2.5, 5, 30],
  /** Σ starts as C over this, with several operators. */
  startDivisor: 2,
  /** Means are shrunk to 0: Σry / (`meanPrior` + Σr). */
  meanPrior: 0.2,
  /** Σ = (`scalePrior` · C + …) / (`scaleWeight` + Σg) + `scaleRidge` · I. */
  scalePrior: 2.4,
  scaleWeight: 8,
  scaleRidge: 0.005,
  /** Updates of means and covariance per round. */
  updatesPerRound: 2,
  /** Added to each count of a categorical value; at least this many values are assumed. */
  valuePrior: 0.3,
  leastValues: 2,
  /** Hashes: share of others, (others + `otherPrior`) / (n + 1) within [`least`, `most`], spread over this many values. */
  otherPrior: 0.05,
  leastOthers: 0.03,
  mostOthers: 0.3,
  otherValues: 30,
  /** Rounds of expectation and maximisation. */
  rounds: 12,
  /** Change of the log-likelihood in a round below which a fit is finished before: the rounds left would change nothing that is compared. */
  settled: 1e-4,
  /** Probability to stay with the operator at first, of the two starts. */
  stays: [0.75, 0.25],
  /** Weight of a session in its group at the start of a fit. */
  groupWeight: 0.95,
  /** Share of the sessions, around the median, in which the widest gap is looked for. */
  middle: 0.76,
  /** Regimes in a row: probability to stay, weight at the start, cuts of two, and the price of a third per emission. */
  rowStay: 0.95,
  rowWeight: 0.9,
  rowCuts: [0.25, 0.5, 0.75],
  rowPrice: 4,
  /** Acceptance: price of a primitive, gain that is needed, more with numbers, more for a third operator. */
  primitivePrice: 1.5,
  gain: 6,
  gainWithNumbers: 3,
  gainForThree: 1,
  /** Switches of operator per operator but the first. */
  switches: 4,
  /** Sessions of each operator: at least this many, and this share. */
  leastSessions: 3,
  leastShare: 0.1,
  /** Gain by the order of the sessions, or else the Mahalanobis distance of all means: this + (d − 1). */
  orderGain: 4,
  distance: 5,
} as const;

/** The score of commands. */
export const COMMANDS = {
  /** Words of an identity that are counted. */
  words: 128,
  /** Added to a count, and to the number of an identity's words: 850 unseen words share 8.5. */
  countPrior: 0.01,
  totalPrior: 8.5,
  /** The share of a word over all identities: (uses + `usePrior`) / (all uses + `allUsesPrior`). */
  usePrior: 0.5,
  allUsesPrior: 450,
  /** The least share of a word, 0–1: a smaller one, or what is no number, counts as this, so that scores are finite. */
  leastShare: 1e-12,
  /** Scores of learnt sessions among which a new one is ranked. */
  scores: 80,
  /** The first sessions have no score; the first of them are always learnt; later ones only above a p. */
  unscored: 5,
  alwaysLearnt: 50,
  learntAbove: 0.05,
  /** Distinct words whose shares over all identities are known; rarer ones have the share of an unseen word. */
  sharedWords: 4096,
  /** Words that are counted at once, above `sharedWords`: when there are more, all but the most used are dropped. */
  countedWords: 8192,
  /** Seconds between the starts of two passes over all sessions. */
  sharesEverySecs: 86_400,
} as const;
