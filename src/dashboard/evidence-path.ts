/** Prepares E over time for drawing: the observations with their numbers, what each says, the ends of regimes. Pure. */
import { NOTED_AT } from "../evidence/constants.ts";
import { eWords } from "./evidence-words.ts";
import { counted, exactTime } from "./words.ts";

/** E at each of the newest observations of a primitive, in the order of the series. */
export interface EvidencePath {
  /** Epoch seconds, ascending. */
  readonly times: readonly number[];
  readonly es: readonly number[];
  /** Number of the first of them in its series, from 1. */
  readonly firstNumber: number;
  readonly threshold: number;
}

/** Least top of the axis as a multiple of the threshold, and least bottom. */
const HEADROOM = 3;
const LEAST_BOTTOM = 1e-3;
const BOTTOM = 0.3;
/** Powers of ten that an axis has room for. */
const MOST_POWERS = 7;

/** Bottom and top of the axis: from below 1 to above the threshold, whatever E did. */
export function rangeOf({ es, threshold }: EvidencePath): readonly [number, number] {
  const least = es.reduce((min, e) => Math.min(min, e), BOTTOM);
  const most = es.reduce((max, e) => Math.max(max, e), threshold);
  return [Math.max(LEAST_BOTTOM, least), most * HEADROOM];
}

/** The powers of ten of an axis: all of them, or every second of many. */
export function powersIn([bottom, top]: readonly [number, number]): number[] {
  const first = Math.ceil(Math.log10(bottom));
  const count = Math.floor(Math.log10(top)) - first + 1;
  const step = count > MOST_POWERS ? 2 : 1;
  return Array.from({ length: count }, (_, i) => first + i)
    .filter((power) => power % step === 0)
    .map((power) => 10 ** power);
}

/** E as it is drawn: never below the bottom of the axis, because a logarithm has no 0. */
export function drawnEs(path: EvidencePath): number[] {
  const [bottom] = rangeOf(path);
  return path.es.map((e) => Math.max(bottom, e));
}

/** What an observation says. @example "Observation 57, 3 Apr, 14:00: E = 42; some evidence of a change, not noted" */
export function pointWords({ times, es, firstNumber, threshold }: EvidencePath, place: number): string {
  const [ts, e] = [times[place], es[place]];
  if (ts === undefined || e === undefined) return "";
  const said =
    e >= threshold
      ? "a change is proven, a new regime starts"
      : e >= NOTED_AT
        ? "noted: a change is likely but not proven"
        : e > 1
          ? "some evidence of a change, not noted"
          : "no evidence of a change";
  return `Observation ${(firstNumber + place).toLocaleString("en")}, ${exactTime(ts)}: E = ${eWords(e)}; ${said}`;
}

/** The path in words, for screen readers. */
export function pathLabel(primitive: string, path: EvidencePath): string {
  const { es, threshold } = path;
  const ends = es.filter((e) => e >= threshold).length;
  const last = es.at(-1) ?? 1;
  const proven = ends === 0 ? "no proven change" : counted(ends, "proven change");
  return `${primitive}: E over time on a logarithmic axis, ${counted(es.length, "observation")}, ${proven}, E now ${eWords(last)}; noted from ${NOTED_AT}, changed from ${threshold.toLocaleString("en")}`;
}
