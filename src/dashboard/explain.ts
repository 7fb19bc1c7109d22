/** Transitions in plain words: what came in, which rule decided, against which threshold and by what margin. */
import type { AttributionEvent, Explanation } from "./schemas.ts";
import { counted, shortNumber, shortUuid, STATE_WORDS, valueWords } from "./words.ts";

const percent = (share: number) => `${Math.round(share * 100)} %`;

/** What each rule means, with its numbers. A rule that is not known by name is named as it came. */
const RULES: Readonly<Record<string, (e: Explanation) => string>> = {
  too_few_observations: (e) =>
    `Only ${counted(e.statistic, "informative observation")} so far; a state needs ${e.threshold}.`,
  clear_without_older: (e) =>
    `${agreement(e)} There is no earlier window to compare with, so this is where it starts.`,
  clear_as_before: (e) => `${agreement(e)} The window before agreed on the same value.`,
  clear_but_changed: (e) => `${agreement(e)} The window before agreed on another value.`,
  clear_after_unclear: (e) => `${agreement(e)} The window before agreed on none.`,
  not_clear: (e) =>
    `No value is frequent enough: the most frequent has ${percent(e.statistic)} of the latest ${e.recent.length}, and ${percent(e.threshold)} are needed.`,
  alternating: (e) =>
    `Exactly two values take turns: ${counted(e.statistic, "change")} from one observation to the next, where ${e.threshold} make an alternation.`,
  variation_above_conflict: (e) =>
    `The latest values scatter: their variation (CV) is ${shortNumber(e.statistic)}, above ${shortNumber(e.threshold)}.`,
  variation_within_conflict: (e) =>
    `The latest values lie together: their variation (CV) is ${shortNumber(e.statistic)}, not above ${shortNumber(e.threshold)}. There is no earlier window to compare with.`,
  mean_shifted: (e) =>
    `The mean (EWMA) moved by ${percent(e.statistic)} from the window before; ${percent(e.threshold)} count as drift.`,
  mean_held: (e) =>
    `The mean (EWMA) moved by ${percent(e.statistic)} from the window before, less than the ${percent(e.threshold)} that count as drift.`,
  no_rotation: () => "One value only within the window of 24 hours.",
  few_rotations: (e) =>
    `The value rotated ${counted(e.statistic, "time")} within the window; up to ${e.threshold} count as drift.`,
  many_rotations: (e) =>
    `The value rotated ${counted(e.statistic, "time")} within the window, more than the ${e.threshold} that count as drift.`,
};

/** Why a state changed; nothing for events that hold no explanation. */
export function whyWords({ explanation }: AttributionEvent): string[] {
  if (!explanation) return [];
  const { entered, left, margin, recent, older, rule } = explanation;
  const decided =
    RULES[rule]?.(explanation) ?? `Rule ${rule}: ${explanation.statistic} against ${explanation.threshold}.`;
  return [
    `${cameIn(explanation)}${left.length > 0 ? ` ${counted(left.length, "observation")} left the windows.` : ""}`,
    decided,
    `Margin ${shortNumber(margin)}. ${counted(recent.length, "observation")} in the recent window${older.length > 0 ? `, ${older.length} in the one before` : ""}.`,
  ].filter((_, place) => place > 0 || entered.length + left.length > 0);
}

/** What an event says, in one line. */
export function eventWords({ type, payload }: AttributionEvent): string {
  if (payload.new_state !== undefined) {
    const now = STATE_WORDS[payload.new_state];
    const before = payload.old_state ? STATE_WORDS[payload.old_state] : null;
    return before === null ? `first state: ${now}` : `${before} → ${now}`;
  }
  if (type === "profile.multi_actor_suspected") {
    return `several actors suspected: ${payload.primitives?.join(", ") ?? ""}`;
  }
  if (type === "merged") return `${shortUuid(payload.loser_uuid ?? "")} was merged in`;
  if (type === "unmerged") return `taken out of ${shortUuid(payload.from_uuid ?? "")} again`;
  if (type === "formed") return "identity formed";
  return type;
}

function agreement({ recent, statistic, threshold }: Explanation): string {
  const agreeing = Math.round(statistic * recent.length);
  const needed = Math.round(threshold * recent.length);
  return `${agreeing} of the latest ${recent.length} observations agree; ${needed} are needed.`;
}

function cameIn({ entered, recent, older }: Explanation): string {
  const keys = new Set(entered.map(({ evidence_ref, attacker_uuid }) => `${attacker_uuid} ${evidence_ref}`));
  const values = [...older, ...recent]
    .filter(({ evidence_ref, attacker_uuid }) => keys.has(`${attacker_uuid} ${evidence_ref}`))
    .map(({ value }) => valueWords(value));
  if (values.length === 0) return "";
  const shown = values.slice(-4).join(", ");
  return `Came in: ${values.length > 4 ? `…, ${shown}` : shown}.`;
}
