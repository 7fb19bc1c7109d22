/**
 * Converts log timestamps to epoch seconds with microseconds. The platform's parser has milliseconds only, and most gaps
 * between the commands of a bot are shorter.
 */

const SHAPE = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?(Z|[+-]\d{2}:?\d{2})?$/;

/** Reads an ISO 8601 time. A time without a zone is UTC, as in Cowrie logs.
 * @returns epoch seconds with six decimals, or null if the text is no such time
 * @example epochSecondsOf("1970-01-02T00:00:00.250000Z") // 86400.25
 */
export function epochSecondsOf(text: string): number | null {
  const parts = SHAPE.exec(text);
  if (!parts) return null;
  const [, year, month, day, hour, minute, second, fraction = "", zone = "Z"] = parts;
  const [y, mo, d, h, mi, s] = [year, month, day, hour, minute, second].map(Number);
  if (
    y === undefined ||
    mo === undefined ||
    d === undefined ||
    h === undefined ||
    mi === undefined ||
    s === undefined
  )
    return null;
  if (mo < 1 || mo > 12 || d < 1 || d > daysInMonth(y, mo) || h > 23 || mi > 59 || s > 60) return null;
  const whole = daysSinceEpoch(y, mo, d) * 86_400 + h * 3_600 + mi * 60 + s - zoneSecs(zone);
  const micros = Number(fraction.padEnd(6, "0").slice(0, 6));
  return (whole * 1e6 + micros) / 1e6;
}

function zoneSecs(zone: string): number {
  if (zone === "Z") return 0;
  const digits = zone.slice(1).replace(":", "");
  const secs = Number(digits.slice(0, 2)) * 3_600 + Number(digits.slice(2)) * 60;
  return zone.startsWith("-") ? -secs : secs;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Days since 1970-01-01 in the Gregorian calendar. Years begin in March here, so that a leap day is the last of its year. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
