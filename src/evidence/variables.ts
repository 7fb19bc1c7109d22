/** The variables of evidence: `EVIDENCE`, `EVIDENCE_THRESHOLD`, `TRAIT_PRIMITIVES`. */
import type { JsonValue } from "../core/index.ts";
import { type EvidenceConstants, NOTED_AT, STANDARD_EVIDENCE } from "./constants.ts";

/** Greatest threshold. A larger one would hardly ever be reached. */
const GREATEST_THRESHOLD = 1e9;
/** Most globs, and characters of one. */
const MOST_GLOBS = 64;
const GLOB = /^[a-z0-9_.*]{1,128}$/;

/**
 * Reads the constants of evidence.
 * @param read - returns the text of a variable, or undefined if it is not set (an empty text counts as not set)
 * @returns the constants, null if evidence is switched off, or a sentence for each wrong variable
 */
export function readEvidenceConstants(
  read: (variable: string) => string | undefined,
): { ok: true; constants: EvidenceConstants | null } | { ok: false; problems: string[] } {
  const problems: string[] = [];
  const textOf = (variable: string) => read(variable)?.trim() || null;
  const mode = textOf("EVIDENCE") ?? "on";
  if (mode !== "on" && mode !== "off")
    problems.push(`EVIDENCE must be "on" or "off", got "${mode.slice(0, 64)}"`);
  const thresholdText = textOf("EVIDENCE_THRESHOLD");
  const threshold = thresholdText === null ? STANDARD_EVIDENCE.threshold : Number(thresholdText);
  if (!(threshold > NOTED_AT && threshold <= GREATEST_THRESHOLD)) {
    problems.push(
      `EVIDENCE_THRESHOLD must be a number above ${NOTED_AT}, up to ${GREATEST_THRESHOLD}, got "${thresholdText?.slice(0, 64)}"`,
    );
  }
  const globs = textOf("TRAIT_PRIMITIVES")
    ?.split(",")
    .map((glob) => glob.trim());
  const wrong = globs?.find((glob) => !GLOB.test(glob));
  if (wrong !== undefined || (globs?.length ?? 0) > MOST_GLOBS) {
    problems.push(
      `TRAIT_PRIMITIVES must be up to ${MOST_GLOBS} patterns of primitives such as motor.*, separated by commas, got "${(wrong ?? `${globs?.length} patterns`).slice(0, 64)}"`,
    );
  }
  if (problems.length > 0) return { ok: false, problems };
  const traitPrimitives = globs ?? STANDARD_EVIDENCE.traitPrimitives;
  return { ok: true, constants: mode === "off" ? null : { threshold, traitPrimitives } };
}

/** What the policy holds of evidence; nothing if it is switched off. */
export function evidenceInPolicy(constants: EvidenceConstants | null): Record<string, JsonValue> {
  if (constants === null) return {};
  const { threshold, traitPrimitives } = constants;
  return { evidence: { threshold, trait_primitives: [...traitPrimitives] } };
}
