/** Symmetric positive definite matrices, kept as their lower triangle, row after row: Cholesky's decomposition and the first eigenvector. */

/** Numbers in the lower triangle of a square matrix. */
export function triangleSize(width: number): number {
  return (width * (width + 1)) / 2;
}

/**
 * Cholesky's decomposition Σ = L Lᵀ. Writes L with the inverses of its diagonal, which is what solving needs.
 * @param matrix - positive definite
 * @returns ln |Σ|
 */
export function decompose(matrix: Float64Array, width: number, factor: Float64Array): number {
  let logDeterminant = 0;
  let rowA = 0;
  for (let a = 0; a < width; a++) {
    let rowB = 0;
    for (let b = 0; b <= a; b++) {
      let sum = matrix[rowA + b] ?? 0;
      for (let c = 0; c < b; c++) sum -= (factor[rowA + c] ?? 0) * (factor[rowB + c] ?? 0);
      if (a === b) {
        logDeterminant += Math.log(sum);
        factor[rowA + a] = 1 / Math.sqrt(sum);
      } else factor[rowA + b] = sum * (factor[rowB + b] ?? 0);
      rowB += b + 1;
    }
    rowA += a + 1;
  }
  return logDeterminant;
}

/** Solves L z = y for one row of `from`, and writes z to the same row of `to`. */
export function solve(
  factor: Float64Array,
  width: number,
  from: Float64Array,
  to: Float64Array,
  row: number,
): void {
  let at = 0;
  for (let a = 0; a < width; a++) {
    let sum = from[row + a] ?? 0;
    for (let b = 0; b < a; b++) sum -= (factor[at++] ?? 0) * (to[row + b] ?? 0);
    to[row + a] = sum * (factor[at++] ?? 0);
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
