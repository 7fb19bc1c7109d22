/**
 * The emission of all numbers: a multivariate t distribution per operator, with a mean of its own and one scale matrix Σ for all. Heavy
 * tails keep a single odd session from looking like an operator.
 */
import { OPERATORS } from "../constants.ts";
import type { Emission } from "./emission.ts";
import { logGamma } from "./log-gamma.ts";
import type { Numbers } from "./numbers.ts";
import { sumOfRows, timesVector } from "./sums.ts";
import { Inverter, triangleSize } from "./triangle.ts";

/** The emission of the numbers for a number of operators. `freedom` is ν, > 0. */
export function studentEmission(numbers: Numbers, operators: number, freedom: number): Emission {
  return new StudentEmission(numbers, operators, freedom);
}

/** What belongs to one operator. */
class Operator {
  readonly mean: Float64Array;
  /** −2 Σ⁻¹ μ. */
  readonly direction: Float64Array;
  /** Squared Mahalanobis distance of each session from the mean. */
  readonly distances: Float64Array;
  /** r of each session. */
  readonly weights: Float64Array;
  /** Σ r. */
  total = 0;

  constructor(width: number, sessions: number) {
    this.mean = new Float64Array(width);
    this.direction = new Float64Array(width);
    this.distances = new Float64Array(sessions);
    this.weights = new Float64Array(sessions);
  }
}

class StudentEmission implements Emission {
  readonly #numbers: Numbers;
  readonly #operators: readonly Operator[];
  readonly #freedom: number;
  /** The part of the log-density that depends on neither mean nor Σ. */
  readonly #constant: number;
  /** Σ, lower triangle. */
  readonly #scale: Float64Array;
  readonly #inverter: Inverter;
  #logDeterminant = 0;
  /** Σ⁻¹ with its part off the diagonal doubled: times the products of a session it is yᵀ Σ⁻¹ y. */
  readonly #doubled: Float64Array;
  /** yᵀ Σ⁻¹ y of each session. */
  readonly #squares: Float64Array;
  /** Σ r over the operators, of each session. */
  readonly #totals: Float64Array;

  constructor(numbers: Numbers, operators: number, freedom: number) {
    const { width, rows } = numbers;
    const sessions = rows.length / width;
    this.#numbers = numbers;
    this.#operators = Array.from({ length: operators }, () => new Operator(width, sessions));
    this.#freedom = freedom;
    this.#constant =
      logGamma((freedom + width) / 2) - logGamma(freedom / 2) - (width / 2) * Math.log(freedom * Math.PI);
    this.#scale = new Float64Array(triangleSize(width));
    this.#inverter = new Inverter(width);
    this.#doubled = new Float64Array(triangleSize(width));
    this.#squares = new Float64Array(sessions);
    this.#totals = new Float64Array(sessions);
  }

  start(weights: Float64Array): void {
    const divisor = this.#operators.length === 1 ? 1 : OPERATORS.startDivisor;
    for (const [at, value] of this.#numbers.covariance.entries()) this.#scale[at] = value / divisor;
    for (const [k, operator] of this.#operators.entries()) {
      const own = operator.weights;
      own.set(weights.subarray(k * own.length, (k + 1) * own.length));
      this.#updateMean(operator);
    }
    this.#measure();
  }

  update(weights: Float64Array): void {
    let total = 0;
    for (let at = 0; at < weights.length; at++) total += weights[at] ?? 0;
    for (let i = 0; i < OPERATORS.updatesPerRound; i++) {
      for (const [k, operator] of this.#operators.entries()) {
        this.#reweight(operator, k, weights);
        this.#updateMean(operator);
      }
      this.#updateScale(total);
      this.#measure();
    }
  }

  /** r = g (ν + d) / (ν + squared distance). */
  #reweight({ distances, weights }: Operator, k: number, given: Float64Array): void {
    const from = k * weights.length;
    const freedom = this.#freedom;
    const above = freedom + this.#numbers.width;
    for (let i = 0; i < weights.length; i++) {
      weights[i] = ((given[from + i] ?? 0) * above) / (freedom + (distances[i] ?? 0));
    }
  }

  /** μ = Σ r y / (prior + Σ r). */
  #updateMean(operator: Operator): void {
    const { mean, weights } = operator;
    let total = 0;
    for (let i = 0; i < weights.length; i++) total += weights[i] ?? 0;
    operator.total = total;
    sumOfRows(this.#numbers.rows, weights, mean);
    const divisor = OPERATORS.meanPrior + total;
    for (let a = 0; a < mean.length; a++) mean[a] = (mean[a] ?? 0) / divisor;
  }

  /**
   * Σ = (prior · C + Σ r (y − μ)(y − μ)ᵀ) / (weight + Σ g) + ridge · I. As Σ r y = μ (prior + Σ r), the sum is that of r y yᵀ, which is
   * done once for all operators, less (2 · prior + Σ r) μ μᵀ of each.
   */
  #updateScale(total: number): void {
    const { width, products, covariance } = this.#numbers;
    const scale = this.#scale;
    const totals = this.#totals.fill(0);
    for (const { weights } of this.#operators) {
      for (let i = 0; i < totals.length; i++) totals[i] = (totals[i] ?? 0) + (weights[i] ?? 0);
    }
    sumOfRows(products, totals, scale);
    const { meanPrior, scalePrior, scaleWeight, scaleRidge } = OPERATORS;
    for (const { mean, total: ofOperator } of this.#operators) {
      const weight = 2 * meanPrior + ofOperator;
      let at = 0;
      for (let a = 0; a < width; a++) {
        const weighted = weight * (mean[a] ?? 0);
        for (let b = 0; b <= a; b++, at++) scale[at] = (scale[at] ?? 0) - weighted * (mean[b] ?? 0);
      }
    }
    let at = 0;
    for (let a = 0; a < width; a++) {
      for (let b = 0; b <= a; b++, at++) {
        const learnt = (scalePrior * (covariance[at] ?? 0) + (scale[at] ?? 0)) / (scaleWeight + total);
        scale[at] = a === b ? learnt + scaleRidge : learnt;
      }
    }
  }

  /** The distances under the current means and Σ: yᵀ Σ⁻¹ y − 2 μᵀ Σ⁻¹ y + μᵀ Σ⁻¹ μ. */
  #measure(): void {
    const { width, rows, products } = this.#numbers;
    this.#logDeterminant = this.#inverter.invert(this.#scale);
    const { inverse } = this.#inverter;
    const doubled = this.#doubled;
    let at = 0;
    for (let a = 0; a < width; a++) {
      for (let b = 0; b < a; b++, at++) doubled[at] = 2 * (inverse[at] ?? 0);
      doubled[at] = inverse[at] ?? 0;
      at++;
    }
    const squares = this.#squares;
    timesVector(products, doubled, squares);
    for (const { mean, direction, distances } of this.#operators) {
      timesTriangle(inverse, mean, direction);
      let ofMean = 0;
      for (let a = 0; a < width; a++) {
        ofMean += (mean[a] ?? 0) * (direction[a] ?? 0);
        direction[a] = -2 * (direction[a] ?? 0);
      }
      timesVector(rows, direction, distances);
      for (let i = 0; i < distances.length; i++) {
        // Rounding could make it negative.
        distances[i] = Math.max(0, (squares[i] ?? 0) + (distances[i] ?? 0) + ofMean);
      }
    }
  }

  addTo(logs: Float64Array): void {
    const constant = this.#constant - this.#logDeterminant / 2;
    const freedom = this.#freedom;
    const power = (freedom + this.#numbers.width) / 2;
    for (const [k, { distances }] of this.#operators.entries()) {
      for (let i = 0; i < distances.length; i++) {
        const at = k * distances.length + i;
        logs[at] = (logs[at] ?? 0) + constant - power * Math.log(1 + (distances[i] ?? 0) / freedom);
      }
    }
  }

  isApart(): boolean {
    const { width } = this.#numbers;
    const least = OPERATORS.distance + width - 1;
    const along = new Float64Array(width);
    return this.#operators.every(({ mean }, k) =>
      this.#operators.slice(k + 1).every((other) => {
        const difference = mean.map((value, a) => value - (other.mean[a] ?? 0));
        timesTriangle(this.#inverter.inverse, difference, along);
        const square = difference.reduce((sum, value, a) => sum + value * (along[a] ?? 0), 0);
        return Math.sqrt(square) >= least;
      }),
    );
  }
}

/** A symmetric matrix, given as its lower triangle, times a vector. */
function timesTriangle(triangle: Float64Array, vector: Float64Array, product: Float64Array): void {
  product.fill(0);
  let at = 0;
  for (let a = 0; a < vector.length; a++) {
    let sum = 0;
    const value = vector[a] ?? 0;
    for (let b = 0; b < a; b++, at++) {
      const entry = triangle[at] ?? 0;
      sum += entry * (vector[b] ?? 0);
      product[b] = (product[b] ?? 0) + entry * value;
    }
    product[a] = sum + (triangle[at++] ?? 0) * value;
  }
}
