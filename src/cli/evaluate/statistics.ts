/**
 * Intervals. All are for 95 % confidence, and none needs a distribution: shares have that
 * of Wilson, means the normal approximation, medians the ranks of a binomial.
 */
import { quantile } from "../../bench/statistics.ts";

/** Quantile of the normal distribution that leaves 2.5 % on each side. */
const Z = 1.959964;

/** A figure with its interval, both ends included. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Number of cases that it rests on. */
  readonly of: number;
  /** Of a share, the cases that count. */
  readonly count?: number;
}

/**
 * A share with the interval of Wilson.
 * @param count - cases that count, 0 to `of`
 * @throws RangeError if there are no cases
 * @example shareOf(4, 200) // { value: 0.02, low: 0.0078, high: 0.0503, of: 200, count: 4 }
 */
export function shareOf(count: number, of: number): Estimate {
  if (of < 1 || count < 0 || count > of) throw new RangeError(`a share needs cases, got ${count} of ${of}`);
  const value = count / of;
  const spread = Z * Math.sqrt((value * (1 - value)) / of + Z ** 2 / (4 * of ** 2));
  const [middle, divisor] = [value + Z ** 2 / (2 * of), 1 + Z ** 2 / of];
  // At 0 and 1 rounding would leave a remainder of 1e-18.
  return {
    value,
    low: count === 0 ? 0 : (middle - spread) / divisor,
    high: count === of ? 1 : (middle + spread) / divisor,
    of,
    count,
  };
}

/** The mean, with 1.96 standard errors on each side. @throws RangeError if there are no values */
export function meanOf(values: readonly number[]): Estimate {
  const of = values.length;
  if (of === 0) throw new RangeError("a mean needs values, got none");
  const value = values.reduce((sum, each) => sum + each, 0) / of;
  const variance = values.reduce((sum, each) => sum + (each - value) ** 2, 0) / Math.max(1, of - 1);
  const error = Z * Math.sqrt(variance / of);
  return { value, low: value - error, high: value + error, of };
}

/** The median, with the ranks n / 2 ± 0.98 √n. @throws RangeError if there are no values */
export function medianOf(values: readonly number[]): Estimate {
  const of = values.length;
  const half = Z / (2 * Math.sqrt(Math.max(1, of)));
  const at = (share: number) => sampleQuantile(values, share);
  return { value: at(0.5), low: at(0.5 - half), high: at(0.5 + half), of };
}

/** A quantile of values of which some may be infinite. */
function sampleQuantile(values: readonly number[], share: number): number {
  const within = Math.min(1, Math.max(0, share));
  // Between two infinite neighbours an interpolation is not a number.
  const found = quantile(values, within);
  return Number.isNaN(found) ? Number.POSITIVE_INFINITY : found;
}
