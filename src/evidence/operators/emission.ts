/**
 * What an operator's sessions look like: one emission per block of traits that is independent of the others. All numbers are one block;
 * every other primitive is a block of its own. Weights and logarithms are per operator and session, operator after operator.
 */
export interface Emission {
  /** Forgets what was learnt, and starts from weights. */
  start(weights: Float64Array): void;
  /** Learns from weights. */
  update(weights: Float64Array): void;
  /** Adds the log-likelihood of each session under each operator. */
  addTo(logs: Float64Array): void;
  /** Whether the operators are so different that no order is needed to tell them apart. */
  isApart(): boolean;
}
