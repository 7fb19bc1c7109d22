/**
 * The forward–backward algorithm: the probability of each operator at each session, and the likelihood of all. Probabilities are scaled
 * session by session, so that they cannot become 0.
 */
import type { Chain } from "./chain.ts";

/** Has room that is used again by each call. */
export interface ForwardBackward {
  /** Expected transitions of the last call, from operator (row) to operator. */
  readonly expected: Float64Array;
  /**
   * @param logs - log-likelihood of each session under each operator, operator after operator
   * @param weights - is overwritten with the probability of each operator at each session
   * @returns the log-likelihood of all sessions
   */
  run(logs: Float64Array, chain: Chain, weights: Float64Array): number;
}

/** Least likelihood of a session relative to its likeliest operator, as a logarithm: below it sums could become 0. */
export const LEAST_LOG = -200;
/** Largest factor backwards. It is reached only where an operator is impossible, whose weight is 0 then instead of 0 · Infinity. */
export const MOST_BACKWARD = 1e300;

/** For any number of operators. */
export class ForwardBackwardOfAny implements ForwardBackward {
  readonly #sessions: number;
  readonly #operators: number;
  readonly #likelihoods: Float64Array;
  readonly #forward: Float64Array;
  readonly #scales: Float64Array;
  readonly #backward: Float64Array;
  readonly #next: Float64Array;
  readonly #reached: Float64Array;
  readonly expected: Float64Array;

  constructor(sessions: number, operators: number) {
    this.#sessions = sessions;
    this.#operators = operators;
    this.#likelihoods = new Float64Array(sessions * operators);
    this.#forward = new Float64Array(sessions * operators);
    this.#scales = new Float64Array(sessions);
    this.#backward = new Float64Array(operators);
    this.#next = new Float64Array(operators);
    this.#reached = new Float64Array(operators);
    this.expected = new Float64Array(operators * operators);
  }

  run(logs: Float64Array, chain: Chain, weights: Float64Array): number {
    const logLikelihood = this.#runForward(logs, chain);
    this.#runBackward(chain, weights);
    return logLikelihood;
  }

  #runForward(logs: Float64Array, { initial, transitions }: Chain): number {
    const operators = this.#operators;
    const sessions = this.#sessions;
    const likelihoods = this.#likelihoods;
    const forward = this.#forward;
    const reached = this.#reached;
    const scales = this.#scales;
    reached.set(initial);
    let logLikelihood = 0;
    for (let i = 0; i < sessions; i++) {
      let most = logs[i] ?? 0;
      for (let at = sessions + i; at < logs.length; at += sessions) {
        const log = logs[at] ?? 0;
        if (log > most) most = log;
      }
      let sum = 0;
      for (let k = 0, at = i; k < operators; k++, at += sessions) {
        const log = (logs[at] ?? 0) - most;
        const likelihood = log === 0 ? 1 : Math.exp(log > LEAST_LOG ? log : LEAST_LOG);
        const joint = likelihood * (reached[k] ?? 0);
        likelihoods[at] = likelihood;
        forward[at] = joint;
        sum += joint;
      }
      scales[i] = sum;
      logLikelihood += most + Math.log(sum);
      const inverse = 1 / sum;
      for (let k = 0, at = i; k < operators; k++, at += sessions) forward[at] = (forward[at] ?? 0) * inverse;
      for (let to = 0; to < operators; to++) {
        let probability = 0;
        for (let from = 0, at = i; from < operators; from++, at += sessions) {
          probability += (forward[at] ?? 0) * (transitions[from * operators + to] ?? 0);
        }
        reached[to] = probability;
      }
    }
    return logLikelihood;
  }

  #runBackward({ transitions }: Chain, weights: Float64Array): void {
    const operators = this.#operators;
    const sessions = this.#sessions;
    const likelihoods = this.#likelihoods;
    const forward = this.#forward;
    const expected = this.expected.fill(0);
    const backward = this.#backward.fill(1);
    const next = this.#next;
    const scales = this.#scales;
    for (let i = sessions - 1; ; i--) {
      for (let k = 0, at = i; k < operators; k++, at += sessions) {
        weights[at] = (forward[at] ?? 0) * (backward[k] ?? 0);
      }
      if (i === 0) return;
      const inverse = 1 / (scales[i] ?? 1);
      for (let k = 0, at = i; k < operators; k++, at += sessions) {
        const factor = (likelihoods[at] ?? 0) * (backward[k] ?? 0) * inverse;
        next[k] = factor < MOST_BACKWARD ? factor : MOST_BACKWARD;
      }
      for (let from = 0, at = i - 1; from < operators; from++, at += sessions) {
        const before = forward[at] ?? 0;
        let sum = 0;
        for (let to = 0; to < operators; to++) {
          const step = (transitions[from * operators + to] ?? 0) * (next[to] ?? 0);
          expected[from * operators + to] = (expected[from * operators + to] ?? 0) + before * step;
          sum += step;
        }
        backward[from] = sum < MOST_BACKWARD ? sum : MOST_BACKWARD;
      }
    }
  }
}
