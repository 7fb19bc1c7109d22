/** Real typists: one throughout, one after another, and two in turns. Equal user means equal hands, so the truth is known. */
import { THRESHOLDS } from "../bars.ts";
import { type Context, RANDOM } from "../context.ts";
import { type SessionValues, statesAlarm } from "../contenders.ts";
import { chance, randomOf } from "../draws.ts";
import type { Figure, Part } from "../figures.ts";
import { NO_KEYSTROKES, readTypists, TYPIST_KINDS } from "../keystrokes.ts";
import { adjustedRand } from "../operator-cases.ts";
import { type Estimate, meanOf, shareOf } from "../statistics.ts";
import { type Alarms, firstAlarms, WITHIN } from "./changes.ts";

/** Sessions of the first typist before the second one takes over, and those of the second one. */
const BEFORE = 30;
const AFTER = 20;
/** Sessions of two typists in turns, and the probability that the next one is of the same typist. */
const INTERLEAVED = 64;
const STAYS = 0.75;

/** Steps of progress. */
export const TYPISTS_STEPS = 3;

type Contender = "states" | (typeof THRESHOLDS)[number];

/** Evaluates them. @param typists - sessions of each; null if the data are not there */
export function typistsPart(context: Context, typists: SessionValues[][] | null = readTypists()): Part {
  const title = "Real typists";
  if (typists === null) return { title, how: "", figures: [], details: null, skipped: NO_KEYSTROKES };
  const alone = typists.map((sessions, i) => alarmsOf(context, sessions, sessions.length, `alone ${i}`));
  context.onStep("one typist");
  const pairs = typists.flatMap((_, i) =>
    Array.from({ length: context.sizes.typistPartners }, (__, k) => [i, (i + k + 1) % typists.length] as const),
  );
  const switched = pairs.map(([a, b]) => {
    const sessions = [...(typists[a] ?? []).slice(0, BEFORE), ...(typists[b] ?? []).slice(0, AFTER)];
    return alarmsOf(context, sessions, BEFORE, `switched ${a} ${b}`);
  });
  context.onStep("one after another");
  const single = typists.map((sessions) => context.evidence.operators(sessions, TYPIST_KINDS).estimate);
  const turns = pairs.map(([a, b], i) => {
    const random = randomOf(context.seed, [RANDOM.typists, i]);
    const { sessions, truth } = interleave(typists[a] ?? [], typists[b] ?? [], () => chance(random, STAYS));
    const { estimate, path } = context.evidence.operators(sessions, TYPIST_KINDS);
    return { estimate, rand: adjustedRand(truth, path) };
  });
  context.onStep("in turns");
  const share = (flags: readonly boolean[]) => shareOf(flags.filter(Boolean).length, flags.length);
  const of = (all: readonly Readonly<Record<Contender, Alarms>>[], isMeant: (alarms: Alarms) => boolean) =>
    byThreshold((contender) => share(all.map((alarms) => isMeant(alarms[contender]))));
  const operators = (name: string, what: string, unit: Figure["unit"], [never, evidence]: readonly Estimate[]) =>
    figureOf({ name, what, unit, never: never ?? null, states: null, evidence: evidence ?? null });
  return {
    title,
    how: `${typists.length} typists of 40 sessions of 10 keys with ${Object.keys(TYPIST_KINDS).length} numbers each; ${pairs.length} pairs; an alarm is one of any number`,
    figures: [
      ...of(alone, ({ early }) => early).map(({ threshold, states, evidence }) =>
        figureOf({
          name: `typist_alone_${threshold}`,
          what: `one typist throughout: alarm, threshold ${threshold.toLocaleString("en-GB")}`,
          never: shareOf(0, alone.length),
          states,
          evidence,
        }),
      ),
      ...WITHIN.flatMap((within) =>
        of(switched, ({ delay }) => delay <= within).map(({ threshold, states, evidence }) =>
          figureOf({
            name: `typist_switched_${within}_at_${threshold}`,
            what: `another typist after ${BEFORE} sessions: seen within ${within}, threshold ${threshold.toLocaleString("en-GB")}`,
            never: shareOf(0, switched.length),
            states,
            evidence,
          }),
        ),
      ),
      operators("typist_one_operator", "one typist called several", "share", [
        shareOf(0, single.length),
        share(single.map((estimate) => estimate > 1)),
      ]),
      operators("typists_two_operators", "two typists in turns called two", "share", [
        shareOf(0, turns.length),
        share(turns.map(({ estimate }) => estimate === 2)),
      ]),
      operators("typists_rand", "two typists in turns: adjusted Rand index of the assignment", "index", [
        meanOf(turns.map(() => 0)),
        meanOf(turns.map(({ rand }) => rand)),
      ]),
    ],
    details: null,
    skipped: null,
  };
}

function byThreshold(estimate: (contender: Contender) => Estimate) {
  return THRESHOLDS.map((threshold) => ({
    threshold,
    states: estimate("states"),
    evidence: estimate(threshold),
  }));
}

function figureOf(figure: Omit<Figure, "unit" | "bar"> & { readonly unit?: Figure["unit"] }): Figure {
  return { unit: "share", bar: null, ...figure };
}

/** The first alarm of any primitive. */
function alarmsOf(
  context: Context,
  sessions: readonly SessionValues[],
  before: number,
  name: string,
): Record<Contender, Alarms> {
  const [noted, changed] = THRESHOLDS;
  const kinds = Object.entries(TYPIST_KINDS);
  const firstOf = (steppers: readonly ((session: SessionValues, i: number) => boolean)[]) =>
    firstAlarms(
      sessions,
      (session, i) => ({ alarm: steppers.map((step) => step(session, i)).some(Boolean), since: null }),
      before,
    );
  const evidence = (threshold: number) =>
    firstOf(
      kinds.map(([primitive, kind]) => {
        const secret = `evaluation ${context.seed}`;
        const detector = context.evidence.changeDetector(kind, { threshold, secret });
        return (session, i) => detector.step(session[primitive] ?? 0, `${name} ${primitive} ${i}`).alarm;
      }),
    );
  const states = firstOf(
    kinds.map(([primitive, kind]) => {
      const rule = statesAlarm(kind);
      return (session) => rule.step(session[primitive] ?? 0).alarm;
    }),
  );
  return { states, [noted]: evidence(noted), [changed]: evidence(changed) };
}

/** Sessions of two in turns, each in its own order, until one has none left. */
function interleave(first: readonly SessionValues[], second: readonly SessionValues[], stays: () => boolean) {
  const rest = [[...first], [...second]];
  const [sessions, truth]: [SessionValues[], number[]] = [[], []];
  let who = 0;
  while (sessions.length < INTERLEAVED) {
    const next = rest[who]?.shift();
    if (next === undefined) break;
    sessions.push(next);
    truth.push(who);
    if (!stays()) who = 1 - who;
  }
  return { sessions, truth };
}
