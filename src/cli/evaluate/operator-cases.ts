/**
 * Series of sessions whose operators are known: of one operator, in many forms, and of several by kinds of traits and schedules. They are
 * what the figures of the operator model are measured on; how the model is fitted is no concern of this file.
 *
 * Operators differ by what a hunter would call different: two and a half standard deviations in each number (after the transformation that makes it
 * normal), another commonest value with 80 %, another hash with 97 %.
 */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { Kinds, SessionValues } from "../../evidence/index.ts";

/** Draws, repeatable by seed. */
interface Draws {
  /** Above 0 and below 1. */
  uniform(): number;
  /** Normal, mean 0, variance 1. */
  normal(): number;
}

/** A series, and who sat at which session. */
export interface OperatorSeries {
  readonly sessions: readonly SessionValues[];
  readonly kinds: Kinds;
  /** The operator of each session, from 0. */
  readonly truth: readonly number[];
}

/** A kind of series. */
export interface OperatorCase {
  readonly name: string;
  /** @param seed - a whole number; each gives another series */
  readonly series: (sessions: number, seed: number) => OperatorSeries;
}

/** Probability of an operator's commonest value, and of its hash. */
const COMMONEST = 0.8;
const OWN_HASH = 0.97;
/** Distance between operators in a number, in standard deviations. */
const SHIFT = 2.5;

/** Share of the sessions of a rare operator. */
const RARE = 0.25;

type Kind = "numeric" | "categorical" | "hash";

/** The place of a session in its series, 0–1, and what all its numbers share. */
interface Moment {
  readonly place: number;
  readonly common: number;
}

/** Draws the value of one trait for one operator in one session. */
interface Trait {
  readonly kind: Kind;
  draw(draws: Draws, operator: number, moment: Moment): number | string | undefined;
}

/** Makes the traits of a series; what differs between series (signs, scales) is drawn here. */
type Traits = (draws: Draws) => readonly Trait[];

/** A number's form, from a normal number and the distance of the operator in standard deviations. */
type Form = (z: number, distance: number) => number;

const FORMS = {
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
function numbers(forms: readonly Form[], shared = 0, shift = SHIFT): Traits {
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
function categories(count: number, values = 4, commonest = COMMONEST): Traits {
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
function hashes(count: number, own = OWN_HASH): Traits {
  return () =>
    Array.from({ length: count }, (): Trait => ({
      kind: "hash",
      draw: (draws, operator) => {
        const other = `other-${Math.floor(draws.uniform() * 20)}`;
        return draws.uniform() < own ? `own-${operator}` : other;
      },
    }));
}

function together(...parts: readonly Traits[]): Traits {
  return (draws) => parts.flatMap((part) => part(draws));
}

/** The same traits with values missing at random. */
function withMissing(traits: Traits, share: number): Traits {
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
function moving(traits: Traits, move: (place: number) => number): Traits {
  return (draws) =>
    traits(draws).map((trait) => ({
      ...trait,
      draw: (own, operator, moment) => trait.draw(own, operator + move(moment.place), moment),
    }));
}

const { normal, pause, count, heavy, pareto, few } = FORMS;
const TEN = together(numbers([pause, count, normal, heavy], 0.3), categories(4), hashes(2));

/** Who sits at the sessions: a share from 0 to 1 is drawn for each session. */
type Schedule = (draws: Draws, operators: number) => (session: number) => number;

const SCHEDULES: Readonly<Record<string, Schedule>> = {
  alternate: (_draws, operators) => (session) => session % operators,
  random: (draws, operators) => () => Math.floor(draws.uniform() * operators),
  /** Each stays for some sessions, and comes back. */
  blocks: (_draws, operators) => (session) => Math.floor(session / (operators === 2 ? 5 : 4)) % operators,
  /** Each but the first has a quarter. */
  rare: (draws, operators) => () => {
    const place = Math.floor(draws.uniform() / RARE);
    return place < operators - 1 ? place + 1 : 0;
  },
};

/** Six kinds of traits that two operators differ in. */
const DIFFERENT: Readonly<Record<string, Traits>> = {
  "two numbers": numbers([pause, normal]),
  "four numbers": numbers([pause, count, normal, heavy], 0.3),
  "three categories": categories(3),
  hash: hashes(1),
  mixture: together(numbers([pause, count], 0.3), categories(2), hashes(1)),
  "ten with missing": withMissing(TEN, 0.3),
};

/** One operator in many forms, also one that changes once, drifts, or updates a tool. */
const ALIKE: Readonly<Record<string, Traits>> = {
  "normal number": numbers([normal]),
  "log-normal pause": numbers([pause]),
  "exponential count": numbers([count]),
  "heavy tails": numbers([heavy]),
  "Pareto number": numbers([pareto]),
  "small count": numbers([few]),
  "five numbers": numbers([pause, count, normal, heavy, few]),
  "five correlated numbers": numbers([pause, count, normal, heavy, pareto], 0.7),
  "ten numbers": numbers([pause, count, normal, heavy, few, pause, count, normal, heavy, pareto], 0.3),
  "one category": categories(1),
  "five categories": categories(5),
  "five even categories": categories(5, 4, 0.4),
  hash: hashes(1),
  "three hashes, often others": hashes(3, 0.7),
  "ten traits": TEN,
  "ten with missing": withMissing(TEN, 0.3),
  "numbers with a change": moving(numbers([pause, count, normal]), (place) => (place < 0.5 ? 0 : 1)),
  "categories with a change": moving(categories(3), (place) => (place < 0.4 ? 0 : 1)),
  "numbers that drift": moving(numbers([pause, normal]), (place) => 2 * place),
  "ten traits with a change": moving(TEN, (place) => (place < 0.6 ? 0 : 1)),
  "tool updates": moving(together(hashes(2), numbers([pause])), (place) => Math.floor(place * 3)),
  "tool updates and missing": moving(withMissing(together(hashes(1), categories(2)), 0.3), (place) =>
    Math.floor(place * 2),
  ),
};

/** Traits in which three operators differ. */
const THREE: Readonly<Record<string, Traits>> = {
  hash: hashes(1),
  mixture: DIFFERENT["mixture"] ?? hashes(1),
  "ten traits": TEN,
};

/** Series of one operator. */
export const ONE_OPERATOR: readonly OperatorCase[] = Object.entries(ALIKE).map(([name, traits]) =>
  caseOf(name, traits, () => () => 0, 1),
);

/** Series of two operators: six kinds by four schedules. */
export const TWO_OPERATORS: readonly OperatorCase[] = scheduled(DIFFERENT, 2);

/** Series of three operators. */
export const THREE_OPERATORS: readonly OperatorCase[] = scheduled(THREE, 3);

function scheduled(kinds: Readonly<Record<string, Traits>>, operators: number): OperatorCase[] {
  return Object.entries(kinds).flatMap(([kind, traits]) =>
    Object.entries(SCHEDULES).map(([name, schedule]) =>
      caseOf(`${kind}, ${name}`, traits, schedule, operators),
    ),
  );
}

function caseOf(name: string, makeTraits: Traits, schedule: Schedule, operators: number): OperatorCase {
  return {
    name,
    series: (length, seed) => {
      const draws = drawsOf(seed);
      const traits = makeTraits(draws).map((trait, i) => ({ ...trait, primitive: `motor.trait_${i}` }));
      const operatorAt = schedule(draws, operators);
      const truth = Array.from({ length }, (_, session) => operatorAt(session));
      const sessions = truth.map((operator, session) => {
        const moment = { place: session / length, common: draws.normal() };
        const values: Record<string, number | string> = {};
        for (const trait of traits) {
          const value = trait.draw(draws, operator, moment);
          if (value !== undefined) values[trait.primitive] = value;
        }
        return values;
      });
      return {
        sessions,
        truth,
        kinds: Object.fromEntries(traits.map(({ primitive, kind }) => [primitive, kind])),
      };
    },
  };
}

/** Draws are in steps of 2^−30. */
const STEPS = 2 ** 30;

function drawsOf(seed: number): Draws {
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

/**
 * Agreement of two divisions of the sessions (adjusted Rand index): 1 if they are the same but for numbers, 0 as by chance.
 * @example adjustedRand([0, 0, 1], [1, 1, 0]) // 1
 */
export function adjustedRand(a: readonly number[], b: readonly number[]): number {
  const both = pairsOf(a.map((group, i) => `${group} ${b[i]}`));
  const [inA, inB, all] = [pairsOf(a), pairsOf(b), (a.length * (a.length - 1)) / 2];
  const byChance = (inA * inB) / all;
  const most = (inA + inB) / 2;
  return most === byChance ? 1 : (both - byChance) / (most - byChance);
}

/** Pairs with the same value. */
function pairsOf(groups: readonly (number | string)[]): number {
  const counts = new Map<number | string, number>();
  for (const group of groups) counts.set(group, (counts.get(group) ?? 0) + 1);
  return [...counts.values()].reduce((sum, size) => sum + (size * (size - 1)) / 2, 0);
}
