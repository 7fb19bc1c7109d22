/** Series that change once: how soon it is seen, and how well its start is found. */
import { BARS, type Level, LEVELS, THRESHOLDS, thresholdText } from "../bars.ts";
import { type Context, RANDOM } from "../context.ts";
import { statesAlarm } from "../contenders.ts";
import { randomOf } from "../draws.ts";
import type { Figure, Part } from "../figures.ts";
import { CHANGE_KINDS, type ChangeKind, HARD_CHANGE_KINDS } from "../series-kinds.ts";
import { type Estimate, medianOf, shareOf } from "../statistics.ts";

/** Observations before the change, and those after it that are looked at. */
export const BEFORE = 30;
const AFTER = 100;
/** Observations within which a change is to be seen. */
export const WITHIN = [10, 20] as const;
/** A start this near to the true one counts as found, in observations. */
const NEAR = 2;

const KINDS = [...CHANGE_KINDS, ...HARD_CHANGE_KINDS];

/** Steps of progress. */
export const CHANGE_STEPS = KINDS.length;

/** The alarms of a series. */
export interface Alarms {
  /** Whether there was one before the change. */
  readonly early: boolean;
  /** The observation after the change, from 1, with the first alarm; infinite if there was none. */
  readonly delay: number;
  /** Observations from the true start to the likeliest start of that alarm; null without one. */
  readonly offset: number | null;
}

type Contender = "states" | Level;
type ByContender = Readonly<Record<Contender, readonly Alarms[]>>;

/** Evaluates them. */
export function changesPart(context: Context): Part {
  const { changes: count } = context.sizes;
  const byKind = KINDS.map((kind, index) => {
    const alarms = alarmsOf(context, kind, index);
    context.onStep(kind.name);
    return { name: kind.name, kind: kind.kind, alarms };
  });
  const wanted = byKind.slice(0, CHANGE_KINDS.length).map(({ alarms }) => alarms);
  const pooled: ByContender = {
    states: wanted.flatMap(({ states }) => states),
    noted: wanted.flatMap(({ noted }) => noted),
    changed: wanted.flatMap(({ changed }) => changed),
  };
  return {
    title: "One change",
    how: `${count} series of each of ${CHANGE_KINDS.length} kinds, which change after ${BEFORE} observations; each share is over all of them, so the mean of the kinds`,
    figures: LEVELS.flatMap((level) => [
      ...WITHIN.map((within) => seenFigure(within, level, pooled)),
      {
        name: `delay_${level}`,
        what: `observations until the change is seen, median, ${thresholdText(level)}`,
        unit: "observations" as const,
        never: null,
        states: medianOf(pooled.states.map(({ delay }) => delay)),
        evidence: medianOf(pooled[level].map(({ delay }) => delay)),
        bar: null,
      },
      {
        name: `early_${level}`,
        what: `series that alarm before the change, ${thresholdText(level)}`,
        unit: "share" as const,
        never: shareOf(0, pooled.states.length),
        states: earlyOf(pooled.states),
        evidence: earlyOf(pooled[level]),
        bar: null,
      },
      {
        name: `start_${level}`,
        what: `likeliest start at most ${NEAR} observations from the true one, of the changes that are seen within ${WITHIN[1]}, ${thresholdText(level)}`,
        unit: "share" as const,
        never: null,
        states: null,
        evidence: startOf(pooled[level]),
        bar: null,
      },
    ]),
    details: {
      title: `Share of changes that are seen, by kind; the last ${HARD_CHANGE_KINDS.length} have no bar`,
      unit: "share",
      columns: [
        ...WITHIN.map((within) => `five states, ${within}`),
        ...LEVELS.flatMap((level) =>
          WITHIN.map((within) => `evidence at ${THRESHOLDS[level].toLocaleString("en-GB")}, ${within}`),
        ),
      ],
      rows: byKind.map(({ name, kind, alarms }) => ({
        name: `${kind}: ${name}`,
        cells: [alarms.states, ...LEVELS.map((level) => alarms[level])].flatMap((each) =>
          WITHIN.map((within) => seenOf(each, within)),
        ),
      })),
    },
    skipped: null,
  };
}

function seenFigure(within: (typeof WITHIN)[number], level: Level, alarms: ByContender): Figure {
  const name = `seen_${within}_${level}` as const;
  return {
    name,
    what: `changes seen within ${within} observations, ${thresholdText(level)}`,
    unit: "share",
    never: shareOf(0, alarms.states.length),
    states: seenOf(alarms.states, within),
    evidence: seenOf(alarms[level], within),
    bar: BARS[name],
  };
}

function seenOf(alarms: readonly Alarms[], within: number): Estimate {
  return shareOf(alarms.filter(({ delay }) => delay <= within).length, alarms.length);
}

function earlyOf(alarms: readonly Alarms[]): Estimate {
  return shareOf(alarms.filter(({ early }) => early).length, alarms.length);
}

function startOf(alarms: readonly Alarms[]): Estimate | null {
  const seen = alarms.filter(({ delay }) => delay <= WITHIN[1]);
  const near = seen.filter(({ offset }) => offset !== null && Math.abs(offset) <= NEAR);
  return seen.length === 0 ? null : shareOf(near.length, seen.length);
}

function alarmsOf(context: Context, change: ChangeKind, index: number): ByContender {
  const result: Record<Contender, Alarms[]> = { states: [], noted: [], changed: [] };
  const secret = `evaluation ${context.seed}`;
  for (let each = 0; each < context.sizes.changes; each++) {
    const random = randomOf(context.seed, [RANDOM.changes, index, each]);
    const values = Array.from({ length: BEFORE + AFTER }, (_, i) =>
      i < BEFORE ? change.before(random, i + 1) : change.after(random, i + 1 - BEFORE),
    );
    const rule = statesAlarm(change.kind);
    result.states.push(firstAlarms(values, (value) => ({ ...rule.step(value), since: null }), BEFORE));
    for (const level of LEVELS) {
      const threshold = THRESHOLDS[level];
      const detector = context.evidence.changeDetector(change.kind, { threshold, secret });
      const step = (value: (typeof values)[number], i: number) =>
        detector.step(value, `change ${index} ${each} ${i}`);
      result[level].push(firstAlarms(values, step, BEFORE));
    }
  }
  return result;
}

/**
 * Steps through a series until the first alarm after its change.
 * @param before - observations before the change
 */
export function firstAlarms<T>(
  values: readonly T[],
  step: (value: T, i: number) => { readonly alarm: boolean; readonly since: number | null },
  before: number,
): Alarms {
  let early = false;
  for (const [i, value] of values.entries()) {
    const { alarm, since } = step(value, i);
    if (!alarm) continue;
    if (i >= before) {
      return { early, delay: i - before + 1, offset: since === null ? null : i + since - before };
    }
    early = true;
  }
  return { early, delay: Number.POSITIVE_INFINITY, offset: null };
}
