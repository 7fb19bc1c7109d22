/**
 * What operators do in a session, trait by trait: numbers of several forms, categories and hashes, with what differs between operators.
 *
 * Operators differ by what a hunter would call different: two and a half standard deviations in each number (after the transformation that
 * makes it normal), another commonest value with 80 %, another hash with 97 %.
 */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Draws, repeatable by seed. */
export interface Draws {
  /** Above 0 and below 1. */
  uniform(): number;
  /** Normal, mean 0, variance 1. */
  normal(): number;
}

/** Probability of an operator's commonest value, and of its hash. */
const COMMONEST = 0.8;
const OWN_HASH = 0.97;
/** Distance between operators in a number, in standard deviations. */
const SHIFT = 2.5;

type Kind = "numeric" | "categorical" | "hash";

/** The place of a session in its series, 0–1, and what all its numbers share. */
interface Moment {
  readonly place: number;
  readonly common: number;
}

/** Draws the value of one trait for one operator in one session. */
export interface Trait {
  readonly kind: Kind;
  draw(draws: Draws, operator: number, moment: Moment): number | string | undefined;
}

/** Makes the traits of a series; what differs between series (signs, scales) is drawn here. */
export type Traits = (draws: Draws) => readonly Trait[];

/** A number's form, from a normal number and the distance of the operator in standard deviations. */
type Form = (z: number, distance: number) => number;

/** The forms of numbers, all of which a transformation makes about normal, but for the small count. */
export const FORMS = {
  normal: (z, distance) => 50 + 10 * (z + distance),
  /** A pause in ms, log-normal. */
  pause: (z, distance) => 1 + Math.round(140 * Math.exp(0.4 * (z + distance))),
  /** An exponential count, from 1; 2.5 make it 4.5 times as large. */
  count: (z, distance) => 1 + Math.floor(-20 * Math.exp(0.6 * distance) * Math.log(1 - normalShare(z))),
  /** Heavy tails on both sides: 1 % of the values are farther out than 8. */
  heavy: (z, distance) => Math.sinh(1.2 * z) + 1.5 * distance,
  /** Heavy upper tail, positive: its logarithm is exponential. */
  pareto: (z, distance) => 10 * Math.exp(distance) * (1 - normalShare(z)) ** -1,
  /** A small count, from 0. */
  few: (z, distance) => Math.max(0, Math.round(2 + 1.4 * (z + distance))),
} satisfies Record<string, Form>;

/** Numbers of the given forms. `shared`: share of their variance that is common to all numbers of a session, 0–1. */
export function numbers(forms: readonly Form[], shared = 0, shift = SHIFT): Traits {
  return (draws) =>
    forms.map((form): Trait => {
      const sign = draws.uniform() < 0.5 ? -1 : 1;
      return {
        kind: "numeric",
        draw: (own, operator, { common }) =>
          form(Math.sqrt(shared) * common + Math.sqrt(1 - shared) * own.normal(), sign * shift * operator),
      };
    });
}

/** Categorical traits with as many values. */
export function categories(count: number, values = 4, commonest = COMMONEST): Traits {
  return () =>
    Array.from({ length: count }, (): Trait => ({
      kind: "categorical",
      draw: (draws, operator) => {
        const others = 1 + Math.floor(draws.uniform() * (values - 1));
        return `value-${draws.uniform() < commonest ? operator : (operator + others) % values}`;
      },
    }));
}

/** Hashes, each operator's own, else one of a few others. */
export function hashes(count: number, own = OWN_HASH): Traits {
  return () =>
    Array.from({ length: count }, (): Trait => ({
      kind: "hash",
      draw: (draws, operator) => {
        const other = `other-${Math.floor(draws.uniform() * 20)}`;
        return draws.uniform() < own ? `own-${operator}` : other;
      },
    }));
}

/** The traits of all parts. */
export function together(...parts: readonly Traits[]): Traits {
  return (draws) => parts.flatMap((part) => part(draws));
}

/** The same traits with values missing at random. */
export function withMissing(traits: Traits, share: number): Traits {
  return (draws) =>
    traits(draws).map((trait) => ({
      ...trait,
      draw: (own, operator, moment) => {
        const value = trait.draw(own, operator, moment);
        return own.uniform() < share ? undefined : value;
      },
    }));
}

/** The same traits, as the behaviour of one operator that moves from that of operator 0 to that of operator `far` in the course of the series. */
export function moving(traits: Traits, move: (place: number) => number): Traits {
  return (draws) =>
    traits(draws).map((trait) => ({
      ...trait,
      draw: (own, operator, moment) => trait.draw(own, operator + move(moment.place), moment),
    }));
}

/** Draws are in steps of 2^−30. */
const STEPS = 2 ** 30;

/** The draws of a seed, a whole number. */
export function drawsOf(seed: number): Draws {
  const generator = xoroshiro128plus(Math.imul(seed + 1, 0x9e3779b1));
  const uniform = (): number => (uniformInt(generator, 0, STEPS - 1) + 0.5) / STEPS;
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}

/** Share of a normal distribution below z, to 1e-7 (Abramowitz and Stegun, 26.2.17). */
function normalShare(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const above = Math.max(1e-12, (series * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI));
  return z > 0 ? 1 - above : above;
}
