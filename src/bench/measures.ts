/** The measures and their bars. Pure. */

/** The value that a measure must reach (`atLeast`) or must not exceed (`atMost`). */
export type Bar = { readonly atLeast: number } | { readonly atMost: number };

/**
 * The bar of each measure, by name; null: the measure is reported and has no bar. Names with `_single` have one observation per session
 * and message, those with `_session` thirty; `_replay` are the real sessions.
 */
export const BARS = {
  core_vs_parse: { atMost: 2 },
  // The same with evidence on.
  core_vs_parse_evidence: { atMost: 4 },
  // Rows and calls per observation, and US dollars per million.
  d1_written_single: { atMost: 1.045 },
  d1_written_session: { atMost: 0.08 },
  d1_written_steady: { atMost: 1.05 },
  d1_written_replay: { atMost: 0.6 },
  d1_read_1: { atMost: 1.5 },
  // A session row is looked up by attacker and place, before and while it is written.
  d1_read_100: { atMost: 25 },
  object_written_single: { atMost: 2 },
  object_written_session: { atMost: 0.12 },
  object_written: { atMost: 2.1 },
  object_written_replay: { atMost: 0.6 },
  object_read: { atMost: 4 },
  d1_calls: { atMost: 3 },
  object_calls: { atMost: 1 },
  repeat_written: { atMost: 0 },
  // $4.40 with one row per observation; a session row is looked up, which is 12 rows read more for $0.012.
  usd_single: { atMost: 4.42 },
  usd_single_shared: null,
  usd_session: { atMost: 0.25 },
  usd_replay: { atMost: 1.35 },
  // Bytes.
  d1_bytes_replay: { atMost: 220 },
  session_bytes_replay: { atMost: 110 },
  session_bytes_30: { atMost: 65 },
  session_bytes_single: null,
  object_bytes_1: { atMost: 32_768 },
  object_bytes_more: null,
  // Ratios of times.
  floor_1: { atLeast: 0.7 },
  floor_10: { atLeast: 0.7 },
  floor_100: { atLeast: 0.7 },
  floor_session: { atLeast: 1.1 },
  flat_categorical: { atMost: 1.15 },
  flat_numeric: { atMost: 1.15 },
  flat_hash: { atMost: 1.15 },
  flat_categorical_by_chance: null,
  flat_numeric_by_chance: null,
  flat_hash_by_chance: null,
  port_100: { atLeast: 15 },
  port_1000: { atLeast: 25 },
  port_10000: { atLeast: 60 },
  read_vs_call: { atMost: 1.5 },
  latency_p99: { atMost: 3 },
  // Speed as a multiple of another commit's; only with `--against`.
  sessions_100: { atLeast: 1.6 },
  sessions_10: { atLeast: 1.6 },
  replay_speed: { atLeast: 1.1 },
  speed_floor_1: null,
  speed_floor_10: null,
  speed_floor_100: null,
  speed_flat_categorical: null,
  speed_flat_numeric: null,
  speed_flat_hash: null,
  speed_flat_categorical_by_chance: null,
  speed_flat_numeric_by_chance: null,
  speed_flat_hash_by_chance: null,
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
