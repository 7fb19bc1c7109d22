/**
 * The series of the evaluation: thirteen kinds that never change, twelve changes, and changes that are known to be hard. How large
 * the changes are follows from real typists and real logs (docs/detection.md, "The series").
 */
import type { MergeKind } from "../../core/index.ts";
import { cauchy, chance, logNormal, normal, poisson, type Random, uniform, weighted } from "./draws.ts";

/** The kinds of series that have evidence. */
export type SeriesKind = Extract<MergeKind, "numeric" | "categorical" | "hash">;

/** A value of a series, as JSON has it. */
export type SeriesValue = number | string;

/**
 * Draws a value of a series, independent of the others.
 * @param number - of the observation since the series began or changed, from 1
 */
export type Draw = (random: Random, number: number) => SeriesValue;

/** A kind of series that never changes. */
export interface StationaryKind {
  readonly name: string;
  readonly kind: SeriesKind;
  readonly draw: Draw;
}

/** A kind of series that changes once. */
export interface ChangeKind {
  readonly name: string;
  readonly kind: SeriesKind;
  readonly before: Draw;
  readonly after: Draw;
}

/** Median of a session's pauses between keys, and of another typist's, in milliseconds. */
const PAUSE_MS = 140;
const OTHER_PAUSE_MS = 230;
/** Standard deviation of the logarithm of that median from session to session: 0.08 for 100 keys, 0.17 for 20 keys of real typists. */
const PAUSE_SIGMA = 0.17;
/** How far the mean moves, in standard deviations: half of all pairs of real typists are 2.7 to 3.0 apart, at 100 keys a session. */
const SHIFT = 3;
/** Share of other values than the usual one. In real logs it is 1 to 9 % for fingerprints and banners of one address. */
const NOISE = 0.05;
const [MEAN, DEVIATION] = [150, 25];

const normalMoved =
  (shift: number): Draw =>
  (random) =>
    normal(random, MEAN + shift * DEVIATION, DEVIATION);
const numericNormal = normalMoved(0);
const pauses: Draw = (random) => logNormal(random, PAUSE_MS, PAUSE_SIGMA);
const counts: Draw = (random) => poisson(random, 3);
const mostlyZero =
  (share: number): Draw =>
  (random) =>
    chance(random, share) ? -20 * Math.log(uniform(random)) : 0;
const binary =
  (share: number): Draw =>
  (random) =>
    chance(random, share) ? 1 : 0;

/** Values with these weights, named `value-0`, `value-1` and so on. */
function values(weights: readonly number[]): Draw {
  return (random) => `value-${weighted(random, weights)}`;
}

const even = (count: number): number[] => Array.from({ length: count }, () => 1);
const skewed = values([90, 4, 3, 2, 1]);

/** A digest like those of clients: 32 hexadecimal digits, the same for the same number. */
function digest(number: number): string {
  return number.toString(16).padStart(32, "e3b0c442");
}

const fewHashes =
  (first: number): Draw =>
  (random) =>
    digest(first + random.integer(0, 2));
const mostlyNew: Draw = (random) => (chance(random, 0.8) ? random.hex(32) : digest(1));

/** Kinds of series that never change. */
export const STATIONARY_KINDS: readonly StationaryKind[] = [
  { name: "normal", kind: "numeric", draw: numericNormal },
  { name: "log-normal", kind: "numeric", draw: pauses },
  { name: "Cauchy", kind: "numeric", draw: (random) => cauchy(random, 100, 10) },
  { name: "counts (Poisson)", kind: "numeric", draw: counts },
  { name: "mostly 0, with outliers", kind: "numeric", draw: mostlyZero(NOISE) },
  { name: "0 or 1", kind: "numeric", draw: binary(0.3) },
  { name: "2 values", kind: "categorical", draw: values([6, 4]) },
  { name: "5 values", kind: "categorical", draw: values(even(5)) },
  { name: "20 values", kind: "categorical", draw: values(even(20)) },
  { name: "one value at 90 %", kind: "categorical", draw: skewed },
  { name: "constant", kind: "hash", draw: () => digest(1) },
  { name: "rotating among 3", kind: "hash", draw: fewHashes(1) },
  { name: "mostly new", kind: "hash", draw: mostlyNew },
];

/** Changes that must be seen. */
export const CHANGE_KINDS: readonly ChangeKind[] = [
  { name: "mean up by 3 σ", kind: "numeric", before: numericNormal, after: normalMoved(SHIFT) },
  { name: "mean down by 3 σ", kind: "numeric", before: numericNormal, after: normalMoved(-SHIFT) },
  {
    name: "pauses from 140 to 230 ms",
    kind: "numeric",
    before: pauses,
    after: (random) => logNormal(random, OTHER_PAUSE_MS, PAUSE_SIGMA),
  },
  {
    name: "spread 4 times as wide",
    kind: "numeric",
    before: (random) => normal(random, 150, 10),
    after: (random) => normal(random, 150, 40),
  },
  {
    name: "counts from 3 to 9",
    kind: "numeric",
    before: counts,
    after: (random) => poisson(random, 9),
  },
  {
    name: "mostly 0 to mostly not",
    kind: "numeric",
    before: mostlyZero(NOISE),
    after: mostlyZero(0.8),
  },
  { name: "1 instead of 0", kind: "numeric", before: binary(NOISE), after: binary(1 - NOISE) },
  {
    name: "other commonest value",
    kind: "categorical",
    before: values([95, 5]),
    after: values([5, 95]),
  },
  {
    name: "new value",
    kind: "categorical",
    before: values([60, 30, 10]),
    after: values([3, 1.5, 0.5, 95]),
  },
  { name: "one value to five", kind: "categorical", before: skewed, after: values(even(5)) },
  { name: "new hash", kind: "hash", before: () => digest(1), after: () => digest(2) },
  { name: "three other hashes", kind: "hash", before: fewHashes(1), after: fewHashes(11) },
];

/** Changes that are hard to see, measured without a bar. */
export const HARD_CHANGE_KINDS: readonly ChangeKind[] = [
  { name: "mean up by 1 σ", kind: "numeric", before: numericNormal, after: normalMoved(1) },
  { name: "mean up by 2 σ", kind: "numeric", before: numericNormal, after: normalMoved(2) },
  {
    name: "spread a quarter as wide",
    kind: "numeric",
    before: (random) => normal(random, 150, 40),
    after: (random) => normal(random, 150, 10),
  },
  { name: "five values to one of them", kind: "categorical", before: values(even(5)), after: skewed },
  {
    name: "mean up by 3 σ, over 100 observations",
    kind: "numeric",
    before: numericNormal,
    after: (random, number) => normalMoved(SHIFT * Math.min(1, number / 100))(random, number),
  },
  { name: "new hashes to a constant one", kind: "hash", before: mostlyNew, after: () => digest(1) },
];
