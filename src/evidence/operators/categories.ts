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
  readonly #codes: Int32Array;
  readonly #values: number;
  readonly #operators: number;
  /** Weight of each value, operator after operator. */
  readonly #counts: Float64Array;
  /** Log-probability of each value, operator after operator. */
  readonly #logs: Float64Array;
  /** The commonest value of each operator. */
  readonly #commonest: Int32Array;

  constructor({ kind, codes, values }: Category, operators: number) {
    this.#kind = kind;
    this.#codes = codes;
    this.#values = values;
    this.#operators = operators;
    this.#counts = new Float64Array(operators * values);
    this.#logs = new Float64Array(operators * values);
    this.#commonest = new Int32Array(operators);
  }

  start(): void {
    // Nothing is kept from one update to the next.
  }

  update(weights: Float64Array): void {
    const operators = this.#operators;
    const values = this.#values;
    const counts = this.#counts.fill(0);
    const codes = this.#codes;
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i] ?? -1;
      if (code < 0) continue;
      for (let k = 0; k < operators; k++) {
        const at = k * values + code;
        counts[at] = (counts[at] ?? 0) + (weights[i * operators + k] ?? 0);
      }
    }
    for (let k = 0; k < operators; k++) {
      if (this.#kind === "hash") this.#updateHash(k);
      else this.#updateShares(k);
    }
  }

  #updateShares(operator: number): void {
    const { valuePrior, leastValues } = OPERATORS;
    const values = this.#values;
    const from = operator * values;
    let total = valuePrior * Math.max(leastValues, values);
    for (let v = 0; v < values; v++) total += this.#counts[from + v] ?? 0;
    for (let v = 0; v < values; v++) {
      this.#logs[from + v] = Math.log(((this.#counts[from + v] ?? 0) + valuePrior) / total);
    }
  }

  #updateHash(operator: number): void {
    const { otherPrior, leastOthers, mostOthers, otherValues } = OPERATORS;
    const values = this.#values;
    const from = operator * values;
    let total = 0;
    let commonest = 0;
    for (let v = 0; v < values; v++) {
      total += this.#counts[from + v] ?? 0;
      if ((this.#counts[from + v] ?? 0) > (this.#counts[from + commonest] ?? 0)) commonest = v;
    }
    const others = total - (this.#counts[from + commonest] ?? 0);
    const share = Math.min(mostOthers, Math.max(leastOthers, (others + otherPrior) / (total + 1)));
    this.#logs.fill(Math.log(share / otherValues), from, from + values);
    this.#logs[from + commonest] = Math.log(1 - share);
    this.#commonest[operator] = commonest;
  }

  addTo(logs: Float64Array): void {
    const operators = this.#operators;
    const codes = this.#codes;
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i] ?? -1;
      if (code < 0) continue;
      for (let k = 0; k < operators; k++) {
        const at = i * operators + k;
        logs[at] = (logs[at] ?? 0) + (this.#logs[k * this.#values + code] ?? 0);
      }
    }
  }

  isApart(): boolean {
    return this.#kind === "hash" && new Set(this.#commonest).size === this.#operators;
  }
}
