/** Series that change once: how soon it is seen, and how well its start is found. */
import { BARS, THRESHOLDS } from "../bars.ts";
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

type Contender = "states" | (typeof THRESHOLDS)[number];
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
  const [noted, changed] = THRESHOLDS;
  const pooled: ByContender = {
    states: wanted.flatMap(({ states }) => states),
    [noted]: wanted.flatMap((alarms) => alarms[noted]),
    [changed]: wanted.flatMap((alarms) => alarms[changed]),
  };
  return {
    title: "One change",
    how: `${count} series of each of ${CHANGE_KINDS.length} kinds, which change after ${BEFORE} observations; each share is over all of them, so the mean of the kinds`,
    figures: THRESHOLDS.flatMap((threshold) => [
      ...WITHIN.map((within) => seenFigure(within, threshold, pooled)),
      {
        name: `delay_at_${threshold}`,
        what: `observations until the change is seen, median, threshold ${text(threshold)}`,
        unit: "observations" as const,
        never: null,
        states: medianOf(pooled.states.map(({ delay }) => delay)),
        evidence: medianOf(pooled[threshold].map(({ delay }) => delay)),
        bar: null,
      },
      {
        name: `early_at_${threshold}`,
        what: `series that alarm before the change, threshold ${text(threshold)}`,
        unit: "share" as const,
        never: shareOf(0, pooled.states.length),
        states: earlyOf(pooled.states),
        evidence: earlyOf(pooled[threshold]),
        bar: null,
      },
      {
        name: `start_at_${threshold}`,
        what: `likeliest start at most ${NEAR} observations from the true one, of the changes that are seen within ${WITHIN[1]}, threshold ${text(threshold)}`,
        unit: "share" as const,
        never: null,
        states: null,
        evidence: startOf(pooled[threshold]),
        bar: null,
      },
    ]),
    details: {
      title: "Share of changes that are seen, by kind; the last five have no bar",
      unit: "share",
      columns: [
        ...WITHIN.map((within) => `five states, ${within}`),
        ...THRESHOLDS.flatMap((threshold) =>
          WITHIN.map((within) => `evidence at ${text(threshold)}, ${within}`),
        ),
      ],
      rows: byKind.map(({ name, kind, alarms }) => ({
        name: `${kind}: ${name}`,
        cells: [alarms.states, ...THRESHOLDS.map((threshold) => alarms[threshold])].flatMap((each) =>
          WITHIN.map((within) => seenOf(each, within)),
        ),
      })),
    },
    skipped: null,
  };
}

function seenFigure(
  within: (typeof WITHIN)[number],
  threshold: (typeof THRESHOLDS)[number],
  alarms: ByContender,
): Figure {
  const [noted] = THRESHOLDS;
  const name = `seen_${within}_at_${threshold === noted ? 100 : 3_200}` as const;
  return {
    name,
    what: `changes seen within ${within} observations, threshold ${text(threshold)}`,
    unit: "share",
    never: shareOf(0, alarms.states.length),
    states: seenOf(alarms.states, within),
    evidence: seenOf(alarms[threshold], within),
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

function text(threshold: number): string {
  return threshold.toLocaleString("en-GB");
}

function alarmsOf(context: Context, change: ChangeKind, index: number): ByContender {
  const [noted, changed] = THRESHOLDS;
  const result: Record<Contender, Alarms[]> = { states: [], [noted]: [], [changed]: [] };
  const secret = `evaluation ${context.seed}`;
  for (let each = 0; each < context.sizes.changes; each++) {
    const random = randomOf(context.seed, [RANDOM.changes, index, each]);
    const values = Array.from({ length: BEFORE + AFTER }, (_, i) =>
      i < BEFORE ? change.before(random, i + 1) : change.after(random, i + 1 - BEFORE),
    );
    const rule = statesAlarm(change.kind);
    result.states.push(firstAlarms(values, (value) => ({ ...rule.step(value), since: null }), BEFORE));
    for (const threshold of THRESHOLDS) {
      const detector = context.evidence.changeDetector(change.kind, { threshold, secret });
      const step = (value: (typeof values)[number], i: number) =>
        detector.step(value, `change ${index} ${each} ${i}`);
      result[threshold].push(firstAlarms(values, step, BEFORE));
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
