/** The measures and their bars. Pure. */

/** The value that a measure must reach (`atLeast`) or must not exceed (`atMost`). */
export type Bar = { readonly atLeast: number } | { readonly atMost: number };

/** The bar of each measure, by name; null: the measure is reported and has no bar. */
export const BARS = {
  floor_1: { atLeast: 0.7 },
  floor_10: { atLeast: 0.7 },
  floor_100: null,
  flat_categorical: { atMost: 1.15 },
  flat_numeric: { atMost: 1.15 },
  flat_hash: { atMost: 1.15 },
  flat_categorical_by_chance: null,
  flat_numeric_by_chance: null,
  flat_hash_by_chance: null,
  port_100: { atLeast: 15 },
  port_1000: { atLeast: 25 },
  port_10000: { atLeast: 60 },
  d1_written_steady: { atMost: 1.05 },
  d1_written_replay: { atMost: 2.2 },
  d1_read_1: { atMost: 1.5 },
  d1_read_100: { atMost: 5 },
  object_written: { atMost: 2.1 },
  object_read: { atMost: 4 },
  d1_calls: { atMost: 3 },
  object_calls: { atMost: 1 },
  repeat_written: { atMost: 0 },
  usd_single: { atMost: 5 },
  usd_session: { atMost: 3.5 },
  core_vs_parse: { atMost: 2 },
  read_vs_call: { atMost: 1.5 },
  latency_p99: { atMost: 3 },
  soak_memory: { atMost: 1.25 },
  soak_lag: { atMost: 1.5 },
} as const satisfies Record<string, Bar | null>;

export type MeasureName = keyof typeof BARS;

/** Whether a text names a measure. */
export function isMeasureName(text: string): text is MeasureName {
  return Object.hasOwn(BARS, text);
}

/** One line of the result. */
export interface Measure {
  readonly name: MeasureName;
  /** Null if it could not be measured; `detail` then gives the reason. */
  readonly value: number | null;
  /** The bar as text, for example `≤ 2`, or null if there is none. */
  readonly bar: string | null;
  /** Whether the bar was met; null if there is no bar or nothing was measured. */
  readonly pass: boolean | null;
  /** How the value was found: spread, arithmetic, or the reason why it is missing. */
  readonly detail: string;
}

/** A measure with its verdict.
 * @param isMet - a condition besides the bar, e.g. that row counts are equal
 * @example measureOf("repeat_written", 0, "").pass // true
 */
export function measureOf(name: MeasureName, value: number, detail: string, isMet = true): Measure {
  const bar: Bar | null = BARS[name];
  if (bar === null) return { name, value, bar: null, pass: null, detail };
  return { name, value, bar: describeBar(bar), pass: isMet && isWithin(value, bar), detail };
}

/** A measure without a value. */
export function missing(name: MeasureName, reason: string, pass: false | null): Measure {
  const bar: Bar | null = BARS[name];
  return { name, value: null, bar: bar && describeBar(bar), pass, detail: reason };
}

function isWithin(value: number, bar: Bar): boolean {
  return "atLeast" in bar ? value >= bar.atLeast : value <= bar.atMost;
}

function describeBar(bar: Bar): string {
  return "atLeast" in bar ? `≥ ${bar.atLeast}` : `≤ ${bar.atMost}`;
}
