/** Operators: how often one is called several, and how often two and three are found and told apart. */
import { OPERATORS } from "../../../evidence/constants.ts";
import { BARS } from "../bars.ts";
import { type Context, RANDOM } from "../context.ts";
import { statesAlarm } from "../contenders.ts";
import { randomOf } from "../draws.ts";
import type { Figure, Part } from "../figures.ts";
import {
  adjustedRand,
  ONE_OPERATOR,
  type OperatorCase,
  type OperatorSeries,
  THREE_OPERATORS,
  TWO_OPERATORS,
} from "../operator-cases.ts";
import { meanOf, shareOf } from "../statistics.ts";

/** Numbers of sessions: of an identity that is known for a while, and the most that are looked at. */
const LENGTHS = [40, OPERATORS.sessions] as const;
const SEED_MAX = 0x7fffffff;

/** The answers to one series. */
interface Answer {
  readonly name: string;
  readonly length: number;
  readonly estimate: number;
  readonly rand: number;
  /** Whether any primitive was `multi_actor` at any time. */
  readonly isMultiActor: boolean;
}

/** Series per step of progress. */
const PER_STEP = 40;

/** Steps of progress. */
export function operatorsSteps({ oneOperator, twoOperators, threeOperators }: Context["sizes"]): number {
  const counts = [oneOperator, ...LENGTHS.map(() => twoOperators * TWO_OPERATORS.length), threeOperators];
  return counts.reduce((sum, count) => sum + Math.floor(count / PER_STEP), 0);
}

/** Evaluates them. */
export function operatorsPart(context: Context): Part {
  const { oneOperator, twoOperators, threeOperators } = context.sizes;
  const one = answersTo(context, { cases: ONE_OPERATOR, count: oneOperator, lengths: LENGTHS, what: 1 });
  const two = LENGTHS.map((length, i) =>
    answersTo(context, {
      cases: TWO_OPERATORS,
      count: twoOperators * TWO_OPERATORS.length,
      lengths: [length],
      what: 2 + i,
    }),
  );
  const three = answersTo(context, {
    cases: THREE_OPERATORS,
    count: threeOperators,
    lengths: [OPERATORS.sessions],
    what: 4,
  });
  return {
    title: "Operators",
    how: `${oneOperator} series of one operator of ${ONE_OPERATOR.length} kinds, ${LENGTHS.join(" and ")} sessions in turn; ${twoOperators} of two of each of ${TWO_OPERATORS.length} kinds and schedules at each length; ${threeOperators} of three of ${THREE_OPERATORS.length}, ${OPERATORS.sessions} sessions. Without evidence the answer is always one; for the states, several if a primitive was multi_actor at any time`,
    figures: [
      severalFigure("one_operator", "one operator called several", one),
      ...two.map((answers, i) =>
        foundFigure(
          i === 0 ? "two_operators_40" : "two_operators_64",
          `two operators called two, ${LENGTHS[i]} sessions`,
          { answers, operators: 2 },
        ),
      ),
      randFigure("two_operators_rand", "two operators: adjusted Rand index of the assignment", two.flat()),
      foundFigure("three_operators", "three operators called three", { answers: three, operators: 3 }),
      { ...randFigure("three_operators_rand", "three operators: adjusted Rand index", three), bar: null },
    ],
    details: {
      title: "Share of two operators called two, by kind and schedule",
      unit: "share",
      columns: LENGTHS.map((length) => `${length} sessions`),
      rows: TWO_OPERATORS.map(({ name }) => ({
        name,
        cells: two.map((answers) => {
          const own = answers.filter((answer) => answer.name === name);
          return shareOf(own.filter(({ estimate }) => estimate === 2).length, own.length);
        }),
      })),
    },
    skipped: null,
  };
}

function severalFigure(name: "one_operator", what: string, answers: readonly Answer[]): Figure {
  return {
    name,
    what,
    unit: "share",
    never: shareOf(0, answers.length),
    states: shareOf(answers.filter(({ isMultiActor }) => isMultiActor).length, answers.length),
    evidence: shareOf(answers.filter(({ estimate }) => estimate > 1).length, answers.length),
    bar: BARS[name],
  };
}

function foundFigure(
  name: "two_operators_40" | "two_operators_64" | "three_operators",
  what: string,
  { answers, operators }: { readonly answers: readonly Answer[]; readonly operators: number },
): Figure {
  return {
    name,
    what,
    unit: "share",
    never: shareOf(0, answers.length),
    // The states say that there are several, never how many.
    states: shareOf(answers.filter(({ isMultiActor }) => isMultiActor).length, answers.length),
    evidence: shareOf(answers.filter(({ estimate }) => estimate === operators).length, answers.length),
    bar: BARS[name],
  };
}

function randFigure(name: string, what: string, answers: readonly Answer[]): Figure {
  return {
    name,
    what,
    unit: "index",
    never: meanOf(answers.map(() => 0)),
    states: null,
    evidence: meanOf(answers.map(({ rand }) => rand)),
    bar: BARS.two_operators_rand,
  };
}

/** Asks for the operators of as many series, whose kinds and lengths are taken in turn. */
function answersTo(
  context: Context,
  {
    cases,
    count,
    lengths,
    what,
  }: {
    readonly cases: readonly OperatorCase[];
    readonly count: number;
    readonly lengths: readonly number[];
    /** Tells the random numbers of one question from those of another. */
    readonly what: number;
  },
): Answer[] {
  return Array.from({ length: count }, (_, i) => {
    const each = cases[i % cases.length];
    const length = lengths[Math.floor(i / cases.length) % lengths.length];
    if (each === undefined || length === undefined) throw new RangeError("there must be cases and lengths");
    const seed = randomOf(context.seed, [RANDOM.operators, what, i]).integer(0, SEED_MAX);
    const series = each.series(length, seed);
    const { estimate, path } = context.evidence.operators(series.sessions, series.kinds);
    if ((i + 1) % PER_STEP === 0) context.onStep(`${i + 1} of ${count} series`);
    const rand = adjustedRand(series.truth, path);
    return { name: each.name, length, estimate, rand, isMultiActor: everMultiActor(series) };
  });
}

function everMultiActor({ sessions, kinds }: OperatorSeries): boolean {
  return Object.entries(kinds).some(([primitive, kind]) => {
    const rule = statesAlarm(kind);
    return sessions.some((session) => {
      const value = session[primitive];
      return value !== undefined && rule.step(value).state === "multi_actor";
    });
  });
}
