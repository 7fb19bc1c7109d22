/** Emissions of one primitive that is not a number: shares of values for categorical ones, the commonest and the rest for hashes. */
import { OPERATORS } from "../constants.ts";
import type { Emission } from "./emission.ts";
import type { Category } from "./traits.ts";

/** The emission of a primitive for a number of operators. */
export function categoryEmission(category: Category, operators: number): Emission {
  return new CategoryEmission(category, operators);
}

class CategoryEmission implements Emission {
  readonly #kind: Category["kind"];
  /** Per session the number of its value, from 0; a missing one has the number after the last. */
  readonly #codes: Int32Array;
  readonly #values: number;
  readonly #operators: readonly Operator[];

  constructor({ kind, codes, values }: Category, operators: number) {
    this.#kind = kind;
    this.#codes = codes.map((code) => (code < 0 ? values : code));
    this.#values = values;
    this.#operators = Array.from({ length: operators }, () => new Operator(values));
  }

  start(): void {
    // Nothing is kept from one update to the next.
  }

  update(weights: Float64Array): void {
    const codes = this.#codes;
    for (const [k, operator] of this.#operators.entries()) {
      const counts = operator.counts.fill(0);
      const from = k * codes.length;
      for (let i = 0; i < codes.length; i++) {
        const code = codes[i] ?? 0;
        counts[code] = (counts[code] ?? 0) + (weights[from + i] ?? 0);
      }
      if (this.#kind === "hash") this.#updateHash(operator);
      else this.#updateShares(operator);
    }
  }

  #updateShares({ counts, logs }: Operator): void {
    const { valuePrior, leastValues } = OPERATORS;
    const values = this.#values;
    let total = valuePrior * Math.max(leastValues, values);
    for (let v = 0; v < values; v++) total += counts[v] ?? 0;
    for (let v = 0; v < values; v++) logs[v] = Math.log(((counts[v] ?? 0) + valuePrior) / total);
  }

  #updateHash(operator: Operator): void {
    const { otherPrior, leastOthers, mostOthers, otherValues } = OPERATORS;
    const { counts, logs } = operator;
    const values = this.#values;
    let total = 0;
    let commonest = 0;
    for (let v = 0; v < values; v++) {
      total += counts[v] ?? 0;
      if ((counts[v] ?? 0) > (counts[commonest] ?? 0)) commonest = v;
    }
    const others = total - (counts[commonest] ?? 0);
    const share = Math.min(mostOthers, Math.max(leastOthers, (others + otherPrior) / (total + 1)));
    logs.fill(Math.log(share / otherValues), 0, values);
    logs[commonest] = Math.log(1 - share);
    operator.commonest = commonest;
  }

  addTo(logs: Float64Array): void {
    const codes = this.#codes;
    for (const [k, { logs: ofValues }] of this.#operators.entries()) {
      const from = k * codes.length;
      for (let i = 0; i < codes.length; i++) {
        logs[from + i] = (logs[from + i] ?? 0) + (ofValues[codes[i] ?? 0] ?? 0);
      }
    }
  }

  isApart(): boolean {
    const commonest = new Set(this.#operators.map((operator) => operator.commonest));
    return this.#kind === "hash" && commonest.size === this.#operators.length;
  }
}

/** What belongs to one operator. The last place is that of missing values, whose log-probability stays 0. */
class Operator {
  /** Weight of each value. */
  readonly counts: Float64Array;
  /** Log-probability of each value. */
  readonly logs: Float64Array;
  /** The value with the largest weight (tie: the one seen first); of hashes only. */
  commonest = 0;

  constructor(values: number) {
    this.counts = new Float64Array(values + 1);
    this.logs = new Float64Array(values + 1);
  }
}
