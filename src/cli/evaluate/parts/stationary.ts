/** Series that never change: how many of them alarm at least once. */
import { BARS, type Level, THRESHOLDS, thresholdText } from "../bars.ts";
import { type Context, RANDOM } from "../context.ts";
import { statesAlarm } from "../contenders.ts";
import { randomOf } from "../draws.ts";
import type { Figure, Part } from "../figures.ts";
import { type SeriesKind, type SeriesValue, STATIONARY_KINDS, type StationaryKind } from "../series-kinds.ts";
import { shareOf } from "../statistics.ts";

/** Steps of progress. */
export const STATIONARY_STEPS = STATIONARY_KINDS.length;

/** Series that alarmed. */
type Alarms = Readonly<Record<Level | "states", number>>;

/** Evaluates them. */
export function stationaryPart(context: Context): Part {
  const { stationary: count, stationaryLength: length } = context.sizes;
  const byKind = STATIONARY_KINDS.map((kind, index) => {
    const alarms = alarmsOf(context, kind, index);
    context.onStep(kind.name);
    return { name: `${kind.kind}: ${kind.name}`, ...alarms };
  });
  const sum = (key: keyof Alarms) => byKind.reduce((total, alarms) => total + alarms[key], 0);
  const all = count * STATIONARY_KINDS.length;
  return {
    title: "Series that never change",
    how: `${count} series of ${length} observations of each of ${STATIONARY_KINDS.length} kinds`,
    figures: [
      figure("stationary_noted", whatOf("noted"), [sum("noted"), sum("states"), all], BARS.stationary_noted),
      figure("stationary_changed", whatOf("changed"), [sum("changed"), sum("states"), all], null),
    ],
    details: {
      title: "Share of unchanged series that alarm, by kind",
      unit: "share",
      columns: [
        "five states",
        `evidence, ${thresholdText("noted")}`,
        `evidence, ${thresholdText("changed")}`,
      ],
      rows: byKind.map(({ name, states, noted, changed }) => ({
        name,
        cells: [states, noted, changed].map((alarms) => shareOf(alarms, count)),
      })),
    },
    skipped: null,
  };
}

function whatOf(level: Level): string {
  return `unchanged series that alarm, ${thresholdText(level)}`;
}

function figure(
  name: string,
  what: string,
  [evidence, states, of]: readonly [number, number, number],
  bar: Figure["bar"],
): Figure {
  return {
    name,
    what,
    unit: "share",
    never: shareOf(0, of),
    states: shareOf(states, of),
    evidence: shareOf(evidence, of),
    bar,
  };
}

function alarmsOf(context: Context, { kind, draw }: StationaryKind, index: number): Alarms {
  const { stationary, stationaryLength } = context.sizes;
  let [noted, changed, states] = [0, 0, 0];
  for (let each = 0; each < stationary; each++) {
    const random = randomOf(context.seed, [RANDOM.stationary, index, each]);
    const values = Array.from({ length: stationaryLength }, (_, number) => draw(random, number + 1));
    const name = `stationary ${index} ${each}`;
    if (doesAlarm(context, kind, values, { name, level: "noted" })) {
      noted++;
      // E is the same for every threshold until it reaches one, so only a series that reached the smaller can reach the larger.
      if (doesAlarm(context, kind, values, { name, level: "changed" })) changed++;
    }
    const rule = statesAlarm(kind);
    if (values.some((value) => rule.step(value).alarm)) states++;
  }
  return { noted, changed, states };
}

/** Whether a series alarms at least once. */
function doesAlarm(
  { seed, evidence }: Context,
  kind: SeriesKind,
  values: readonly SeriesValue[],
  { name, level }: { readonly name: string; readonly level: Level },
): boolean {
  const detector = evidence.changeDetector(kind, {
    threshold: THRESHOLDS[level],
    secret: `evaluation ${seed}`,
  });
  return values.some((value, i) => detector.step(value, `${name} ${i}`).alarm);
}
