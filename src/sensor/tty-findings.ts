/**
 * Derives findings from the keys and pastes of one recording. Each function handles one or two primitives and returns no
 * finding if the recording has too little data.
 */
import { gracefulExit } from "./commands.ts";
import { type InputUnit, keyGapsOf, type TtyLine } from "./keystrokes.ts";
import type { Finding } from "./observation.ts";
import { correlation, median, sampleConfidence, spread } from "./statistics.ts";
import * as limits from "./thresholds.ts";

const PART = "keys";
const CORRECTIONS = new Set(["\b", "\u007F", "\u0015", "\u0017"]);
/** ^A ^B ^E ^F ^R ^U ^W. */
const SHORTCUTS = new Set(["\u0001", "\u0002", "\u0005", "\u0006", "\u0012", "\u0015", "\u0017"]);
const END_OF_INPUT = "\u0004";

/** `motor.input_modality` and `motor.paste_burst_rate`, from the share of pastes among keys and pastes. */
export function pasteFindings(units: readonly InputUnit[]): Finding[] {
  const acts = units.filter((unit) => unit.kind !== "type_ahead");
  if (acts.length === 0) return [];
  const share = acts.filter((unit) => unit.kind === "paste").length / acts.length;
  const confidence = sampleConfidence(acts.length, limits.SAMPLES_FOR_HALF);
  return [
    { primitive: "motor.input_modality", value: modalityClass(share), confidence, part: PART },
    { primitive: "motor.paste_burst_rate", value: pasteRateClass(share), confidence, part: PART },
  ];
}

/** `motor.keystroke_cadence`, from the gaps between keys. Gaps in which the user thinks are left out. */
export function cadenceFindings(units: readonly InputUnit[]): Finding[] {
  const gaps = keyGapsOf(units, limits.THINKING_SECS);
  if (gaps.length < limits.MIN_KEY_GAPS) return [];
  const confidence = sampleConfidence(gaps.length, limits.KEY_GAPS_FOR_HALF);
  return [{ primitive: "motor.keystroke_cadence", value: cadenceClass(gaps), confidence, part: PART }];
}

/** `motor.command_chunking`: whether there is one line only, or how evenly lines are typed. Pasted lines do not count. */
export function chunkingFindings(lines: readonly TtyLine[]): Finding[] {
  const primitive = "motor.command_chunking";
  if (lines.length === 1)
    return [{ primitive, value: "single_command", confidence: limits.READING_CONFIDENCE, part: PART }];
  const spreads = lines
    .filter((line) => line.keyGaps.length >= limits.MIN_GAPS_IN_LINE)
    .map((line) => spread(line.keyGaps));
  if (spreads.length === 0) return [];
  const value = median(spreads) < limits.FLUENT_SPREAD ? "fluent" : "fragmented";
  return [
    { primitive, value, confidence: sampleConfidence(spreads.length, limits.SAMPLES_FOR_HALF), part: PART },
  ];
}

/** `motor.error_correction`: the delay between a key and its deletion, or `absent` if many keys were typed without one. */
export function correctionFindings(units: readonly InputUnit[]): Finding[] {
  const primitive = "motor.error_correction";
  const keys = units.filter((unit) => unit.kind === "key");
  if (!keys.some(isCorrection)) {
    if (keys.length < limits.MIN_KEYS_WITHOUT_CORRECTION) return [];
    const confidence = sampleConfidence(keys.length, limits.KEY_GAPS_FOR_HALF);
    return [{ primitive, value: "absent", confidence, part: PART }];
  }
  // Only the first of consecutive deletions counts. A deletion after a paste or type-ahead does not correct a key.
  const delays = units.flatMap((unit, index) => {
    const before = units[index - 1];
    return isCorrection(unit) && before?.kind === "key" && !isCorrection(before) ? [unit.ts - before.ts] : [];
  });
  if (delays.length === 0) return [];
  const quick = delays.filter((delay) => delay <= limits.IMMEDIATE_CORRECTION_SECS).length;
  const value = quick * 2 > delays.length ? "immediate" : "deferred";
  return [
    { primitive, value, confidence: sampleConfidence(delays.length, limits.SAMPLES_FOR_HALF), part: PART },
  ];
}

/** `motor.shell_mastery.tab_completion` and `…shortcut_usage`, per typed line. */
export function masteryFindings(lines: readonly TtyLine[]): Finding[] {
  const typed = lines.filter((line) => line.isTyped);
  if (typed.length < limits.MIN_TYPED_LINES) return [];
  const tabs = typed.filter((line) => line.text.includes("\t")).length / typed.length;
  const shortcuts = typed.reduce((sum, line) => sum + countShortcuts(line.text), 0) / typed.length;
  const confidence = sampleConfidence(typed.length, limits.SAMPLES_FOR_HALF);
  return [
    { primitive: "motor.shell_mastery.tab_completion", value: tabClass(tabs), confidence, part: PART },
    {
      primitive: "motor.shell_mastery.shortcut_usage",
      value: shortcutClass(shortcuts),
      confidence,
      part: PART,
    },
  ];
}

/** `cognitive.feedback_loop_engagement`: `fire_and_forget` if the pauses are regular, because they then do not depend on the
 * output; `closed_loop` if they grow with the output more than by chance; otherwise no finding.
 * @param pauses - seconds from sending each line to the beginning of the next
 * @param outputs - bytes of output during each pause
 */
export function feedbackFindings(pauses: readonly number[], outputs: readonly number[]): Finding[] {
  const primitive = "cognitive.feedback_loop_engagement";
  const confidence = sampleConfidence(pauses.length, limits.SAMPLES_FOR_HALF);
  const isPositive = pauses.every((pause) => pause > 0);
  if (
    pauses.length >= limits.MIN_PAUSES_FOR_REGULAR_PACE &&
    isPositive &&
    spread(pauses) < limits.REGULAR_PACE_SPREAD
  )
    return [{ primitive, value: "fire_and_forget", confidence, part: PART }];
  if (pauses.length < limits.MIN_PAUSES_FOR_CORRELATION) return [];
  const r = correlation(outputs, pauses);
  if (r === null || r < limits.CORRELATION_ERRORS / Math.sqrt(pauses.length)) return [];
  return [{ primitive, value: "closed_loop", confidence, part: PART }];
}

/** `temporal.lifecycle_markers.exit_behavior`: the last key was an end of input (^D). */
export function exitFindings(units: readonly InputUnit[]): Finding[] {
  const last = units.at(-1);
  return last?.kind === "key" && last.text === END_OF_INPUT ? [gracefulExit(PART)] : [];
}

/** The class of a share of pastes, 0–1, for `motor.input_modality`. */
export function modalityClass(share: number): string {
  if (share >= limits.PASTED_SHARE) return "pasted";
  return share <= limits.TYPED_SHARE ? "typed" : "mixed";
}

/** The class of a share of pastes, 0–1, for `motor.paste_burst_rate`. */
export function pasteRateClass(share: number): string {
  if (share >= limits.HABITUAL_PASTE_SHARE) return "habitual";
  return share >= limits.OCCASIONAL_PASTE_SHARE ? "occasional" : "none";
}

/** The class of gaps between keys, seconds, at least two of them. */
export function cadenceClass(gaps: readonly number[]): string {
  const gapSpread = spread(gaps);
  if (gapSpread < limits.MACHINE_SPREAD) return "machine";
  if (median(gaps) >= limits.HUNT_AND_PECK_SECS) return "hunt_and_peck";
  return gapSpread < limits.STEADY_SPREAD ? "steady" : "bursty";
}

function isCorrection(unit: InputUnit): boolean {
  return CORRECTIONS.has(unit.text);
}

function countShortcuts(text: string): number {
  return Array.from(text).filter((character) => SHORTCUTS.has(character)).length;
}

function tabClass(share: number): string {
  if (share === 0) return "none";
  return share >= limits.HABITUAL_TAB_SHARE ? "habitual" : "occasional";
}

function shortcutClass(perLine: number): string {
  if (perLine < limits.MODERATE_SHORTCUTS) return "none";
  return perLine >= limits.HEAVY_SHORTCUTS ? "heavy" : "moderate";
}
