/**
 * Settings: every variable that is not a binding or a secret, read once per isolate. A wrong variable is named with its
 * range. It pauses the Worker (contract §7) and stops `npm run deploy` and `npm run dev`, which read the same schemas in
 * Node. Names and ranges of the thresholds are in the core.
 */
import { z } from "zod";
import { isValueKind, makePolicy, type Policy, readThresholds } from "./core/index.ts";
import { type EvidenceConstants, evidenceInPolicy, readEvidenceConstants } from "./evidence/index.ts";

/** What happens to an observation whose attacker is not registered (contract §6). */
export type UnknownAttacker = "register" | "defer";

export interface Config {
  /** What decides a state besides the observations. */
  readonly policy: Policy;
  readonly unknownAttacker: UnknownAttacker;
  /** Whether a sign of life is published each minute. */
  readonly hasHeartbeat: boolean;
  /** How long observations and history are kept, in days; null: for good. */
  readonly retentionDays: number | null;
  /** The constants of evidence; null: it is switched off. They are part of the policy. */
  readonly evidence: EvidenceConstants | null;
}

/** One or more variables have a value out of range; the message names each. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

const primitiveKinds = z.record(z.string(), z.string().refine(isValueKind));
const unknownAttacker = z.enum(["register", "defer"]);
const heartbeat = z.enum(["on", "off"]);
/** Days. Less than one would cut the windows that decide a state; more than a century means "for good". */
const retentionDays = z.coerce.number().min(1).max(36_525).nullable();

type Parsed =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly string[] };

const parsed = new WeakMap<object, Parsed>();

/**
 * What is wrong with the variables of an environment: one sentence per variable, with its name and its range. Empty if
 * nothing is wrong. Never throws.
 * @param env - the bindings of the Worker, or the variables of a Wrangler file by name
 * @example configProblems({ WINDOW_SIZE: "banana" }) // ['WINDOW_SIZE must be a whole number from 1 to 20, got "banana"']
 */
export function configProblems(env: object): readonly string[] {
  const result = parseOnce(env);
  return result.ok ? [] : result.problems;
}

/**
 * The settings of an environment, or null if a variable is wrong: for work that waits until the variable is corrected.
 * Never throws; `configProblems` says what is wrong.
 */
export function tryConfig(env: object): Config | null {
  const result = parseOnce(env);
  return result.ok ? result.config : null;
}

/**
 * The settings of an environment.
 * @throws ConfigError naming every wrong variable
 * @example readConfig(env) // ConfigError: NUMERIC_DRIFT_SHIFT must be a number from 0 to 1000, got "abc"
 */
export function readConfig(env: object): Config {
  const result = parseOnce(env);
  if (!result.ok) throw new ConfigError(result.problems.join("; "));
  return result.config;
}

/** Parses the same object only once. */
function parseOnce(env: object): Parsed {
  const result = parsed.get(env) ?? parseConfig({ ...env });
  parsed.set(env, result);
  return result;
}

function parseConfig(variables: Readonly<Record<string, unknown>>): Parsed {
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
      `PRIMITIVE_KINDS must be a JSON object of primitive to kind (categorical, bool, free_string, array, numeric, hash, bag)${place ? `, which ${place} is not` : ""}`,
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
  const evidence = readEvidenceConstants(read);
  if (!evidence.ok) problems.push(...evidence.problems);
  if (
    !thresholds.ok ||
    !kinds.success ||
    !mode.success ||
    !beat.success ||
    !retention.success ||
    !evidence.ok
  ) {
    return { ok: false, problems };
  }
  const { constants } = evidence;
  return {
    ok: true,
    config: {
      policy: makePolicy(thresholds.thresholds, kinds.data, evidenceInPolicy(constants)),
      evidence: constants,
      unknownAttacker: mode.data,
      hasHeartbeat: beat.data === "on",
      retentionDays: retention.data,
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
