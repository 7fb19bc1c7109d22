/**
 * Repeatable random numbers. A draw depends on a seed and a key (scenario, identity, session), so a further identity or
 * session does not change the draws of the others. The generator is that of pure-rand.
 */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** A sequence of random draws. */
export interface Random {
  /** A whole number, both ends included. */
  integer(min: number, max: number): number;
  /** A whole number that differs from `base` by at most `share` of it.
   * @param share - 0–1 */
  around(base: number, share: number): number;
  /** A text of lower-case hexadecimal digits. */
  hex(digits: number): string;
}

/** Odd constant (2^32 divided by the golden ratio). Multiplying by it distributes neighbouring numbers over all 32 bits. */
const SPREAD = 0x9e3779b1;

/**
 * The sequence of draws for a seed and a key.
 * @param seed - whole number, 0 to 2^32 − 1
 * @param key - whole numbers that identify what the draws are for, e.g. scenario, round, session
 * @example randomOf(1, [0, 0]).integer(1, 6)
 */
export function randomOf(seed: number, key: readonly number[]): Random {
  let mixed = seed;
  for (const part of key) {
    mixed = Math.imul(mixed ^ (part + 1), SPREAD);
    mixed ^= mixed >>> 15;
  }
  const generator = xoroshiro128plus(mixed | 0);
  const integer = (min: number, max: number) => uniformInt(generator, min, max);
  return {
    integer,
    around: (base, share) => base + integer(-Math.round(base * share), Math.round(base * share)),
    hex: (digits) => Array.from({ length: digits }, () => integer(0, 15).toString(16)).join(""),
  };
}
