/** Transitions in plain words: what came in, which rule decided, against which threshold and by what margin. */
import { changeWords, eWords } from "./evidence-words.ts";
import { type AttributionEvent, type Explanation, type Member, stateExplanation } from "./schemas.ts";
import { BAG_RULE } from "./series.ts";
import { counted, exactTime, shortNumber, shortUuid, shortValue, STATE_WORDS } from "./words.ts";

/** How many of the new values are named. */
const NAMED = 4;

const percent = (share: number) => `${shortNumber(Math.round(share * 1_000) / 10)} %`;
/** A margin between two shares. */
const points = ({ margin }: Explanation) =>
  counted(Number(shortNumber(Math.round(margin * 1_000) / 10)), "percentage point");
/** A margin between two shares of the recent window. */
const observations = ({ margin, recent }: Explanation) =>
  counted(Math.round(margin * recent.length), "observation");

/** The meaning of a rule, and its margin in the rule's own unit. */
interface RuleWords {
  readonly decided: (e: Explanation) => string;
  /** Null if the rule compares nothing. */
  readonly margin: ((e: Explanation) => string) | null;
}

/** Every rule, with its numbers. A rule that is missing here is shown by its code. */
const RULES: Readonly<Record<string, RuleWords>> = {
  too_few_observations: {
    decided: (e) =>
      `Only ${counted(e.statistic, "informative observation")} so far; a state needs ${e.threshold}.`,
    margin: (e) => counted(e.margin, "observation"),
  },
  clear_without_older: {
    decided: (e) => `${agreement(e)} There is no earlier window to compare with, so this is where it starts.`,
    margin: observations,
  },
  clear_as_before: {
    decided: (e) => `${agreement(e)} The window before agreed on the same value.`,
    margin: observations,
  },
  clear_but_changed: {
    decided: (e) => `${agreement(e)} The window before agreed on another value.`,
    margin: observations,
  },
  clear_after_unclear: {
    decided: (e) => `${agreement(e)} The window before agreed on none.`,
    margin: observations,
  },
  not_clear: {
    decided: (e) => {
      const [most, needed] = [e.statistic, e.threshold].map((share) => Math.round(share * e.recent.length));
      return `No value is frequent enough: the most frequent has ${most} of the latest ${e.recent.length}; ${needed} are needed.`;
    },
    margin: observations,
  },
  alternating: {
    decided: (e) =>
      `Exactly two values take turns: ${counted(e.statistic, "change")} from one observation to the next, where ${e.threshold} make an alternation.`,
    margin: (e) => counted(e.margin, "change"),
  },
  variation_above_conflict: {
    decided: (e) =>
      `The latest values scatter: their variation (CV) is ${shortNumber(e.statistic)}, above ${shortNumber(e.threshold)}.`,
    margin: (e) => shortNumber(e.margin),
  },
  variation_within_conflict: {
    decided: (e) =>
      `The latest values lie together: their variation (CV) is ${shortNumber(e.statistic)}, not above ${shortNumber(e.threshold)}. There is no earlier window to compare with.`,
    margin: (e) => shortNumber(e.margin),
  },
  mean_shifted: {
    decided: (e) =>
      `The mean (EWMA) moved by ${percent(e.statistic)} from the window before; ${percent(e.threshold)} count as drift.`,
    margin: points,
  },
  mean_held: {
    decided: (e) =>
      `The mean (EWMA) moved by ${percent(e.statistic)} from the window before, less than the ${percent(e.threshold)} that count as drift.`,
    margin: points,
  },
  no_rotation: {
    decided: () => "One value only within the window of a day.",
    margin: (e) => counted(e.margin, "rotation"),
  },
  few_rotations: {
    decided: (e) =>
      `The value rotated ${counted(e.statistic, "time")} within the window; up to ${e.threshold} count as drift.`,
    margin: (e) => counted(e.margin, "rotation"),
  },
  many_rotations: {
    decided: (e) =>
      `The value rotated ${counted(e.statistic, "time")} within the window, more than the ${e.threshold} that count as drift.`,
    margin: (e) => counted(e.margin, "rotation"),
  },
  [BAG_RULE]: {
    decided: () => "Bags of words have no state: only evidence reads them.",
    margin: null,
  },
};

/** Why a state changed; nothing for events that hold no explanation. */
export function whyWords(event: AttributionEvent): string[] {
  const explanation = shownExplanation(event);
  if (!explanation) return [];
  const { left, margin, recent, older, rule, statistic, threshold } = explanation;
  const words = RULES[rule];
  const decided = words?.decided(explanation) ?? `The rule ${rule} compared ${statistic} with ${threshold}.`;
  const before = older.length > 0 ? `, ${older.length} in the one before` : "";
  return [
    cameIn(explanation),
    left.length > 0 ? `${counted(left.length, "observation")} left the windows.` : "",
    decided,
    words?.margin === null ? "" : `Margin: ${words?.margin(explanation) ?? shortNumber(margin)}.`,
    `${counted(recent.length, "observation")} in the recent window${before}.`,
  ].filter((sentence) => sentence !== "");
}

/**
 * The explanation of an event. That of a bag has one member, whose value is the current one; a long one is only a digest there, but the
 * payload has it whole.
 */
export function shownExplanation(event: AttributionEvent): Explanation | undefined {
  const { payload } = event;
  const explanation = stateExplanation(event);
  if (explanation?.rule !== BAG_RULE) return explanation;
  const value = payload.current_value;
  return { ...explanation, recent: explanation.recent.map((member) => ({ ...member, value })) };
}

/** A member of a window, and whether it is new in it. */
export interface WindowMember extends Member {
  readonly window: "recent" | "older";
  readonly isNew: boolean;
}

/** The members of both windows of an explanation, newest first. */
export function windowMembers({ entered, recent, older }: Explanation): WindowMember[] {
  const keys = new Set(entered.map(({ evidence_ref, attacker_uuid }) => `${attacker_uuid} ${evidence_ref}`));
  const of = (members: readonly Member[], window: WindowMember["window"]) =>
    members.map((member) => ({
      ...member,
      window,
      isNew: keys.has(`${member.attacker_uuid} ${member.evidence_ref}`),
    }));
  return [...of(older, "older"), ...of(recent, "recent")].toReversed();
}

/** An event in one line of words. */
export function eventWords({ type, payload }: AttributionEvent): string {
  if (payload.new_state !== undefined) {
    const now = STATE_WORDS[payload.new_state];
    const before = payload.old_state ? STATE_WORDS[payload.old_state] : null;
    return before === null ? `first state: ${now}` : `${before} → ${now}`;
  }
  if (type === "profile.multi_actor_suspected") {
    return `several actors suspected: ${payload.primitives?.join(", ") ?? ""}`;
  }
  const evidence = evidenceEventWords(type, payload);
  if (evidence !== null) return evidence;
  if (type === "merged") return `${shortUuid(payload.loser_uuid ?? "")} was merged in`;
  if (type === "unmerged") return `taken out of ${shortUuid(payload.from_uuid ?? "")} again`;
  if (type === "formed") return "identity formed";
  return type;
}

/** An event about evidence in one line of words; null for other events. */
function evidenceEventWords(type: string, payload: AttributionEvent["payload"]): string | null {
  const { primitive = "", before = null, after = null, e = 0, effect = null } = payload;
  switch (type) {
    case "evidence.changed":
      return `proven change: ${changeWords(primitive, { before, after, e, effect })}`;
    case "evidence.withdrawn":
      return "a proven change no longer stands, because the observations that it came from have changed";
    case "evidence.operators":
      return `operators: ${payload.old_estimate ?? 1} → ${payload.estimate ?? 1}, told apart in ${counted(payload.sessions ?? 0, "session")}`;
    default:
      return null;
  }
}

/** Why an event about evidence was published; null for other events. */
export function evidenceWhyWords({ type, payload }: AttributionEvent): string | null {
  const { e = 0, since_ts: sinceTs, gain = null, needed = null, estimate = 1 } = payload;
  if (type === "evidence.changed") {
    const began = sinceTs === undefined ? "" : ` It most likely began ${exactTime(sinceTs)}.`;
    return `With this observation E reached ${eWords(e)}; a series that never changes reaches that in at most 1 of ${eWords(Math.max(1, e))} cases.${began}`;
  }
  if (type !== "evidence.operators" || gain === null || needed === null) return null;
  return estimate === 1
    ? `Several operators no longer explain the sessions well enough: a gain of ${shortNumber(gain)}, where ${shortNumber(needed)} is needed.`
    : `A gain of ${shortNumber(gain)} in log-likelihood, where ${shortNumber(needed)} is needed; the last session is of operator ${payload.active ?? 0}.`;
}

function agreement({ recent, statistic, threshold }: Explanation): string {
  const agreeing = Math.round(statistic * recent.length);
  const needed = Math.round(threshold * recent.length);
  return `${agreeing} of the latest ${recent.length} observations agree; ${needed} are needed.`;
}

function cameIn(explanation: Explanation): string {
  const values = windowMembers(explanation)
    .filter(({ isNew }) => isNew)
    .map(({ value }) => shortValue(value))
    .toReversed();
  if (values.length === 0) return "";
  const shown = values.slice(-NAMED).join(", ");
  return `Came in: ${values.length > NAMED ? `…, ${shown}` : shown}.`;
}
