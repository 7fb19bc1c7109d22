/**
 * Which kind of log a line belongs to, and what to call the sensor of a log that does not say.
 */
import { basename } from "node:path";
import { isKeyName } from "../../sensor/index.ts";

/** The kinds of file `replay` reads. */
export const FORMATS = ["cowrie", "tty", "observations"] as const;
/** One of them. */
export type Format = (typeof FORMATS)[number];

/** Tells the kind of log from one of its lines.
 * @param raw - a parsed line
 * @returns the kind, or null if it is none of them
 */
export function detectFormat(raw: unknown): Format | null {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return null;
  if ("eventid" in raw || "ev" in raw) return "cowrie";
  if ("sid" in raw && "ch" in raw) return "tty";
  if ("events" in raw || "payload" in raw || "primitive" in raw) return "observations";
  return null;
}

const ENDINGS = /(?:\.(?:gz|gzip|json|jsonl|ndjson|log))+$/i;
const KINDS = /^(?:ssh|telnet|tty|cowrie)[-_.]+/i;

/** A sensor's name from the name of its file, less what says the kind of log and how it is stored: so that the log and the
 * recordings of one sensor point to the same sessions.
 * @example sensorNameOf("logs/tty-2018-05-sensor-b.ndjson.gz") // "2018-05-sensor-b"
 */
export function sensorNameOf(file: string): string {
  const whole = basename(file);
  const stem = whole.replace(ENDINGS, "").replace(KINDS, "");
  const name = (stem === "" ? whole : stem).replaceAll(/[^A-Za-z0-9._:-]/g, "_").slice(0, 128);
  return isKeyName(name) ? name : "unnamed";
}
