/**
 * The statistics that the sensors use. The limits for their results are in `thresholds.ts`.
 */

/** The median of a list.
 * @throws RangeError if the list is empty
 * @example median([4, 1, 2]) // 2
 */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new RangeError("median of an empty list");
  return (lower + upper) / 2;
}

/** Coefficient of variation: sample standard deviation divided by mean. 0 if all values are equal.
 * @throws RangeError with fewer than two values, or a mean that is not positive
 * @example spread([4, 4, 4]) // 0
 */
export function spread(values: readonly number[]): number {
  const mean = meanOf(values);
  if (values.length < 2 || !(mean > 0))
    throw new RangeError(`spread of ${values.length} values with mean ${mean}`);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1)) / mean;
}

/** Pearson's correlation of two lists of equal length, or null if one of them is constant.
 * @example correlation([1, 2, 3], [2, 4, 6]) // 1
 */
export function correlation(xs: readonly number[], ys: readonly number[]): number | null {
  const meanX = meanOf(xs);
  const meanY = meanOf(ys);
  let both = 0;
  let onlyX = 0;
  let onlyY = 0;
  for (const [index, x] of xs.entries()) {
    const deviationX = x - meanX;
    const deviationY = (ys[index] ?? meanY) - meanY;
    both += deviationX * deviationY;
    onlyX += deviationX ** 2;
    onlyY += deviationY ** 2;
  }
  return onlyX === 0 || onlyY === 0 ? null : both / Math.sqrt(onlyX * onlyY);
}

/** A confidence that grows with the number of samples: n / (n + half), rounded to four decimals.
 * @param half - number of samples that gives 0.5, > 0
 * @example sampleConfidence(2, 2) // 0.5
 */
export function sampleConfidence(samples: number, half: number): number {
  return Math.round((samples / (samples + half)) * 10_000) / 10_000;
}

/** The differences between consecutive times of an ascending list. */
export function gapsOf(times: readonly number[]): number[] {
  return times.slice(1).map((time, index) => time - (times[index] ?? time));
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
