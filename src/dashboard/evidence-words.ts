/** Evidence of changes in plain words: how far E is, what a change changed, and what the header of an identity says. Pure. */
import { FEWEST_TO_NOTE, NOTED_AT, OPERATORS } from "../evidence/constants.ts";
import { quantityOf } from "./domains.ts";
import type { Evidence, Operators, ProvenChange, SeriesEvidence, ValueSummary } from "./schemas.ts";
import { amountWords, counted, dateWords, shareWords, shortNumber, shortValue } from "./words.ts";

/** Changes that a header tells one by one. */
const TOLD = 3;
/** Changes that began within this time of one another are told together, seconds. */
const TOGETHER_SECS = 86_400;

const two = new Intl.NumberFormat("en", { maximumSignificantDigits: 2 });
const compact = new Intl.NumberFormat("en", {
  notation: "compact",
  compactDisplay: "long",
  maximumSignificantDigits: 2,
});

/** An E with two significant digits. @example eWords(5_432) // "5,400" */
export function eWords(e: number): string {
  if (e > 0 && e < 0.001) return "under 0.001";
  return (e < 1e6 ? two : compact).format(e);
}

/** What an identity's E says, beside it. */
export const E_WORDS =
  "Evidence that behaviour has changed: the sum over its primitives, divided by 32. Of identities that never change, at most 1 % ever reach 100.";

/** How far the evidence of a primitive is. */
export type EvidenceLevel = "few" | "none" | "noted" | "changed";

/** The level of an E by itself. @param e - 0 or more @param threshold - E from which a change is proven */
export function levelOf(e: number, threshold: number): "none" | "noted" | "changed" {
  return e >= threshold ? "changed" : e >= NOTED_AT ? "noted" : "none";
}

/** Part of a sentence: text, or words that stand for a primitive or a time. */
export type Part =
  | string
  | { readonly primitive: string; readonly words: string }
  | { readonly ts: number; readonly words: string };
export type Sentence = readonly Part[];

/**
 * What changed, without its primitive; nothing after an erasure.
 * @example shiftWords({ count: 9, median: 140, … }, { count: 9, median: 230, … }, "ms") // "went from 140 to 230 ms"
 */
export function shiftWords(before: ValueSummary | null, after: ValueSummary | null, unit: string): string {
  if (before === null || after === null) return "changed; its values have been erased";
  if ("median" in before && "median" in after) {
    if (before.median === null || after.median === null) return "changed";
    const [from, to] = [shortNumber(before.median), shortNumber(after.median)];
    const measured = amountWords(after.median, unit);
    return from === to ? `spreads differently around ${measured}` : `went from ${from} to ${measured}`;
  }
  if ("shares" in before && "shares" in after) return sharesWords(before.shares, after.shares);
  return "changed";
}

type Shares = readonly { readonly value: unknown; readonly share: number }[];

/** The value whose share fell most and the one whose share rose most. */
function sharesWords(before: Shares, after: Shares): string {
  const moves = new Map<string, { value: unknown; from: number; to: number }>();
  for (const { value, share } of before) moves.set(JSON.stringify(value), { value, from: share, to: 0 });
  for (const { value, share } of after) {
    const known = moves.get(JSON.stringify(value));
    if (known) known.to = share;
    else moves.set(JSON.stringify(value), { value, from: 0, to: share });
  }
  const ordered = [...moves.values()].toSorted((a, b) => a.to - a.from - (b.to - b.from));
  const [fell, rose] = [ordered[0], ordered.at(-1)];
  if (!fell || !rose) return "changed";
  const words = ({ value, from, to }: typeof fell) =>
    `\`${shortValue(value, 32)}\` went from ${shareWords(from)} to ${shareWords(to)}`;
  if (fell.to >= fell.from) return words(rose);
  return rose === fell || rose.to <= rose.from ? words(fell) : `${words(fell)}, ${words(rose)}`;
}

type Shift = Pick<ProvenChange, "before" | "after">;

/** What changed, as it stands behind the name of its primitive. @example ": `typed` went from 90 % to 10 %" */
function shiftBehindName(primitive: string, { before, after }: Shift): string {
  const shift = shiftWords(before, after, quantityOf(primitive).unit);
  return `${shift.startsWith("`") ? ":" : ""} ${shift}`;
}

/** A change of a primitive as the rest of a sentence. @example "input modality: `typed` went from 90 % to 10 % (E = 5,400)" */
function changeParts(primitive: string, change: Shift & Pick<ProvenChange, "e">): Sentence {
  const { name } = quantityOf(primitive);
  return [{ primitive, words: name }, `${shiftBehindName(primitive, change)} (E = ${eWords(change.e)})`];
}

/** What a header says of an identity's evidence. */
export interface Story {
  /** The strongest of what is said. */
  readonly level: EvidenceLevel;
  readonly sentences: readonly Sentence[];
}

/** @param nowTs - epoch seconds; dates of another year carry it */
export function storyOf(evidence: Evidence, nowTs: number): Story {
  const { change } = evidence;
  const date = (ts: number): Part => ({ ts, words: dateWords(ts, nowTs) });
  const most = change.reduce((count, { observations }) => Math.max(count, observations), 0);
  const latest = latestChanges(change);
  const noted = change.filter(({ noted_ts: ts, e }) => ts !== null && e !== null);
  const sentences: Sentence[] = [];
  const [first] = latest;
  if (first) {
    const told = latest
      .slice(0, TOLD)
      .flatMap(({ primitive, found }, i) => [...(i > 0 ? ["; "] : []), ...changeParts(primitive, found)]);
    const rest = latest.length > TOLD ? [`; and ${counted(latest.length - TOLD, "more primitive")}`] : [];
    sentences.push(["Changed on ", date(first.found.since_ts), ": ", ...told, ...rest, "."]);
  }
  for (const each of noted.slice(0, TOLD)) sentences.push(notedSentence(each, date));
  if (noted.length > TOLD) {
    sentences.push([`A change of ${counted(noted.length - TOLD, "more primitive")} is likely as well.`]);
  }
  if (noted.length === 0) {
    const calm = calmSentence(evidence, first?.found.since_ts ?? null, most, date);
    if (calm !== null) sentences.push(calm);
  }
  const { estimate } = evidence.operators;
  if (estimate > 1) sentences.push([`Its sessions are best explained by ${estimate} operators.`]);
  const level = first ? "changed" : noted.length > 0 ? "noted" : most < FEWEST_TO_NOTE ? "few" : "none";
  return { level, sentences };
}

/** The last proven changes, those that began together; the strongest first. */
function latestChanges(change: readonly SeriesEvidence[]) {
  const all = change.flatMap(({ primitive, changes }) => {
    const found = changes.at(-1);
    return found === undefined ? [] : [{ primitive, found }];
  });
  const lastTs = all.reduce((ts, { found }) => Math.max(ts, found.since_ts), -Infinity);
  return all
    .filter(({ found }) => found.since_ts >= lastTs - TOGETHER_SECS)
    .toSorted((a, b) => b.found.e - a.found.e);
}

function notedSentence(
  { primitive, likeliest_ts: likeliestTs, noted_ts: notedTs, e, threshold }: SeriesEvidence,
  date: (ts: number) => Part,
): Sentence {
  const about = likeliestTs === null ? [] : [" on about ", date(likeliestTs)];
  const reached =
    (e ?? 0) < NOTED_AT && notedTs !== null ? ["; it reached ", `${NOTED_AT} on `, date(notedTs)] : [];
  return [
    "A change of ",
    { primitive, words: quantityOf(primitive).name },
    ...about,
    ` is likely but not proven (E = ${eWords(e ?? 0)} of ${threshold.toLocaleString("en")}`,
    ...reached,
    ").",
  ];
}

/** @param changedTs - start of the last change, or null without any @param most - observations of a regime at most */
function calmSentence(
  evidence: Evidence,
  changedTs: number | null,
  most: number,
  date: (ts: number) => Part,
): Sentence | null {
  const starts = evidence.change.flatMap(({ regime_since_ts: ts }) => ts ?? []);
  const sinceTs = changedTs ?? Math.min(...starts);
  if (!Number.isFinite(sinceTs)) return null;
  if (most < FEWEST_TO_NOTE) {
    const seen = counted(most, "observation");
    return changedTs === null
      ? [
          `Too few observations to tell whether anything changed: ${seen} of a primitive at most, ${FEWEST_TO_NOTE} are needed.`,
        ]
      : [
          `Since then too few observations to tell more: ${seen} of a primitive at most, ${FEWEST_TO_NOTE} are needed.`,
        ];
  }
  const sessions = sessionsSince(evidence.operators, sinceTs, most);
  return changedTs === null
    ? ["Has behaved alike since ", date(sinceTs), `, ${sessions}.`]
    : [`Has behaved alike since then, ${sessions}.`];
}

/** The sessions from a time on. Only the last ones are known, so there may be more. @param most - observations of a regime at most */
function sessionsSince({ assignment }: Operators, sinceTs: number, most: number): string {
  const known = assignment.filter(({ end_ts: ts }) => ts >= sinceTs).length;
  const isAll = known < assignment.length || assignment.length < OPERATORS.sessions;
  if (isAll && known > 0) return counted(known, "session");
  const observed = `${counted(most, "observation")} of a primitive`;
  return known === 0 ? observed : `at least ${counted(known, "session")} (${observed})`;
}

/** A change of a primitive as a sentence, with its effect. @example "beacon interval went from 60,000 to 90,000 ms (median +50 %, E = 5,400)." */
export function changeWords(primitive: string, change: Shift & Pick<ProvenChange, "e" | "effect">): string {
  const { before, e, effect } = change;
  const effectText = effect === null ? "" : `${effectWords(before, effect)}, `;
  return `${quantityOf(primitive).name}${shiftBehindName(primitive, change)} (${effectText}E = ${eWords(e)}).`;
}

/** How large a change is. @param summary - tells numbers from other values */
function effectWords(summary: ValueSummary | null, effect: number): string {
  if (summary !== null && "median" in summary) {
    const percent = Math.round(effect * 100);
    return `median ${percent > 0 ? "+" : percent < 0 ? "−" : "±"}${Math.abs(percent).toLocaleString("en")} %`;
  }
  return `${shareWords(effect)} of the values differ`;
}
