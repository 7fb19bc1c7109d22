/** Formats figures as text. Pure. */
import type { Spread } from "../../bench/statistics.ts";

/** @example spreadText({ median: 1, min: 0.5, max: 2, n: 30 }) // "0.50 to 2.00 in 30" */
export function spreadText({ min, max, n }: Spread): string {
  return `${figure(min)} to ${figure(max)} in ${n}`;
}

/** Formats with three significant digits, without an exponent. */
export function figure(value: number): string {
  if (value === 0 || Math.abs(value) >= 1_000) return Math.round(value).toLocaleString("en-GB");
  const digits = Math.max(0, Math.min(4, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return value.toFixed(digits);
}

/** @example millis(12.345) // "12.3 ms" */
export function millis(value: number): string {
  return `${figure(value)} ms`;
}
