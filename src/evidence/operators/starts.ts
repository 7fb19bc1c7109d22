/**
 * Where fits start: the sessions in groups, by each number and the numbers' first principal component, and by each other primitive. A
 * wrong start ends in a poor fit and loses to a better one; without a good one the best fit is not found.
 */
import { OPERATORS } from "../constants.ts";
import type { Numbers } from "./numbers.ts";
import type { Category, Traits } from "./traits.ts";
import { firstEigenvector } from "./triangle.ts";

/** The group of each session, numbered by first appearance. */
type Groups = Int32Array;

/**
 * The different groupings for a number of operators, ≥ 2. One in which all sessions are in one group is left out.
 * @example groupings(traits, 2).map((groups) => groupWeights(groups, 2, OPERATORS.groupWeight))
 */
export function groupings(traits: Traits, operators: number): Groups[] {
  const all = new Map<string, Groups>();
  const add = (groups: Groups): void => {
    const numbered = byFirstAppearance(groups);
    if (numbered.some((group) => group > 0)) all.set(numbered.join(), numbered);
  };
  const { numbers, categories } = traits;
  for (const values of numbers ? directions(numbers) : []) {
    const sorted = values.toSorted();
    add(cutAt(values, quantileCuts(sorted, operators)));
    add(cutAt(values, gapCuts(sorted, operators)));
  }
  for (const category of categories) add(byCommonest(category, operators));
  return [...all.values()];
}

/** Weights of groups, operator after operator: `own` in the session's group, the rest shared by the others. */
export function groupWeights(groups: Groups, operators: number, own: number): Float64Array {
  const weights = new Float64Array(groups.length * operators).fill((1 - own) / (operators - 1));
  for (const [i, group] of groups.entries()) weights[group * groups.length + i] = own;
  return weights;
}

/** Groups renumbered by first appearance, so that groupings which differ in numbers only are one. */
export function byFirstAppearance(groups: ArrayLike<number>): Int32Array {
  const numbers = new Map<number, number>();
  return Int32Array.from(groups, (group) => {
    const number = numbers.get(group) ?? numbers.size;
    numbers.set(group, number);
    return number;
  });
}

/** Each number, and their first principal component if there are several. */
function directions({ width, rows, covariance }: Numbers): Float64Array[] {
  const sessions = rows.length / width;
  const columns = Array.from({ length: width }, (_, a) =>
    Float64Array.from({ length: sessions }, (_row, i) => rows[i * width + a] ?? 0),
  );
  if (width === 1) return columns;
  const axis = firstEigenvector(covariance, width);
  const component = Float64Array.from({ length: sessions }, (_, i) =>
    axis.reduce((sum, weight, a) => sum + weight * (rows[i * width + a] ?? 0), 0),
  );
  return [...columns, component];
}

/** The group of each value: how many cuts lie below it. */
function cutAt(values: Float64Array, cuts: readonly number[]): Groups {
  return Int32Array.from(values, (value) => cuts.filter((cut) => value > cut).length);
}

/** Cuts into equally many values: the median, or the thirds. */
function quantileCuts(sorted: Float64Array, operators: number): number[] {
  return Array.from({ length: operators - 1 }, (_, k) => {
    const at = ((k + 1) * sorted.length) / operators;
    return between(sorted, Math.ceil(at) - 1, Math.floor(at));
  });
}

/** Cuts in the widest gaps between neighbours in the middle of the values (tie: the lowest). */
function gapCuts(sorted: Float64Array, operators: number): number[] {
  const left = Math.floor(((1 - OPERATORS.middle) / 2) * sorted.length);
  const gapAt = (i: number): number => (sorted[i + 1] ?? 0) - (sorted[i] ?? 0);
  return Array.from({ length: sorted.length - 1 - 2 * left }, (_, i) => left + i)
    .toSorted((i, j) => gapAt(j) - gapAt(i) || i - j)
    .slice(0, operators - 1)
    .map((i) => between(sorted, i, i + 1));
}

function between(sorted: Float64Array, i: number, j: number): number {
  return ((sorted[i] ?? 0) + (sorted[j] ?? 0)) / 2;
}

/** The commonest value, with three operators also the second (tie: the one seen first); all others, and missing ones, are the rest. */
function byCommonest({ codes, values }: Category, operators: number): Groups {
  const counts = new Int32Array(values);
  for (const code of codes) if (code >= 0) counts[code] = (counts[code] ?? 0) + 1;
  const commonest = Array.from(counts.keys())
    .toSorted((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0) || a - b)
    .slice(0, operators - 1);
  return codes.map((code) => {
    const place = commonest.indexOf(code);
    return place === -1 ? operators - 1 : place;
  });
}
