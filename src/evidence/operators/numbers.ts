/**
 * The numbers of all sessions as one matrix: transformed towards a symmetric distribution, standardised, with the covariance that all
 * fits start from.
 */
import { OPERATORS } from "../constants.ts";
import { triangleSize } from "./triangle.ts";

/** The standardised numbers that vary. */
export interface Numbers {
  /** Numbers per session, ≥ 1. */
  readonly width: number;
  /** Session after session; a missing number is 0. */
  readonly rows: Float64Array;
  /** The products of each pair of a session's numbers, lower triangle, session after session: sums over them are what a fit spends its time on. */
  readonly products: Float64Array;
  /** C, lower triangle, row after row. */
  readonly covariance: Float64Array;
}

/**
 * The matrix of some columns. Constants are left out.
 * @param columns - one per primitive, finite or NaN if missing
 * @returns null if none varies
 */
export function numbersOf(columns: readonly Float64Array[], sessions: number): Numbers | null {
  const varying = columns.map(standardised).filter((column) => column !== null);
  const width = varying.length;
  if (width === 0) return null;
  const rows = new Float64Array(sessions * width);
  for (const [a, column] of varying.entries()) {
    for (let i = 0; i < sessions; i++) rows[i * width + a] = column[i] ?? 0;
  }
  return { width, rows, products: productsOf(rows, width), covariance: covarianceOf(rows, width, sessions) };
}

/** Numbers with mean 0 and variance 1 among those present; a missing one is 0. Null if all present are equal. */
function standardised(column: Float64Array): Float64Array | null {
  const present = column.filter((value) => !Number.isNaN(value));
  let best: { values: Float64Array; mean: number; variance: number } | null = null;
  for (const values of scales(present)) {
    const { mean, variance } = momentsOf(values);
    if (!Number.isFinite(variance) || (best && variance >= best.variance)) continue;
    best = { values, mean, variance };
  }
  if (!best || new Set(present).size < 2 || !(best.variance > 0)) return null;
  const { values, mean, variance } = best;
  const deviation = Math.sqrt(variance);
  let next = 0;
  return column.map((value) => (Number.isNaN(value) ? 0 : ((values[next++] ?? 0) - mean) / deviation));
}

/** The values on each scale that is tried. Their variances can be compared, as each is relative to the geometric mean. */
function scales(values: Float64Array): Float64Array[] {
  // Dividing by the largest first keeps squares finite; standardising removes the factor again.
  if (!values.every((value) => value > 0)) {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    return [values.map((value) => value / largest)];
  }
  const logs = values.map(Math.log);
  const logOfMean = momentsOf(logs).mean;
  return OPERATORS.powers.map((power) =>
    logs.map((log) => (power === 0 ? log - logOfMean : Math.expm1(power * (log - logOfMean)) / power)),
  );
}

function momentsOf(values: Float64Array): { mean: number; variance: number } {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, variance: squares / values.length };
}

function productsOf(rows: Float64Array, width: number): Float64Array {
  const products = new Float64Array((rows.length / width) * triangleSize(width));
  let at = 0;
  for (let row = 0; row < rows.length; row += width) {
    for (let a = 0; a < width; a++) {
      for (let b = 0; b <= a; b++) products[at++] = (rows[row + a] ?? 0) * (rows[row + b] ?? 0);
    }
  }
  return products;
}

function covarianceOf(rows: Float64Array, width: number, sessions: number): Float64Array {
  const covariance = new Float64Array(triangleSize(width));
  const means = new Float64Array(width);
  for (const [i, value] of rows.entries()) means[i % width] = (means[i % width] ?? 0) + value / sessions;
  let at = 0;
  for (let a = 0; a < width; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = 0;
      for (let row = 0; row < rows.length; row += width) {
        sum += ((rows[row + a] ?? 0) - (means[a] ?? 0)) * ((rows[row + b] ?? 0) - (means[b] ?? 0));
      }
      covariance[at++] =
        a === b ? sum / sessions + OPERATORS.ridge : (OPERATORS.offDiagonal * sum) / sessions;
    }
  }
  return covariance;
}
