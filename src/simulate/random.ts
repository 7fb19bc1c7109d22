/**
 * Randomness that repeats: every draw follows from a seed and a place (which scenario, identity, session), so
 * adding an identity or a session changes no other. Leaves the generator itself to pure-rand.
 */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** A stream of draws. */
export interface Random {
  /** A whole number, both ends included. */
  integer(min: number, max: number): number;
  /** `base` moved by at most `share` of it up or down, rounded to a whole number.
   * @param share - 0–1 */
  around(base: number, share: number): number;
  /** Lower-case hexadecimal digits, as many as asked for. */
  hex(digits: number): string;
}

/** Odd constant (2^32 divided by the golden ratio) that spreads neighbouring numbers over all 32 bits. */
const SPREAD = 0x9e3779b1;

/**
 * The stream that belongs to a seed and a place.
 * @param seed - whole number, 0 to 2^32 − 1
 * @param place - whole numbers that say what the draws are for, e.g. scenario, round, session
 * @example randomOf(1, [0, 0]).integer(1, 6)
 */
export function randomOf(seed: number, place: readonly number[]): Random {
  let mixed = seed;
  for (const part of place) {
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
