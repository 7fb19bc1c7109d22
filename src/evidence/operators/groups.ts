/** What each operator's sessions have in common, as the API gives it. */
import type { JsonValue } from "../../core/index.ts";
import { OPERATORS } from "../constants.ts";
import type { Session } from "../sessions.ts";
import { numericSummary, sharesOf, sharesSummary, type Summary } from "../statistics.ts";
import type { OperatorModel } from "./estimate.ts";
import { informative, type Kinds, kindOf, numberOf } from "./traits.ts";

/** The sessions of one operator. */
export interface OperatorGroup {
  readonly operator: number;
  readonly sessions: number;
  /** Of all sessions that were looked at, 0–1. */
  readonly share: number;
  /** Start of the first session and greatest end of a session, epoch seconds. */
  readonly first_ts: number;
  readonly last_ts: number;
  /** The values of each trait that has one, by primitive in the order of their names. */
  readonly values: Readonly<Record<string, Summary>>;
}

/**
 * The groups of an estimate, by number.
 * @param sessions - those that the model was made from, in the same order; only the last `OPERATORS.sessions` are looked at
 * @param kinds - the same as for the model
 */
export function groupsOf(
  { path }: Pick<OperatorModel, "path">,
  sessions: readonly Session[],
  kinds: Kinds,
): OperatorGroup[] {
  const last = sessions.slice(-OPERATORS.sessions);
  const groups = new Map<number, Session[]>();
  for (const [i, session] of last.entries()) {
    const operator = path[i] ?? 0;
    const group = groups.get(operator);
    if (group) group.push(session);
    else groups.set(operator, [session]);
  }
  return [...groups]
    .toSorted(([a], [b]) => a - b)
    .map(([operator, own]) => ({
      operator,
      sessions: own.length,
      share: own.length / last.length,
      first_ts: own.reduce((ts, { startTs }) => Math.min(ts, startTs), Infinity),
      last_ts: own.reduce((ts, { endTs }) => Math.max(ts, endTs), -Infinity),
      values: summariesOf(own, kinds),
    }));
}

function summariesOf(sessions: readonly Session[], kinds: Kinds): Record<string, Summary> {
  const texts = new Map<string, string[]>();
  for (const { values } of sessions) {
    for (const [primitive, value] of Object.entries(values)) {
      const text = informative(primitive, value, kinds);
      if (text === null) continue;
      const known = texts.get(primitive);
      if (known) known.push(text);
      else texts.set(primitive, [text]);
    }
  }
  const sorted = [...texts].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    sorted.map(([primitive, of]) => [primitive, summaryOf(kindOf(primitive, kinds), of)]),
  );
}

function summaryOf(kind: ReturnType<typeof kindOf>, texts: readonly string[]): Summary {
  if (kind === "numeric") return numericSummary(Float64Array.from(texts, numberOf), texts.length);
  return sharesSummary(sharesOf(texts), texts.length, parseValue);
}

function parseValue(text: string): JsonValue {
  const value: JsonValue = JSON.parse(text);
  return value;
}
