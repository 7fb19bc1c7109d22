/**
 * Fits a number of operators to the traits by expectation and maximisation: emissions from weights, and weights from emissions and order.
 * Emissions go on from one round to the next; Σ begins anew with each fit only. The first round has the transitions that a start gives,
 * as no transitions are expected yet.
 */
import { OPERATORS } from "../constants.ts";
import { categoryEmission } from "./categories.ts";
import { type Chain, learntChain, mixtureChain } from "./chain.ts";
import type { Emission } from "./emission.ts";
import { ForwardBackwardOfTwo } from "./forward-backward-of-two.ts";
import { type ForwardBackward, ForwardBackwardOfAny } from "./forward-backward.ts";
import { groupings, groupWeights } from "./starts.ts";
import { studentEmission } from "./student.ts";
import type { Traits } from "./traits.ts";

/** A fit that is finished. */
export interface Fit {
  readonly operators: number;
  readonly logLikelihood: number;
  /** Probability of each operator at each session, operator after operator. */
  readonly weights: Float64Array;
  /** Whether the operators differ so much that no order is needed to tell them apart. */
  readonly isApart: boolean;
}

/** The model of a number of operators. One is used for many fits, each of which starts from nothing. */
export class Fitter {
  readonly operators: number;
  readonly #emissions: readonly Emission[];
  readonly #logs: Float64Array;
  readonly #weights: Float64Array;
  readonly #forwardBackward: ForwardBackward;

  /** @param freedom - ν of the numbers' distribution */
  constructor(traits: Traits, operators: number, freedom: number) {
    this.operators = operators;
    const { sessions, numbers, categories } = traits;
    this.#emissions = [
      ...(numbers ? [studentEmission(numbers, operators, freedom)] : []),
      ...categories.map((category) => categoryEmission(category, operators)),
    ];
    this.#logs = new Float64Array(sessions * operators);
    this.#weights = new Float64Array(sessions * operators);
    this.#forwardBackward =
      operators === 2 ? new ForwardBackwardOfTwo(sessions) : new ForwardBackwardOfAny(sessions, operators);
  }

  /**
   * Runs the rounds.
   * @param weights - where they start
   * @returns the log-likelihood
   */
  run(weights: Float64Array, chain: Chain): number {
    this.#weights.set(weights);
    for (const emission of this.#emissions) emission.start(this.#weights);
    let logLikelihood = -Infinity;
    for (let round = 0; round < OPERATORS.rounds; round++) {
      if (round > 0) chain.learn(this.#weights, this.#forwardBackward.expected);
      this.#logs.fill(0);
      for (const emission of this.#emissions) {
        emission.update(this.#weights);
        emission.addTo(this.#logs);
      }
      const before = logLikelihood;
      logLikelihood = this.#forwardBackward.run(this.#logs, chain, this.#weights);
      if (Math.abs(logLikelihood - before) < OPERATORS.settled) break;
    }
    return logLikelihood;
  }

  /** The fit that ran last. */
  last(logLikelihood: number): Fit {
    return {
      operators: this.operators,
      logLikelihood,
      weights: this.#weights.slice(),
      isApart: this.#emissions.some((emission) => emission.isApart()),
    };
  }
}

/** One operator for all sessions. */
export function fitOne(traits: Traits, freedom: number): Fit {
  const fitter = new Fitter(traits, 1, freedom);
  return fitter.last(fitter.run(new Float64Array(traits.sessions).fill(1), learntChain(1, 1)));
}

/** The best fit of several operators over all starts, or null if nothing varies. */
export function fitSeveral(traits: Traits, operators: number, freedom: number): Fit | null {
  const fitter = new Fitter(traits, operators, freedom);
  let best: Fit | null = null;
  for (const groups of groupings(traits, operators)) {
    const weights = groupWeights(groups, operators, OPERATORS.groupWeight);
    for (const stays of OPERATORS.stays) {
      const logLikelihood = fitter.run(weights, learntChain(operators, stays));
      if (!best || logLikelihood > best.logLikelihood) best = fitter.last(logLikelihood);
    }
  }
  return best;
}

/** The log-likelihood of a mixture, in which the order of the sessions does not count, from the weights of a fit. */
export function fitMixture(traits: Traits, freedom: number, { operators, weights }: Fit): number {
  return new Fitter(traits, operators, freedom).run(weights, mixtureChain(operators, weights));
}
