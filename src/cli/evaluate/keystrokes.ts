/** Reads the labelled keystrokes of `../shared/data` and makes sessions of them. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { median } from "../../bench/statistics.ts";
import { PROJECT_ROOT } from "../wrangler.ts";
import type { SessionValues } from "../../evidence/index.ts";
import type { SeriesKind } from "./series-kinds.ts";

const FILE = join(PROJECT_ROOT, "..", "shared", "data", "keystrokes-fixed-text.csv.gz");

/** Why there are no typists. */
export const NO_KEYSTROKES = "skipped: there is no keystrokes-fixed-text.csv.gz in ../shared/data";

/** What is measured in a session, by primitive. */
export const TYPIST_KINDS: Readonly<Record<string, SeriesKind>> = {
  "motor.dwell_ms": "numeric",
  "motor.dwell_spread_ms": "numeric",
  "motor.latency_ms": "numeric",
  "motor.latency_spread_ms": "numeric",
  "motor.flight_ms": "numeric",
};

/** A key: when it went down and up, in milliseconds since the first one of its repetition. */
interface Key {
  readonly pressMs: number;
  readonly releaseMs: number;
}

/** The text of the file; null if it is not there. */
export function readKeystrokes(file = FILE): string | null {
  return existsSync(file) ? gunzipSync(readFileSync(file)).toString("utf8") : null;
}

/**
 * The sessions of each typist, in order: parts of the repetitions of one text.
 * @param text - CSV with a header: user, session, key class, press and release in milliseconds
 * @param keysPerSession - a rest of a repetition that has fewer is left out
 * @throws Error naming a line that does not have these fields
 */
export function typistsOf(text: string, keysPerSession: number): SessionValues[][] {
  const repetitions = new Map<string, Map<string, Key[]>>();
  for (const [index, line] of text.trim().split(/\r?\n/).entries()) {
    if (index === 0) continue;
    const [user, repetition, , press, release] = line.split(",");
    const key = { pressMs: Number(press), releaseMs: Number(release) };
    if (user === undefined || repetition === undefined || !Number.isFinite(key.pressMs + key.releaseMs)) {
      throw new Error(`line ${index + 1} must have user, session, key class, press and release: ${line}`);
    }
    const ofUser = repetitions.get(user) ?? new Map<string, Key[]>();
    repetitions.set(user, ofUser);
    const keys = ofUser.get(repetition) ?? [];
    ofUser.set(repetition, keys);
    keys.push(key);
  }
  return [...repetitions.values()].map((ofUser) =>
    [...ofUser.values()].flatMap((keys) => sessionsOf(keys, keysPerSession)),
  );
}

function sessionsOf(keys: readonly Key[], keysPerSession: number): SessionValues[] {
  return Array.from({ length: Math.floor(keys.length / keysPerSession) }, (_, i) =>
    measure(keys.slice(i * keysPerSession, (i + 1) * keysPerSession)),
  );
}

function measure(keys: readonly Key[]): SessionValues {
  const dwells = keys.map(({ pressMs, releaseMs }) => releaseMs - pressMs);
  const pairs = keys.slice(1).map((key, i) => ({ before: keys[i] ?? key, key }));
  const latencies = pairs.map(({ before, key }) => key.pressMs - before.pressMs);
  const flights = pairs.map(({ before, key }) => key.pressMs - before.releaseMs);
  return {
    "motor.dwell_ms": median(dwells),
    "motor.dwell_spread_ms": deviation(dwells),
    "motor.latency_ms": median(latencies),
    "motor.latency_spread_ms": deviation(latencies),
    "motor.flight_ms": median(flights),
  };
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
