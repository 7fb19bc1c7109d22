/**
 * Series of sessions whose operators are known: of one operator, in many forms, and of several by kinds of traits and schedules. They are
 * what the figures of the operator model are measured on; how the model is fitted is no concern of this file.
 */
import type { Kinds, SessionValues } from "../../evidence/index.ts";
import {
  categories,
  type Draws,
  drawsOf,
  FORMS,
  hashes,
  moving,
  numbers,
  together,
  type Traits,
  withMissing,
} from "./operator-traits.ts";

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

/** Share of the sessions of a rare operator. */
const RARE = 0.25;

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
