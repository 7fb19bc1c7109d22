/** Formats times, values and names for people. */
import type { State } from "./schemas.ts";

/** What each state is called. */
export const STATE_WORDS: Record<State, string> = {
  stable: "stable",
  drifting: "drifting",
  conflicted: "conflicted",
  multi_actor: "multi-actor",
  unknown: "unknown",
};

// Always 24 hours, so that times have one width.
const exact = new Intl.DateTimeFormat(undefined, {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
  timeZoneName: "short",
});
const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long" });
const datedYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });
const month = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const minute = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const second = new Intl.DateTimeFormat(undefined, {
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

/** A time to the second, with its zone. @param ts - epoch seconds */
export function exactTime(ts: number): string {
  return exact.format(ts * 1_000);
}

/** A time to the minute, without its year. @param ts - epoch seconds */
export function shortTime(ts: number): string {
  return minute.format(ts * 1_000);
}

/** A date within a sentence; the year only if it is another one than now. @example dateWords(ts, nowTs) // "12 March" */
export function dateWords(ts: number, nowTs: number): string {
  const isThisYear = new Date(ts * 1_000).getFullYear() === new Date(nowTs * 1_000).getFullYear();
  return (isThisYear ? date : datedYear).format(ts * 1_000);
}

/** Words without the marks around their values, for places that show text alone. @example plainWords("`typed` fell") // "typed fell" */
export function plainWords(words: string): string {
  return words.replaceAll("`", "");
}

const DAY_SECS = 86_400;

/**
 * Labels of a time axis, as fine as the step; the day (or the year) stands below the label where it begins.
 * @param times - ascending, epoch seconds
 * @param stepSecs - between two lines
 */
export function axisTimes(times: readonly number[], stepSecs: number): string[] {
  const fine =
    stepSecs >= 28 * DAY_SECS ? month : stepSecs >= DAY_SECS ? day : stepSecs >= 60 ? clock : second;
  const coarse = (ts: number) =>
    stepSecs >= DAY_SECS ? new Date(ts * 1_000).getFullYear() : day.format(ts * 1_000);
  return times.map((ts, place) => {
    const name = fine.format(ts * 1_000);
    const before = times[place - 1];
    const isNamed = before === undefined || coarse(before) !== coarse(ts);
    return isNamed && fine !== month ? `${name}\n${coarse(ts)}` : name;
  });
}

const UNITS: readonly (readonly [string, number])[] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** A length of time in its largest unit. @example duration(270_000) // "3 days" */
export function duration(seconds: number): string {
  for (const [unit, length] of UNITS) {
    const count = Math.floor(seconds / length);
    if (count >= 1) return `${count} ${unit}${count === 1 ? "" : "s"}`;
  }
  return "moments";
}

/** How long ago. @example ago(1_000, 4_700) // "1 hour ago" */
export function ago(ts: number, nowTs: number): string {
  return ts > nowTs + 60 ? `in ${duration(ts - nowTs)}` : `${duration(nowTs - ts)} ago`;
}

/** A number with three significant digits; a whole number with all. */
export function shortNumber(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return Math.abs(value) >= 1e6
    ? value.toExponential(2)
    : Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 20 });
}

/** A number with its unit. @param unit - may be empty @example amountWords(230, "ms") // "230 ms" */
export function amountWords(value: number, unit: string): string {
  return `${shortNumber(value)} ${unit}`.trimEnd();
}

/** A share in percent, as whole as its size allows. @example shareWords(0.904) // "90 %" */
export function shareWords(share: number): string {
  const percent = share * 100;
  return `${percent > 0 && percent < 1 ? "under 1" : Math.round(percent)} %`;
}

/** A word of a bag: 64 bits of a salted hash. */
const HASHED_WORD = /^[0-9a-f]{16}$/;

/** Whether a value is a bag of hashed words. */
export function isBagOfWords(value: unknown): value is string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((word) => typeof word === "string" && HASHED_WORD.test(word))
  );
}

/** A value as it was observed; of a bag of hashed words their number, because the hashes mean nothing to people. */
export function valueWords(value: unknown): string {
  if (value === null || value === undefined) return "erased";
  if (typeof value === "string") return value;
  if (typeof value === "number") return shortNumber(value);
  if (typeof value === "object" && "digest" in value && typeof value.digest === "string") {
    return `digest ${value.digest.slice(0, 12)}…`;
  }
  if (typeof value === "object" && "sha256" in value && typeof value.sha256 === "string") {
    const size = "bytes" in value && typeof value.bytes === "number" ? ` (${value.bytes} bytes)` : "";
    return `sha256:${value.sha256.slice(0, 12)}…${size}`;
  }
  if (isBagOfWords(value)) return `${counted(value.length, "word")} (${new Set(value).size} distinct)`;
  return JSON.stringify(value);
}

/** A value in one line. A long one is cut in the middle, because lists often differ at their ends. */
export function shortValue(value: unknown, most = 44): string {
  const text = valueWords(value);
  if (text.length <= most) return text;
  const end = Math.floor(most / 3);
  return `${text.slice(0, most - end - 1)}…${text.slice(-end)}`;
}

/** The first eight characters of a UUID. */
export function shortUuid(uuid: string): string {
  return uuid.slice(0, 8);
}

/** A count with its noun. @example counted(1, "attacker") // "1 attacker" */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? noun : plural}`;
}
