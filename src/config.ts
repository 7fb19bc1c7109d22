/**
 * Settings, read once per isolate: every variable that is not a binding or a secret. Each is checked before its first
 * use, and a wrong one is named. Thresholds keep their names and ranges in the core.
 */
import { z } from "zod";
import { isValueKind, makePolicy, type Policy, readThresholds } from "./core/index.ts";

/** What happens to an observation whose attacker is not registered (contract §6). */
export type UnknownAttacker = "register" | "defer";

export interface Config {
  /** What the variables say about how states are decided. */
  readonly policy: Policy;
  readonly unknownAttacker: UnknownAttacker;
  /** Whether a sign of life is published each minute. */
  readonly hasHeartbeat: boolean;
  /** How long observations and history are kept, in days; null: for good. */
  readonly retentionDays: number | null;
}

/** One or more variables that do not hold what they must; the message names each. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

const primitiveKinds = z.record(z.string(), z.string().refine(isValueKind));
const unknownAttacker = z.enum(["register", "defer"]);
const heartbeat = z.enum(["on", "off"]);
/** Below a day the windows that decide would be cut; above a century it is "for good". */
const retentionDays = z.coerce.number().min(1).max(36_525).nullable();

const known = new WeakMap<object, Config>();

/**
 * The settings of an environment; the same object is read only once.
 * @throws ConfigError naming every wrong variable
 * @example readConfig(env) // ConfigError: NUMERIC_DRIFT_SHIFT must be a number from 0 to 1000, got "abc"
 */
export function readConfig(env: object): Config {
  const config = known.get(env) ?? parseConfig({ ...env });
  known.set(env, config);
  return config;
}

function parseConfig(variables: Readonly<Record<string, unknown>>): Config {
  const problems: string[] = [];
  const read = (name: string): string | undefined => {
    const value = variables[name];
    if (value === undefined || value === null) return undefined;
    // A variable of the Wrangler file may be any JSON.
    return typeof value === "string" ? value : JSON.stringify(value);
  };

  const thresholds = readThresholds(read);
  if (!thresholds.ok) {
    for (const { variable, expected, found } of thresholds.problems) {
      problems.push(`${variable} must be ${expected}, got "${found}"`);
    }
  }
  const kinds = primitiveKinds.safeParse(parseJson(read("PRIMITIVE_KINDS") || "{}"));
  if (!kinds.success) {
    const place = kinds.error.issues[0]?.path.join(".");
    problems.push(
      `PRIMITIVE_KINDS must be a JSON object of primitive to kind (categorical, bool, free_string, array, numeric, hash)${place ? `, which ${place} is not` : ""}`,
    );
  }
  const mode = unknownAttacker.safeParse(read("UNKNOWN_ATTACKER") || "register");
  if (!mode.success) {
    problems.push(`UNKNOWN_ATTACKER must be "register" or "defer", got "${read("UNKNOWN_ATTACKER")}"`);
  }
  const beat = heartbeat.safeParse(read("HEARTBEAT") || "off");
  if (!beat.success) problems.push(`HEARTBEAT must be "on" or "off", got "${read("HEARTBEAT")}"`);
  const retention = retentionDays.safeParse(read("RETENTION_DAYS") || null);
  if (!retention.success) {
    problems.push(`RETENTION_DAYS must be a number of days from 1 to 36525, got "${read("RETENTION_DAYS")}"`);
  }
  if (!thresholds.ok || !kinds.success || !mode.success || !beat.success || !retention.success)
    throw new ConfigError(problems.join("; "));
  return {
    policy: makePolicy(thresholds.thresholds, kinds.data),
    unknownAttacker: mode.data,
    hasHeartbeat: beat.data === "on",
    retentionDays: retention.data,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
