/**
 * Whether several operators are accepted. Each condition keeps out a kind of series of one operator that is likely otherwise. The likeliest
 * operator is that of each session by itself, whose probability is shown, not the likeliest path as a whole.
 */
import { OPERATORS } from "../constants.ts";
import { type Fit, fitMixture } from "./fit.ts";
import type { Traits } from "./traits.ts";

/**
 * The gain in log-likelihood that is needed: more with more primitives, as each gives a fit something to adapt to.
 * @example neededGain(traits, 2) // 9 for one number that varies
 */
export function neededGain({ primitives, numbers }: Traits, operators: number): number {
  return (
    OPERATORS.gain +
    (numbers ? OPERATORS.gainWithNumbers : 0) +
    (operators === OPERATORS.most ? OPERATORS.gainForThree : 0) +
    OPERATORS.primitivePrice * (primitives - 1)
  );
}

/** Whether the operators of a fit come back, have enough sessions each, and are told apart by the order of sessions or by far. */
export function isAcceptable(traits: Traits, freedom: number, fit: Fit): boolean {
  const path = likeliestPath(fit);
  const { operators } = fit;
  if (switchesOf(path) < OPERATORS.switches * (operators - 1)) return false;
  const least = Math.max(OPERATORS.leastSessions, OPERATORS.leastShare * traits.sessions);
  for (let k = 0; k < operators; k++) {
    if (path.filter((operator) => operator === k).length < least) return false;
  }
  return fit.isApart || fit.logLikelihood - fitMixture(traits, freedom, fit) >= OPERATORS.orderGain;
}

/** The likeliest operator of each session (tie: the lower number). */
export function likeliestPath({ operators, weights }: Fit): Int32Array {
  const sessions = weights.length / operators;
  return Int32Array.from({ length: sessions }, (_, i) => {
    let likeliest = 0;
    for (let k = 1; k < operators; k++) {
      if ((weights[k * sessions + i] ?? 0) > (weights[likeliest * sessions + i] ?? 0)) likeliest = k;
    }
    return likeliest;
  });
}

function switchesOf(path: Int32Array): number {
  return path.filter((operator, i) => i > 0 && operator !== path[i - 1]).length;
}
