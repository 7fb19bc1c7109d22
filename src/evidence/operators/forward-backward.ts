/**
 * The forward–backward algorithm: the probability of each operator at each session, and the likelihood of all. Probabilities are scaled
 * session by session, so that they cannot become 0. For two operators, which are tried always, the same is written out without inner
 * loops; it takes a third of the time.
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

/** The algorithm for a number of sessions and operators. */
export function forwardBackward(sessions: number, operators: number): ForwardBackward {
  return operators === 2 ? new ForwardBackwardOfTwo(sessions) : new ForwardBackwardOfAny(sessions, operators);
}

/** Least likelihood of a session relative to its likeliest operator, as a logarithm: below it sums could become 0. */
const LEAST_LOG = -200;
/** Largest factor backwards. It is reached only where an operator is impossible, whose weight is 0 then instead of 0 · Infinity. */
const MOST_BACKWARD = 1e300;

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

class ForwardBackwardOfTwo implements ForwardBackward {
  readonly #sessions: number;
  readonly #likelihoods: Float64Array;
  readonly #forward: Float64Array;
  /** 1 / scale of each session. */
  readonly #inverses: Float64Array;
  readonly expected = new Float64Array(4);

  constructor(sessions: number) {
    this.#sessions = sessions;
    this.#likelihoods = new Float64Array(2 * sessions);
    this.#forward = new Float64Array(2 * sessions);
    this.#inverses = new Float64Array(sessions);
  }

  run(logs: Float64Array, chain: Chain, weights: Float64Array): number {
    const logLikelihood = this.#runForward(logs, chain);
    this.#runBackward(chain, weights);
    return logLikelihood;
  }

  #runForward(logs: Float64Array, { initial, transitions }: Chain): number {
    const sessions = this.#sessions;
    const likelihoods = this.#likelihoods;
    const forward = this.#forward;
    const inverses = this.#inverses;
    const [stay0 = 0, leave0 = 0, leave1 = 0, stay1 = 0] = transitions;
    let [reached0 = 0, reached1 = 0] = initial;
    let logLikelihood = 0;
    for (let i = 0; i < sessions; i++) {
      const log0 = logs[i] ?? 0;
      const log1 = logs[sessions + i] ?? 0;
      const most = log0 > log1 ? log0 : log1;
      const less = log0 > log1 ? log1 - log0 : log0 - log1;
      const likelihood = Math.exp(less > LEAST_LOG ? less : LEAST_LOG);
      const likelihood0 = log0 > log1 ? 1 : likelihood;
      const likelihood1 = log0 > log1 ? likelihood : 1;
      const sum = reached0 * likelihood0 + reached1 * likelihood1;
      const inverse = 1 / sum;
      const forward0 = reached0 * likelihood0 * inverse;
      const forward1 = reached1 * likelihood1 * inverse;
      likelihoods[i] = likelihood0;
      likelihoods[sessions + i] = likelihood1;
      forward[i] = forward0;
      forward[sessions + i] = forward1;
      inverses[i] = inverse;
      logLikelihood += most + Math.log(sum);
      reached0 = forward0 * stay0 + forward1 * leave1;
      reached1 = forward0 * leave0 + forward1 * stay1;
    }
    return logLikelihood;
  }

  #runBackward({ transitions }: Chain, weights: Float64Array): void {
    const sessions = this.#sessions;
    const likelihoods = this.#likelihoods;
    const forward = this.#forward;
    const [stay0 = 0, leave0 = 0, leave1 = 0, stay1 = 0] = transitions;
    const expected = this.expected.fill(0);
    let [backward0, backward1] = [1, 1];
    let [stayed0, left0, left1, stayed1] = [0, 0, 0, 0];
    for (let i = sessions - 1; i >= 0; i--) {
      weights[i] = (forward[i] ?? 0) * backward0;
      weights[sessions + i] = (forward[sessions + i] ?? 0) * backward1;
      if (i === 0) break;
      const inverse = this.#inverses[i] ?? 1;
      const next0 = Math.min(MOST_BACKWARD, (likelihoods[i] ?? 0) * backward0 * inverse);
      const next1 = Math.min(MOST_BACKWARD, (likelihoods[sessions + i] ?? 0) * backward1 * inverse);
      const before0 = forward[i - 1] ?? 0;
      const before1 = forward[sessions + i - 1] ?? 0;
      stayed0 += before0 * stay0 * next0;
      left0 += before0 * leave0 * next1;
      left1 += before1 * leave1 * next0;
      stayed1 += before1 * stay1 * next1;
      backward0 = Math.min(MOST_BACKWARD, stay0 * next0 + leave0 * next1);
      backward1 = Math.min(MOST_BACKWARD, leave1 * next0 + stay1 * next1);
    }
    expected.set([stayed0, left0, left1, stayed1]);
  }
}
