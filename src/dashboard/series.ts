/** Prepares series of observations for drawing: kind, lanes of values, moving means, spans of time. Pure. */
import { type AttributionEvent, type Explanation, type State, stateExplanation } from "./schemas.ts";
import { isBagOfWords, valueWords } from "./words.ts";

/** How a series is drawn. */
export type SeriesKind = "bands" | "line" | "rotations" | "bags";

/** Rules that decide the states of hashes. */
export const ROTATION_RULES: ReadonlySet<string> = new Set([
  "no_rotation",
  "few_rotations",
  "many_rotations",
]);
/** The rule of every bag of words. */
export const BAG_RULE = "bag_has_no_state";
/** Window and weight of the moving mean that is drawn: the engine's own, unless it is configured otherwise. */
export const WINDOW = 5;
const ALPHA = 0.3;

/** How to draw a series: by the rule that decided its state, or else by its values. */
export function kindOf(values: readonly unknown[], explanation: Explanation | null): SeriesKind {
  if (explanation && ROTATION_RULES.has(explanation.rule)) return "rotations";
  if (explanation?.rule === BAG_RULE || (values.length > 0 && values.every(isBagOfWords))) return "bags";
  return values.length > 0 && values.every((value) => typeof value === "number") ? "line" : "bands";
}

/** Distinct values in the order in which they first came: a value's index is its lane. */
export function lanesOf(values: readonly unknown[]): string[] {
  return [...new Set(values.map((value) => JSON.stringify(value)))];
}

/**
 * Short names of lanes that can be told apart: where cutting makes two of them equal, the words that both begin with are
 * left out.
 * @param lanes - JSON of each
 */
export function laneNames(lanes: readonly string[], most = 18): string[] {
  const texts = lanes.map((lane) => valueWords(JSON.parse(lane)));
  const cut = (text: string) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
  const names = texts.map(cut);
  return texts.map((text, lane) => {
    const twins = texts.filter((other, i) => i !== lane && other !== text && names[i] === names[lane]);
    if (twins.length === 0) return names[lane] ?? "";
    const shared = Math.min(...twins.map((other) => sharedLength(text, other)));
    const start = Math.max(...[",", " ", "/"].map((mark) => text.lastIndexOf(mark, shared - 1))) + 1;
    // If the word is too long, the name starts a little before the difference.
    return `…${cut(text.slice(shared - start < most - 3 ? start : Math.max(start, shared - 4)))}`;
  });
}

/** Length of the shared beginning of two texts; always less than the length of either. */
function sharedLength(a: string, b: string): number {
  const most = Math.min(a.length, b.length) - 1;
  let length = 0;
  while (length < most && a[length] === b[length]) length += 1;
  return length;
}

/** At each observation the mean (EWMA) of the window that ends there. */
export function movingMeans(values: readonly number[]): number[] {
  return values.map((_, end) => {
    const [first = 0, ...others] = values.slice(Math.max(0, end - WINDOW + 1), end + 1);
    return others.reduce((mean, value) => ALPHA * value + (1 - ALPHA) * mean, first);
  });
}

/** A series, ready to be drawn. */
export interface SeriesDrawing {
  readonly kind: SeriesKind;
  /** Ascending, epoch seconds. */
  readonly times: readonly number[];
  /** Of each observation its number, or its lane. */
  readonly values: readonly number[];
  /** Of a line the moving mean at each observation; else empty. */
  readonly means: readonly number[];
  /** JSON of each lane's value, from below; of a line none. */
  readonly lanes: readonly string[];
}

/** Prepares a series for drawing. */
export function drawingOf(
  points: readonly { readonly value: unknown; readonly ts: number }[],
  explanation: Explanation | null,
): SeriesDrawing {
  const observed = points.map(({ value }) => value);
  const times = points.map(({ ts }) => ts);
  const kind = kindOf(observed, explanation);
  if (kind === "line") {
    const values = observed.map((value) => (typeof value === "number" ? value : 0));
    return { kind, times, values, means: movingMeans(values), lanes: [] };
  }
  const lanes = lanesOf(observed);
  const laneOf = new Map(lanes.map((text, lane) => [text, lane]));
  const values = observed.map((value) => laneOf.get(JSON.stringify(value)) ?? 0);
  return { kind, times, values, means: [], lanes };
}

/** The explanation of each primitive's last transition. */
export function lastExplanations(events: readonly AttributionEvent[]): Map<string, Explanation> {
  const last = new Map<string, Explanation>();
  for (const event of events) {
    const { primitive } = event.payload;
    const explanation = stateExplanation(event);
    if (primitive !== undefined && explanation) last.set(primitive, explanation);
  }
  return last;
}

/** A transition or a proven change as it is drawn over time. */
export interface Turn {
  readonly event: AttributionEvent;
  readonly primitive: string;
  /** Null for a proven change. */
  readonly state: State | null;
  /** Of the observation that brought it, epoch seconds. */
  readonly ts: number;
}

/** The transitions and proven changes among events. */
export function turnsOf(events: readonly AttributionEvent[]): Turn[] {
  return events.flatMap((event) => {
    const { primitive, new_state: state = null, ts } = event.payload;
    const isTurn = state !== null || event.type === "evidence.changed";
    return isTurn && primitive !== undefined && ts !== undefined ? [{ event, primitive, state, ts }] : [];
  });
}

/** A stretch of time. Epoch seconds. */
export interface Span {
  readonly fromTs: number;
  readonly toTs: number;
}

/** The span from the first to the last of some times, at least a minute; null if there are none. */
export function spanOf(times: readonly number[]): Span | null {
  const fromTs = times.reduce((least, ts) => Math.min(least, ts), Infinity);
  const toTs = times.reduce((most, ts) => Math.max(most, ts), -Infinity);
  return times.length === 0 ? null : { fromTs, toTs: Math.max(toTs, fromTs + 60) };
}

/** How far from the left a time is drawn within a span, in percent of its width; an edge is kept free on both sides. */
export function percentOf(ts: number, { fromTs, toTs }: Span): number {
  return 1.5 + (97 * (ts - fromTs)) / (toTs - fromTs);
}

const DAY_SECS = 86_400;
const STEPS = [
  ...[1, 5, 15, 30].map((minutes) => minutes * 60),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3_600),
  ...[1, 2, 4, 7, 14, 30, 60, 90, 180, 365].map((days) => days * DAY_SECS),
];

/** Lines of a span. */
export interface Grid {
  /** Ascending, epoch seconds. */
  readonly times: readonly number[];
  readonly stepSecs: number;
}

/** Times at which to draw a line, on round minutes, hours or local midnights. @param most - about how many */
export function gridOf({ fromTs, toTs }: Span, most = 8): Grid {
  const step = STEPS.find((each) => (toTs - fromTs) / each <= most) ?? 3_650 * DAY_SECS;
  const offset = new Date(fromTs * 1_000).getTimezoneOffset() * 60;
  const first = Math.ceil((fromTs - offset) / step) * step + offset;
  const count = Math.max(0, Math.floor((toTs - first) / step) + 1);
  return { times: Array.from({ length: count }, (_, i) => first + i * step), stepSecs: step };
}
