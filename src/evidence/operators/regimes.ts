/**
 * Regimes in a row: one operator whose behaviour changed once or twice, or drifts. Several operators must explain the sessions better than
 * that, because they come back.
 */
import { OPERATORS } from "../constants.ts";
import { rowChain } from "./chain.ts";
import { Fitter } from "./fit.ts";
import { groupWeights } from "./starts.ts";
import type { Traits } from "./traits.ts";

/** The best log-likelihood of two or three regimes in a row; that of three is less their price. */
export function fitRows(traits: Traits, freedom: number): number {
  const two = OPERATORS.rowCuts.map((cut) => fitRow(traits, freedom, [cut]));
  const emissions = (traits.numbers ? 1 : 0) + traits.categories.length;
  const three = fitRow(traits, freedom, [1 / 3, 2 / 3]) - OPERATORS.rowPrice * emissions;
  return Math.max(...two, three);
}

/** @param cuts - where regimes end at first, as shares of the sessions */
function fitRow(traits: Traits, freedom: number, cuts: readonly number[]): number {
  const { sessions } = traits;
  const regimes = cuts.length + 1;
  const groups = Int32Array.from(
    { length: sessions },
    (_, i) => cuts.filter((cut) => i >= cut * sessions).length,
  );
  return new Fitter(traits, regimes, freedom).run(
    groupWeights(groups, regimes, OPERATORS.rowWeight),
    rowChain(regimes),
  );
}
