/** Where the rule that decides a state and the evidence of the whole series disagree: one sentence that says why. Pure. */
import { FEWEST_TO_NOTE, NOTED_AT } from "../evidence/constants.ts";
import { eWords } from "./evidence-words.ts";
import { ROTATION_RULES, WINDOW } from "./series.ts";
import type { Explanation, SeriesEvidence, State } from "./schemas.ts";
import { counted, dateWords } from "./words.ts";

/** A change is recent if it was found at most this long before the last observation, seconds. */
const RECENT_SECS = 30 * 86_400;

/** What the rule says of a primitive, and what it looked at. */
export interface RuleView {
  readonly state: State;
  /** When the state was last changed, and the last observation; epoch seconds. */
  readonly lastChangeTs: number;
  readonly lastObservationTs: number;
  /** Of the last transition; null if it is not known. */
  readonly explanation: Explanation | null;
}

/**
 * Why rule and evidence disagree, or null if they agree or one of them can't tell yet.
 * @param estimate - operators of the identity, or null if that is not known
 * @param nowTs - epoch seconds; dates of another year carry it
 */
export function disagreementOf(
  rule: RuleView,
  evidence: SeriesEvidence,
  estimate: number | null,
  nowTs: number,
): string | null {
  const { e, observations, threshold, likeliest_ts: likeliestTs, noted_ts: notedTs, changes } = evidence;
  const total =
    observations +
    changes.reduce((sum, { before, after }) => sum + (before?.count ?? 0) + (after?.count ?? 0), 0);
  if (e === null || rule.state === "unknown" || total < FEWEST_TO_NOTE) return null;
  const last = changes.at(-1);
  const isRecent = last !== undefined && last.ts >= rule.lastObservationTs - RECENT_SECS;
  const isNoted = notedTs !== null;
  const looked = lookedAt(rule, total);
  if (rule.state === "stable") {
    if (isNoted) {
      const about = likeliestTs === null ? "" : ` around ${dateWords(likeliestTs, nowTs)}`;
      return `${looked}, and among those nothing moved enough to count. Over all ${counted(observations, "observation")} a change${about} is likely but not proven (E = ${eWords(e)} of ${threshold.toLocaleString("en")}).`;
    }
    if (!isRecent) return null;
    const change = `that began on ${dateWords(last.since_ts, nowTs)}`;
    const after = (last.after?.count ?? 0) + observations;
    return after >= 2 * WINDOW
      ? `${looked}; all of them came after the change ${change}, and they agree with one another. Evidence compares all ${total.toLocaleString("en")} (E = ${eWords(last.e)}).`
      : `${looked}, and among those nothing moved enough to count. Evidence compares all ${total.toLocaleString("en")}, and proves a change ${change} (E = ${eWords(last.e)}).`;
  }
  // A change that was found after the state last turned is what the rule saw as well.
  if (isNoted || (last !== undefined && last.ts >= rule.lastChangeTs && isRecent)) {
    return null;
  }
  if (observations < FEWEST_TO_NOTE) return null;
  const since =
    last === undefined
      ? `all ${counted(observations, "observation")}`
      : `the ${counted(observations, "observation")} since the change on ${dateWords(last.since_ts, nowTs)}`;
  const over = `${looked}. Over ${since}, ${chanceWords(e)}`;
  if (estimate === null) return over;
  if (estimate > 1) {
    return `${over} Taking turns is no change: the sessions are best explained by ${estimate} operators.`;
  }
  return rule.state === "multi_actor"
    ? `${over} Nor do the sessions tell several operators apart: one who alternates looks the same to the rule.`
    : over;
}

/** What the rule looked at. */
function lookedAt({ explanation }: RuleView, total: number): string {
  if (explanation === null) return "The rule looks at the newest observations only";
  if (ROTATION_RULES.has(explanation.rule)) return "The rule counts the values of the last day only";
  return `The rule looks at the last ${counted(Math.min(total, 2 * WINDOW), "observation")}`;
}

/** What an E that is not noted says. */
function chanceWords(e: number): string {
  if (e <= 1) return `nothing speaks for a change (E = ${eWords(e)}).`;
  const often = e < 2 ? "most series" : `up to 1 of ${Math.floor(Math.min(e, NOTED_AT))} series`;
  return `the values are what one sees in ${often} that never change (E = ${eWords(e)}).`;
}
