/**
 * Who sits at the next session: a Markov chain over operators, a row of regimes that never come back, or a mixture without order; and the
 * forward–backward algorithm, which gives each session's weights and the likelihood.
 */
import { OPERATORS } from "../constants.ts";

/** Probabilities of the first operator and of the next one. */
export interface Chain {
  readonly operators: number;
  readonly initial: Float64Array;
  /** From operator (row) to operator. */
  readonly transitions: Float64Array;
  /** Learns from the weights and the expected transitions. */
  learn(weights: Float64Array, expected: Float64Array): void;
}

/** A chain whose transitions are learnt. The start stays uniform. `stays`: the probability at first to stay with the operator, 0–1. */
export function learntChain(operators: number, stays: number): Chain {
  const moves = (1 - stays) / Math.max(1, operators - 1);
  const transitions = new Float64Array(operators * operators).fill(moves);
  for (let k = 0; k < operators; k++) transitions[k * operators + k] = stays;
  return {
    operators,
    initial: new Float64Array(operators).fill(1 / operators),
    transitions,
    learn: (_weights, expected) => {
      for (let from = 0; from < operators; from++) {
        let total = operators;
        for (let to = 0; to < operators; to++) total += expected[from * operators + to] ?? 0;
        for (let to = 0; to < operators; to++) {
          transitions[from * operators + to] = (1 + (expected[from * operators + to] ?? 0)) / total;
        }
      }
    },
  };
}

/** Regimes in a row: each follows the one before, and none comes back. Nothing is learnt. */
export function rowChain(regimes: number): Chain {
  const transitions = new Float64Array(regimes * regimes);
  for (let k = 0; k < regimes; k++) {
    const stays = k === regimes - 1 ? 1 : OPERATORS.rowStay;
    transitions[k * regimes + k] = stays;
    if (stays < 1) transitions[k * regimes + k + 1] = 1 - stays;
  }
  const initial = new Float64Array(regimes);
  initial[0] = 1;
  return { operators: regimes, initial, transitions, learn: () => {} };
}

/** A mixture: who sits at a session does not depend on the one before. Shares are learnt from the weights, as transitions are. */
export function mixtureChain(operators: number, weights: Float64Array): Chain {
  const initial = new Float64Array(operators);
  const transitions = new Float64Array(operators * operators);
  const learn = (learnt: Float64Array): void => {
    initial.fill(1);
    const sessions = learnt.length / operators;
    for (let k = 0; k < operators; k++) {
      for (let i = 0; i < sessions; i++) initial[k] = (initial[k] ?? 0) + (learnt[k * sessions + i] ?? 0);
    }
    const total = operators + sessions;
    for (const [k, share] of initial.entries()) initial[k] = share / total;
    for (let from = 0; from < operators; from++) transitions.set(initial, from * operators);
  };
  learn(weights);
  return { operators, initial, transitions, learn };
}

/** Least likelihood of a session relative to its likeliest operator, as a logarithm: below it sums could become 0. */
const LEAST_LOG = -200;
/** Largest factor backwards. It is reached only where an operator is impossible, whose weight is 0 then instead of 0 · Infinity. */
const MOST_BACKWARD = 1e300;

/** Forward–backward with room that is used again by each call. */
export class ForwardBackward {
  readonly #sessions: number;
  readonly #operators: number;
  readonly #likelihoods: Float64Array;
  readonly #forward: Float64Array;
  readonly #scales: Float64Array;
  readonly #backward: Float64Array;
  readonly #next: Float64Array;
  readonly #reached: Float64Array;
  /** Expected transitions of the last call, from operator (row) to operator. */
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

  /**
   * @param logs - log-likelihood of each session under each operator, operator after operator
   * @param weights - is overwritten with the probability of each operator at each session
   * @returns the log-likelihood of all sessions
   */
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
      this.#scales[i] = sum;
      logLikelihood += most + Math.log(sum);
      reached.fill(0);
      for (let from = 0, at = i; from < operators; from++, at += sessions) {
        const probability = (forward[at] ?? 0) / sum;
        forward[at] = probability;
        for (let to = 0; to < operators; to++) {
          reached[to] = (reached[to] ?? 0) + probability * (transitions[from * operators + to] ?? 0);
        }
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
    for (let i = sessions - 1; ; i--) {
      for (let k = 0, at = i; k < operators; k++, at += sessions) {
        weights[at] = (forward[at] ?? 0) * (backward[k] ?? 0);
      }
      if (i === 0) return;
      const scale = this.#scales[i] ?? 1;
      for (let k = 0, at = i; k < operators; k++, at += sessions) {
        const factor = ((likelihoods[at] ?? 0) * (backward[k] ?? 0)) / scale;
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
