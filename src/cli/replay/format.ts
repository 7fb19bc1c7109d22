/**
 * Detects the format of a log, and derives the name of its sensor if the log has none.
 */
import { basename } from "node:path";
import { isKeyName } from "../../sensor/index.ts";

/** The formats that `replay` reads. */
export const FORMATS = ["cowrie", "tty", "observations"] as const;
export type Format = (typeof FORMATS)[number];

/** Detects the format of a log from one of its lines.
 * @param raw - a parsed line
 * @returns the format, or null if it is unknown
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

/** The name of a sensor, from the name of its file. Parts that name the format or the compression are removed, so that the
 * log and the recordings of one sensor point to the same sessions.
 * @example sensorNameOf("logs/tty-2018-05-sensor-b.ndjson.gz") // "2018-05-sensor-b"
 */
export function sensorNameOf(file: string): string {
  const whole = basename(file);
  const stem = whole.replace(ENDINGS, "").replace(KINDS, "");
  const name = (stem === "" ? whole : stem).replaceAll(/[^A-Za-z0-9._:-]/g, "_").slice(0, 128);
  return isKeyName(name) ? name : "unnamed";
}
