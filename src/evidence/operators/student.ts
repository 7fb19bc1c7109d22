/**
 * The emission of all numbers: a multivariate t distribution per operator, with a mean of its own and one scale matrix Σ for all. Heavy
 * tails keep a single odd session from looking like an operator.
 */
import { OPERATORS } from "../constants.ts";
import type { Emission } from "./emission.ts";
import { logGamma } from "./log-gamma.ts";
import type { Numbers } from "./numbers.ts";
import { decompose, solve, triangleSize } from "./triangle.ts";

/** The emission of the numbers for a number of operators. `freedom` is ν, > 0. */
export function studentEmission(numbers: Numbers, operators: number, freedom: number): Emission {
  return new StudentEmission(numbers, operators, freedom);
}

class StudentEmission implements Emission {
  readonly #numbers: Numbers;
  readonly #operators: number;
  readonly #sessions: number;
  readonly #freedom: number;
  /** The part of the log-density that depends on neither mean nor Σ. */
  readonly #constant: number;
  /** Σ and its decomposition, lower triangles. */
  readonly #scale: Float64Array;
  readonly #factor: Float64Array;
  #logDeterminant = 0;
  /** Means, operator after operator. */
  readonly #means: Float64Array;
  /** Squared Mahalanobis distance of each session from each mean. */
  readonly #distances: Float64Array;
  /** r of the update: weight of each session and operator, and their sums per operator. */
  readonly #weights: Float64Array;
  readonly #byOperator: Float64Array;
  /** Sessions and means multiplied by the inverse of the factor. */
  readonly #whiteRows: Float64Array;
  readonly #whiteMeans: Float64Array;

  constructor(numbers: Numbers, operators: number, freedom: number) {
    const { width, rows } = numbers;
    const sessions = rows.length / width;
    this.#numbers = numbers;
    this.#operators = operators;
    this.#sessions = sessions;
    this.#freedom = freedom;
    this.#constant =
      logGamma((freedom + width) / 2) - logGamma(freedom / 2) - (width / 2) * Math.log(freedom * Math.PI);
    this.#scale = new Float64Array(triangleSize(width));
    this.#factor = new Float64Array(triangleSize(width));
    this.#means = new Float64Array(operators * width);
    this.#distances = new Float64Array(sessions * operators);
    this.#weights = new Float64Array(sessions * operators);
    this.#byOperator = new Float64Array(operators);
    this.#whiteRows = new Float64Array(rows.length);
    this.#whiteMeans = new Float64Array(operators * width);
  }

  start(weights: Float64Array): void {
    const divisor = this.#operators === 1 ? 1 : OPERATORS.startDivisor;
    const { covariance } = this.#numbers;
    for (let at = 0; at < covariance.length; at++) this.#scale[at] = (covariance[at] ?? 0) / divisor;
    this.#updateMeans(weights);
    this.#measure();
  }

  update(weights: Float64Array): void {
    let total = 0;
    for (const weight of weights) total += weight;
    for (let i = 0; i < OPERATORS.updatesPerRound; i++) {
      this.#reweight(weights);
      this.#updateMeans(this.#weights);
      this.#updateScale(total);
      this.#measure();
    }
  }

  /** r = g (ν + d) / (ν + squared distance). */
  #reweight(weights: Float64Array): void {
    const freedom = this.#freedom;
    const above = freedom + this.#numbers.width;
    const distances = this.#distances;
    const reweighted = this.#weights;
    for (let at = 0; at < distances.length; at++) {
      reweighted[at] = ((weights[at] ?? 0) * above) / (freedom + (distances[at] ?? 0));
    }
  }

  /** μ = Σ r y / (prior + Σ r). */
  #updateMeans(weights: Float64Array): void {
    const { width, rows } = this.#numbers;
    const operators = this.#operators;
    const sums = this.#byOperator.fill(0);
    const means = this.#means.fill(0);
    for (let i = 0; i < this.#sessions; i++) {
      const row = i * width;
      for (let k = 0; k < operators; k++) {
        const weight = weights[i * operators + k] ?? 0;
        const mean = k * width;
        sums[k] = (sums[k] ?? 0) + weight;
        for (let a = 0; a < width; a++)
          means[mean + a] = (means[mean + a] ?? 0) + weight * (rows[row + a] ?? 0);
      }
    }
    for (let k = 0; k < operators; k++) {
      const divisor = OPERATORS.meanPrior + (sums[k] ?? 0);
      for (let a = k * width; a < (k + 1) * width; a++) means[a] = (means[a] ?? 0) / divisor;
    }
  }

  /**
   * Σ = (prior · C + Σ r (y − μ)(y − μ)ᵀ) / (weight + Σ g) + ridge · I. As Σ r y = μ (prior + Σ r), the sum over operators is that of
   * the rows, Σ r y yᵀ, less Σ (2 · prior + Σ r) μ μᵀ; this is done once for all operators.
   */
  #updateScale(total: number): void {
    const { width, rows, covariance } = this.#numbers;
    const operators = this.#operators;
    const scale = this.#scale.fill(0);
    for (let i = 0; i < this.#sessions; i++) {
      let weight = 0;
      for (let k = 0; k < operators; k++) weight += this.#weights[i * operators + k] ?? 0;
      const row = i * width;
      let at = 0;
      for (let a = 0; a < width; a++) {
        const weighted = weight * (rows[row + a] ?? 0);
        for (let b = 0; b <= a; b++, at++) scale[at] = (scale[at] ?? 0) + weighted * (rows[row + b] ?? 0);
      }
    }
    const means = this.#means;
    for (let k = 0; k < operators; k++) {
      const weight = 2 * OPERATORS.meanPrior + (this.#byOperator[k] ?? 0);
      const mean = k * width;
      let at = 0;
      for (let a = 0; a < width; a++) {
        const weighted = weight * (means[mean + a] ?? 0);
        for (let b = 0; b <= a; b++, at++) scale[at] = (scale[at] ?? 0) - weighted * (means[mean + b] ?? 0);
      }
    }
    const { scalePrior, scaleWeight, scaleRidge } = OPERATORS;
    let at = 0;
    for (let a = 0; a < width; a++) {
      for (let b = 0; b <= a; b++, at++) {
        const learnt = (scalePrior * (covariance[at] ?? 0) + (scale[at] ?? 0)) / (scaleWeight + total);
        scale[at] = a === b ? learnt + scaleRidge : learnt;
      }
    }
  }

  /** The distances under the current means and Σ. */
  #measure(): void {
    const { width, rows } = this.#numbers;
    const operators = this.#operators;
    const factor = this.#factor;
    this.#logDeterminant = decompose(this.#scale, width, factor);
    const whiteMeans = this.#whiteMeans;
    for (let k = 0; k < operators; k++) solve(factor, width, this.#means, whiteMeans, k * width);
    const whiteRows = this.#whiteRows;
    for (let i = 0; i < this.#sessions; i++) {
      const row = i * width;
      solve(factor, width, rows, whiteRows, row);
      for (let k = 0; k < operators; k++) {
        const mean = k * width;
        let sum = 0;
        for (let a = 0; a < width; a++) {
          const difference = (whiteRows[row + a] ?? 0) - (whiteMeans[mean + a] ?? 0);
          sum += difference * difference;
        }
        this.#distances[i * operators + k] = sum;
      }
    }
  }

  addTo(logs: Float64Array): void {
    const constant = this.#constant - this.#logDeterminant / 2;
    const freedom = this.#freedom;
    const power = (freedom + this.#numbers.width) / 2;
    const distances = this.#distances;
    for (let at = 0; at < distances.length; at++) {
      logs[at] = (logs[at] ?? 0) + constant - power * Math.log1p((distances[at] ?? 0) / freedom);
    }
  }

  isApart(): boolean {
    const { width } = this.#numbers;
    const least = OPERATORS.distance + width - 1;
    for (let a = 0; a < this.#operators; a++) {
      for (let b = 0; b < a; b++) {
        let sum = 0;
        for (let c = 0; c < width; c++) {
          sum += ((this.#whiteMeans[a * width + c] ?? 0) - (this.#whiteMeans[b * width + c] ?? 0)) ** 2;
        }
        if (Math.sqrt(sum) < least) return false;
      }
    }
    return true;
  }
}
