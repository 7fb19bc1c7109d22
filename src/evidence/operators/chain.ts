/** Who sits at the next session: a Markov chain over operators, a row of regimes that never come back, or a mixture without order. */
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
