/** Medians, quantiles and ratios of measured times. Pure. */

/** Median and range of values. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Number of values. */
  readonly n: number;
}

/** Two times that were measured directly after one another, in any unit. */
export interface Pair {
  readonly a: number;
  readonly b: number;
}

/**
 * The value below which the given share of the values lies, interpolated between neighbours.
 * @param share - 0 to 1
 * @throws RangeError if there are no values
 * @example quantile([1, 2, 3, 4], 0.5) // 2.5
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) {
    throw new RangeError(`a quantile needs values, got ${values.length}`);
  }
  return below + (above - below) * (place - Math.floor(place));
}

/** @throws RangeError if there are no values */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** @throws RangeError if there are no values */
export function spreadOf(values: readonly number[]): Spread {
  return {
    median: median(values),
    min: quantile(values, 0),
    max: quantile(values, 1),
    n: values.length,
  };
}

/**
 * The ratio a / b of each pair. Both times of a pair were measured directly after one another, so a slow phase of the
 * machine affects both.
 * @example ratiosOf([{ a: 3, b: 2 }]) // [1.5]
 */
export function ratiosOf(pairs: readonly Pair[]): number[] {
  return pairs.map(({ a, b }) => a / b);
}
