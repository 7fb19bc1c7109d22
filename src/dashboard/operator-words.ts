/** How many operators share an identity, in plain words with the reason, and its sessions ready to be drawn. Pure. */
import { OPERATORS } from "../evidence/constants.ts";
import { quantityOf } from "./domains.ts";
import type { Evidence, Operators, ValueSummary } from "./schemas.ts";
import {
  amountWords,
  counted,
  duration,
  exactTime,
  shareWords,
  shortNumber,
  shortUuid,
  shortValue,
} from "./words.ts";

/** Values of an operator that are told. */
const TOLD_VALUES = 3;
/** Greatest p of commands that count as unusual: such sessions are not learnt once enough are. */
const UNUSUAL_P = 0.05;

const NUMBERS = ["No", "One", "Two", "Three"];

/** The estimate in words, and why. */
export interface EstimateWords {
  readonly estimate: string;
  readonly why: string;
}

/** @example estimateWords(operators).estimate // "Two operators" */
export function estimateWords(operators: Operators): EstimateWords {
  const { estimate, sessions, gain, needed, active } = operators;
  if (sessions === 0)
    return { estimate: "No sessions yet", why: "Operators are told apart by their sessions." };
  if (gain === null || needed === null) {
    return sessions < OPERATORS.fewest
      ? {
          estimate: "Taken as one operator",
          why: `${counted(sessions, "session")}, of ${OPERATORS.fewest} that are needed to tell operators apart.`,
        }
      : {
          estimate: "One operator",
          why: `Nothing that would tell several apart differs in ${allOf(sessions)}.`,
        };
  }
  const numbers = `gain in log-likelihood ${signed(round(gain))}, where ${shortNumber(round(needed))} is needed`;
  if (estimate === 1) {
    return {
      estimate: "One operator",
      why:
        gain < needed
          ? `One explains ${allOf(sessions)} as well as several would (${numbers}).`
          : `Several would explain ${allOf(sessions)} better (${numbers}), but they do not come back often enough or lie too close together.`,
    };
  }
  const switches = switchesOf(operators);
  return {
    estimate: `${NUMBERS[estimate] ?? estimate} operators`,
    why:
      `${capitalized(allOf(sessions))} are better explained by ${estimate} than by fewer (${numbers}). ` +
      `From one session to the next the operator changes ${counted(switches, "time")}` +
      (active === null ? "." : `; the last session is of operator ${active}.`),
  };
}

function allOf(sessions: number): string {
  return sessions === 1
    ? "the only session"
    : `${sessions < OPERATORS.sessions ? "all" : "the last"} ${sessions} sessions`;
}

function signed(value: number): string {
  return shortNumber(value).replace("-", "−");
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** How often the operator changes from one session to the next. */
export function switchesOf({ assignment }: Operators): number {
  return assignment.filter(({ operator }, i) => i > 0 && assignment[i - 1]?.operator !== operator).length;
}

/** The values that tell an operator from the others, in words; those that differ most come first. */
export function habitsOf({ groups }: Operators, operator: number): string[] {
  const own = groups.find((group) => group.operator === operator);
  if (!own) return [];
  const others = groups.filter((group) => group !== own);
  return Object.entries(own.values)
    .map(([primitive, summary]) => ({
      words: `${quantityOf(primitive).name} ${typicalOf(primitive, summary)}`,
      distance: others.reduce((sum, { values }) => sum + distanceOf(summary, values[primitive]), 0),
    }))
    .toSorted((a, b) => b.distance - a.distance)
    .slice(0, TOLD_VALUES)
    .map(({ words }) => words);
}

function typicalOf(primitive: string, summary: ValueSummary): string {
  if ("median" in summary) {
    return summary.median === null ? "–" : amountWords(summary.median, quantityOf(primitive).unit);
  }
  const [top] = summary.shares;
  return top === undefined ? "–" : `\`${shortValue(top.value, 24)}\` ${shareWords(top.share)}`;
}

/** How far two summaries lie apart, 0 to 1; only for an order of what is told. */
function distanceOf(a: ValueSummary, b: ValueSummary | undefined): number {
  if (b === undefined) return 0;
  if ("median" in a && "median" in b) {
    if (a.median === null || b.median === null) return 0;
    const most = Math.max(Math.abs(a.median), Math.abs(b.median));
    return most === 0 ? 0 : Math.min(1, (2 * Math.abs(a.median - b.median)) / most);
  }
  if (!("shares" in a) || !("shares" in b)) return 0;
  const others = new Map(b.shares.map(({ value, share }) => [JSON.stringify(value), share]));
  return (
    1 -
    a.shares.reduce(
      (sum, { value, share }) => sum + Math.min(share, others.get(JSON.stringify(value)) ?? 0),
      0,
    )
  );
}

/** How foreign the commands of the last session are; null if nothing is known of commands. */
export function commandsWords(commands: Evidence["commands"]): string | null {
  if (commands === null || commands.last === null) return null;
  const { score, p } = commands.last;
  if (score === null || p === null) {
    return `Too few sessions with commands (${commands.sessions}) to say how usual the last one is.`;
  }
  const usual = p <= UNUSUAL_P ? "unusual" : "as usual";
  return `The commands of the last session are ${usual} for this identity (p = ${pWords(p)}, score ${shortNumber(Math.round(score * 100) / 100)}).`;
}

function pWords(p: number): string {
  return p < 0.01 ? "under 0.01" : p.toFixed(2);
}

/** A session in words. @param place - from 0, the oldest */
export function sessionWords({ assignment }: Operators, place: number): string {
  const session = assignment[place];
  if (!session) return "";
  const { start_ts: startTs, end_ts: endTs, operator, probability, attacker_uuid: attackerUuid } = session;
  const lasted = endTs - startTs < 60 ? "" : `, ${duration(endTs - startTs)}`;
  return `Session ${place + 1} of ${assignment.length}, ${exactTime(startTs)}${lasted}: operator ${operator}, probability ${shareWords(probability)}, attacker ${shortUuid(attackerUuid)}`;
}
