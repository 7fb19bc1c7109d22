/** ln Γ(x), which the density of the t distribution needs. */

/** Terms of Stirling's series: B₂ₙ / (2n (2n − 1)). */
const SERIES = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360_360] as const;
/** From here on the series is exact to 1e-13. */
const FROM = 9;

/**
 * The logarithm of the gamma function, to 1e-12.
 * @param x - > 0
 * @example logGamma(5) // ln 24
 */
export function logGamma(x: number): number {
  // Γ(x + 1) = x Γ(x) leads to where the series holds.
  let product = 1;
  let at = x;
  for (; at < FROM; at++) product *= at;
  let term = 1 / at;
  let sum = (at - 0.5) * Math.log(at) - at + Math.log(2 * Math.PI) / 2 - Math.log(product);
  for (const factor of SERIES) {
    sum += factor * term;
    term /= at * at;
  }
  return sum;
}
