/** Symmetric positive definite matrices, kept as their lower triangle, row after row: Cholesky's decomposition and the first eigenvector. */

/** Numbers in the lower triangle of a square matrix. */
export function triangleSize(width: number): number {
  return (width * (width + 1)) / 2;
}

/** Room for inverting matrices of one width; it is used again by each call. */
export class Inverter {
  readonly #width: number;
  /** L of Σ = L Lᵀ with the inverses of its diagonal, then L⁻¹. */
  readonly #factor: Float64Array;
  /** Σ⁻¹ of the last call, lower triangle. */
  readonly inverse: Float64Array;

  constructor(width: number) {
    this.#width = width;
    this.#factor = new Float64Array(triangleSize(width));
    this.inverse = new Float64Array(triangleSize(width));
  }

  /**
   * Inverts a matrix by Cholesky's decomposition.
   * @param matrix - positive definite, lower triangle
   * @returns ln |Σ|
   */
  invert(matrix: Float64Array): number {
    const logDeterminant = this.#decompose(matrix);
    this.#invertFactor();
    this.#multiply();
    return logDeterminant;
  }

  #decompose(matrix: Float64Array): number {
    const factor = this.#factor;
    let determinant = 0;
    let rowA = 0;
    for (let a = 0; a < this.#width; a++) {
      let rowB = 0;
      for (let b = 0; b <= a; b++) {
        let sum = matrix[rowA + b] ?? 0;
        for (let c = 0; c < b; c++) sum -= (factor[rowA + c] ?? 0) * (factor[rowB + c] ?? 0);
        if (a === b) {
          determinant += Math.log(sum);
          factor[rowA + a] = 1 / Math.sqrt(sum);
        } else factor[rowA + b] = sum * (factor[rowB + b] ?? 0);
        rowB += b + 1;
      }
      rowA += a + 1;
    }
    return determinant;
  }

  /** L⁻¹ in place, row by row: row a needs its own row of L and the rows of L⁻¹ above. */
  #invertFactor(): void {
    const factor = this.#factor;
    let rowA = 0;
    for (let a = 0; a < this.#width; a++) {
      const diagonal = factor[rowA + a] ?? 0;
      for (let b = 0; b < a; b++) {
        let sum = 0;
        let rowC = triangleSize(b);
        for (let c = b; c < a; c++) {
          sum += (factor[rowA + c] ?? 0) * (factor[rowC + b] ?? 0);
          rowC += c + 1;
        }
        factor[rowA + b] = -sum * diagonal;
      }
      rowA += a + 1;
    }
  }

  /** Σ⁻¹ = L⁻ᵀ L⁻¹. */
  #multiply(): void {
    const factor = this.#factor;
    const inverse = this.inverse.fill(0);
    let rowC = 0;
    for (let c = 0; c < this.#width; c++) {
      let at = 0;
      for (let a = 0; a <= c; a++) {
        const left = factor[rowC + a] ?? 0;
        for (let b = 0; b <= a; b++, at++) inverse[at] = (inverse[at] ?? 0) + left * (factor[rowC + b] ?? 0);
      }
      rowC += c + 1;
    }
  }
}

/** Squarings of the matrix: 2^10 steps of the power method. */
const SQUARINGS = 10;

/**
 * The eigenvector of the largest eigenvalue, by squaring the matrix: no starting vector that could be orthogonal to it. The sign is that
 * which makes its largest component positive.
 */
export function firstEigenvector(triangle: Float64Array, width: number): Float64Array {
  let power: Float64Array = new Float64Array(width * width);
  let at = 0;
  for (let a = 0; a < width; a++) {
    for (let b = 0; b <= a; b++) power[a * width + b] = power[b * width + a] = triangle[at++] ?? 0;
  }
  for (let i = 0; i < SQUARINGS; i++) power = squared(power, width);
  let longest = 0;
  for (let a = 1; a < width; a++) {
    if ((power[a * width + a] ?? 0) > (power[longest * width + longest] ?? 0)) longest = a;
  }
  return power.slice(longest * width, (longest + 1) * width);
}

/** The square of a symmetric matrix, divided by its trace. */
function squared(matrix: Float64Array, width: number): Float64Array {
  const square = new Float64Array(width * width);
  let trace = 0;
  for (let a = 0; a < width; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = 0;
      for (let c = 0; c < width; c++) sum += (matrix[a * width + c] ?? 0) * (matrix[b * width + c] ?? 0);
      square[a * width + b] = square[b * width + a] = sum;
      if (a === b) trace += sum;
    }
  }
  return square.map((value) => value / trace);
}
