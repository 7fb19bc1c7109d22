/** Real typists: one throughout, one after another, and two in turns. Equal user means equal hands, so the truth is known. */
import type { SessionValues } from "../../../evidence/index.ts";
import { type Level, LEVELS, THRESHOLDS, thresholdText } from "../bars.ts";
import { type Context, RANDOM } from "../context.ts";
import { statesAlarm } from "../contenders.ts";
import { chance, randomOf } from "../draws.ts";
import type { Figure, Part } from "../figures.ts";
import { NO_KEYSTROKES, readKeystrokes, TYPIST_KINDS, typistsOf } from "../keystrokes.ts";
import { adjustedRand } from "../operator-cases.ts";
import { interleave, type Pairs, pairsOf } from "../typist-pairs.ts";
import { type Estimate, meanOf, shareOf } from "../statistics.ts";
import { type Alarms, firstAlarms, WITHIN } from "./changes.ts";

/** Sessions of the first typist before the second one takes over, and those of the second one. */
const BEFORE = 30;
const AFTER = 20;
/** Keys of one session: a tenth of the text, so that there are enough sessions. */
const KEYS = 10;
/** Keys and most sessions of two typists in turns. */
const SESSIONS_IN_TURNS = [
  { keys: KEYS, sessions: 64 },
  { keys: 20, sessions: 40 },
] as const;
/** Probability that the next session is of the same typist. */
const STAYS = 0.75;

/** Steps of progress. */
export const TYPISTS_STEPS = 2 + SESSIONS_IN_TURNS.length;

type Contender = "states" | Level;

/** Evaluates them. @param keystrokes - the text of the file; null if it is not there */
export function typistsPart(context: Context, keystrokes: string | null = readKeystrokes()): Part {
  const title = "Real typists";
  if (keystrokes === null) return { title, how: "", figures: [], details: null, skipped: NO_KEYSTROKES };
  const typists = typistsOf(keystrokes, KEYS);
  const pairs = pairsOf(typists.length, context.sizes.typistPartners);
  return {
    title,
    how: `${typists.length} typists who type one text four times, in sessions of ${KEYS} keys with ${Object.keys(TYPIST_KINDS).length} numbers each; ${pairs.length} pairs; an alarm is one of any number`,
    figures: [
      ...changeFigures(context, typists, pairs),
      severalFigure(context, typists),
      ...SESSIONS_IN_TURNS.flatMap(({ keys, sessions }) =>
        inTurnsFigures(context, typistsOf(keystrokes, keys), { pairs, keys, sessions }),
      ),
    ],
    details: null,
    skipped: null,
  };
}

/** One typist throughout, and another one after some sessions. */
function changeFigures(context: Context, typists: readonly SessionValues[][], pairs: Pairs): Figure[] {
  const alone = typists.map((sessions, i) => alarmsOf(context, sessions, sessions.length, `alone ${i}`));
  context.onStep("one typist");
  const switched = pairs.map(([a, b]) => {
    const sessions = [...(typists[a] ?? []).slice(0, BEFORE), ...(typists[b] ?? []).slice(0, AFTER)];
    return alarmsOf(context, sessions, BEFORE, `switched ${a} ${b}`);
  });
  context.onStep("one after another");
  return LEVELS.flatMap((level) => {
    const figure = (
      name: string,
      what: string,
      all: readonly Readonly<Record<Contender, Alarms>>[],
      isMeant: (alarms: Alarms) => boolean,
    ): Figure => ({
      name: `${name}_${level}`,
      what: `${what}, ${thresholdText(level)}`,
      unit: "share",
      never: shareOf(0, all.length),
      states: share(all.map(({ states }) => isMeant(states))),
      evidence: share(all.map((alarms) => isMeant(alarms[level]))),
      bar: null,
    });
    return [
      figure("typist_alone", "one typist throughout: alarms", alone, ({ early }) => early),
      ...WITHIN.map((within) =>
        figure(
          `typist_switched_${within}`,
          `another typist after ${BEFORE} sessions: seen within ${within}`,
          switched,
          ({ delay }) => delay <= within,
        ),
      ),
    ];
  });
}

function severalFigure(context: Context, typists: readonly SessionValues[][]): Figure {
  const several = typists.map((sessions) => context.evidence.operators(sessions, TYPIST_KINDS).estimate > 1);
  return {
    name: "typist_one_operator",
    what: "one typist called several operators",
    unit: "share",
    never: shareOf(0, several.length),
    states: null,
    evidence: share(several),
    bar: null,
  };
}

/** Two typists in turns. */
function inTurnsFigures(
  context: Context,
  typists: readonly SessionValues[][],
  {
    pairs,
    keys,
    sessions: limit,
  }: { readonly pairs: Pairs; readonly keys: number; readonly sessions: number },
): Figure[] {
  const answers = pairs.map(([a, b], i) => {
    const random = randomOf(context.seed, [RANDOM.typists, keys, i]);
    const { sessions, truth } = interleave([typists[a] ?? [], typists[b] ?? []], limit, () =>
      chance(random, STAYS),
    );
    const { estimate, path } = context.evidence.operators(sessions, TYPIST_KINDS);
    return { estimate, rand: adjustedRand(truth, path) };
  });
  context.onStep("in turns");
  const what = `two typists in turns, up to ${limit} sessions of ${keys} keys`;
  return [
    {
      name: `typists_two_operators_${keys}_keys`,
      what: `${what}: called two`,
      unit: "share",
      never: shareOf(0, answers.length),
      states: null,
      evidence: share(answers.map(({ estimate }) => estimate === 2)),
      bar: null,
    },
    {
      name: `typists_rand_${keys}_keys`,
      what: `${what}: adjusted Rand index of the assignment`,
      unit: "index",
      never: meanOf(answers.map(() => 0)),
      states: null,
      evidence: meanOf(answers.map(({ rand }) => rand)),
      bar: null,
    },
  ];
}

function share(flags: readonly boolean[]): Estimate {
  return shareOf(flags.filter(Boolean).length, flags.length);
}

/** The first alarm of any primitive. */
function alarmsOf(
  context: Context,
  sessions: readonly SessionValues[],
  before: number,
  name: string,
): Record<Contender, Alarms> {
  const kinds = Object.entries(TYPIST_KINDS);
  const firstOf = (steppers: readonly ((session: SessionValues, i: number) => boolean)[]) =>
    firstAlarms(
      sessions,
      (session, i) => ({ alarm: steppers.map((step) => step(session, i)).some(Boolean), since: null }),
      before,
    );
  const evidence = (level: Level) =>
    firstOf(
      kinds.map(([primitive, kind]) => {
        const secret = `evaluation ${context.seed}`;
        const detector = context.evidence.changeDetector(kind, { threshold: THRESHOLDS[level], secret });
        return (session, i) => detector.step(session[primitive] ?? null, `${name} ${primitive} ${i}`).alarm;
      }),
    );
  const states = firstOf(
    kinds.map(([primitive, kind]) => {
      const rule = statesAlarm(kind);
      return (session) => rule.step(session[primitive] ?? null).alarm;
    }),
  );
  return { states, noted: evidence("noted"), changed: evidence("changed") };
}
