/** The change detector over plain values, without storage: for evaluation and for programs that have a series at hand. */
import { canonicalJson, isInformative } from "../../core/index.ts";
import { NOTED_AT } from "../constants.ts";
import { drawOfText, keyOf } from "./draw.ts";
import { Regime } from "./regime.ts";
import type { ChangeKind } from "./values.ts";

/** What a step says. */
export interface Step {
  /** E reached the threshold: the next step begins a new regime. */
  readonly alarm: boolean;
  readonly e: number;
  /** The likeliest start of a change, in steps: 0 is this one, −1 the one before. Null if there is no hypothesis yet. */
  readonly since: number | null;
}

/** A detector that follows one series. */
export interface ChangeDetector {
  /**
   * @param value - a JSON value. Null, one that does not fit the kind, and `"unknown"` of a categorical series do not count
   * @param key - any JSON value, another one for each step. `[attackerUuid, primitive, evidenceRef]` gives the draws of the stored series
   * @throws TypeError if the key is not JSON
   */
  step(value: unknown, key: unknown): Step;
}

/**
 * A detector of changes in one series.
 * @param options.threshold - E at which it alarms: at most 1 / threshold of series that never change ever do
 * @param options.secret - keeps the draws secret
 * @example
 * const detector = changeDetector("numeric", { threshold: 100 });
 * detector.step(140, 1); // { alarm: false, e: 1, since: null }
 */
export function changeDetector(
  kind: ChangeKind,
  { threshold = NOTED_AT, secret = "" }: { readonly threshold?: number; readonly secret?: string } = {},
): ChangeDetector {
  const sipKey = keyOf(secret);
  const constants = { threshold, notedAt: NOTED_AT };
  let regime = Regime.empty(kind);
  let hasEnded = false;
  let steps = 0;

  return {
    step(value, key) {
      const now = steps++;
      if (hasEnded) regime = Regime.empty(kind);
      hasEnded = false;
      const text = countedText(kind, value);
      if (text !== null) hasEnded = regime.step(text, now, drawOfText(sipKey, textOfKey(key)), constants);
      const likeliest = regime.likeliest();
      return { alarm: hasEnded, e: regime.e, since: likeliest && likeliest.ts - now };
    },
  };
}

/** The canonical JSON of a value that counts, or null. */
function countedText(kind: ChangeKind, value: unknown): string | null {
  // No observation has the value null.
  if (value === null) return null;
  const canonical = canonicalJson(value);
  if (!canonical.ok) return null;
  // Any value can be a hash here: the caller's hashes may be numbers.
  return kind === "hash" || isInformative(kind, canonical.text) ? canonical.text : null;
}

function textOfKey(key: unknown): string {
  const canonical = canonicalJson(key);
  if (!canonical.ok) throw new TypeError(`the key of a step must be a JSON value: ${canonical.reason}`);
  return canonical.text;
}
