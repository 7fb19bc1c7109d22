/** Draws from distributions. Each takes the random numbers of `src/simulate/random.ts`, so a run can be repeated. */
import { randomOf, type Random } from "../../simulate/random.ts";

export { randomOf, type Random };

const TWO_32 = 2 ** 32;

/** Uniform, above 0 and below 1. */
export function uniform(random: Random): number {
  return (random.integer(0, TWO_32 - 1) + 0.5) / TWO_32;
}

/** Normal, by the method of Box and Muller. */
export function normal(random: Random, mean = 0, deviation = 1): number {
  const radius = Math.sqrt(-2 * Math.log(uniform(random)));
  return mean + deviation * radius * Math.cos(2 * Math.PI * uniform(random));
}

/** Log-normal. @param sigma - standard deviation of the logarithm */
export function logNormal(random: Random, median: number, sigma: number): number {
  return median * Math.exp(normal(random, 0, sigma));
}

/** Cauchy: so heavy-tailed that it has no mean. */
export function cauchy(random: Random, middle: number, scale: number): number {
  return middle + scale * Math.tan(Math.PI * (uniform(random) - 0.5));
}

/** Poisson, by the method of Knuth; for small means. */
export function poisson(random: Random, mean: number): number {
  const least = Math.exp(-mean);
  let [count, product] = [0, uniform(random)];
  while (product > least) {
    count++;
    product *= uniform(random);
  }
  return count;
}

/** An index, with the given weights. @throws RangeError if there are none */
export function weighted(random: Random, weights: readonly number[]): number {
  if (weights.length === 0) throw new RangeError("a weighted draw needs weights, got none");
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  let rest = uniform(random) * all;
  for (const [index, weight] of weights.entries()) {
    rest -= weight;
    if (rest < 0) return index;
  }
  return weights.length - 1;
}

/** Whether an event with this probability happens. */
export function chance(random: Random, probability: number): boolean {
  return uniform(random) < probability;
}
