/** Times, values and names, as people read them. */
import type { State } from "./schemas.ts";

/** What each state is called. */
export const STATE_WORDS: Record<State, string> = {
  stable: "stable",
  drifting: "drifting",
  conflicted: "conflicted",
  multi_actor: "multi-actor",
  unknown: "unknown",
};

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const minute = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});

/** A time to the second. @param ts - epoch seconds */
export function exactTime(ts: number): string {
  return exact.format(ts * 1_000);
}

/** A time to the minute, without its year. @param ts - epoch seconds */
export function shortTime(ts: number): string {
  return minute.format(ts * 1_000);
}

/** A day. @param ts - epoch seconds */
export function shortDay(ts: number): string {
  return day.format(ts * 1_000);
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

/** A number in as many digits as mean something. */
export function shortNumber(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return Math.abs(value) >= 1e6 ? value.toExponential(2) : String(Number(value.toPrecision(3)));
}

/** A value as it was observed. */
export function valueWords(value: unknown): string {
  if (value === null || value === undefined) return "erased";
  if (typeof value === "string") return value;
  if (typeof value === "number") return shortNumber(value);
  if (typeof value === "object" && "sha256" in value && typeof value.sha256 === "string") {
    return `sha256:${value.sha256.slice(0, 12)}…`;
  }
  return JSON.stringify(value);
}

/** The beginning of a UUID: enough to tell a screenful apart. */
export function shortUuid(uuid: string): string {
  return uuid.slice(0, 8);
}

/** A count with its noun. @example counted(1, "attacker") // "1 attacker" */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? noun : plural}`;
}
