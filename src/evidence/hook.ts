/**
 * Follows the series of an identity inside its decisions. What stands of a series is what its stored observations give from nothing; what
 * is kept only saves time.
 */
import type { FollowedIdentity, FollowedSeries, SeriesHook } from "../core/index.ts";
import type { ChangeKind, SipKey } from "./change/index.ts";
import { type EvidenceConstants, PRIMITIVES_PER_IDENTITY } from "./constants.ts";
import { EvidenceRun } from "./hook-run.ts";
import {
  type ChangeView,
  describeSeriesBy,
  pathOfBy,
  type PathWalk,
  readFigures,
  type Rules,
  rulesOf,
  type SeriesAsOf,
  seriesAsOfBy,
  type Words,
} from "./series/index.ts";

/** What evidence depends on besides the observations and the policy. */
export interface EvidenceInputs {
  readonly constants: EvidenceConstants;
  /** Of the secret. */
  readonly key: SipKey;
  /** Null: commands are switched off. */
  readonly words: Words | null;
}

/** The hook that follows series by evidence. */
export function evidenceHook(inputs: EvidenceInputs): SeriesHook {
  const rules = rulesIn(inputs);
  return {
    begin: (work) => new EvidenceRun(work, rules, inputs.words),
    summarizeSeries,
    summarizeIdentity,
  };
}

/** One item of `change` of the API; null if nothing is known of the series. */
export function describeSeries(
  primitive: string,
  kind: ChangeKind,
  kept: Uint8Array | null,
  entries: readonly string[],
  inputs: EvidenceInputs,
): ChangeView | null {
  return describeSeriesBy(rulesIn(inputs), primitive, kind, kept, entries);
}

/**
 * The same at an earlier time.
 * @param asOfTs - epoch seconds; the members up to it are passed to `take`, in series order
 */
export function seriesAsOf(
  primitive: string,
  kind: ChangeKind,
  kept: Uint8Array | null,
  entries: readonly string[],
  inputs: EvidenceInputs,
  asOfTs: number,
): SeriesAsOf {
  return seriesAsOfBy(rulesIn(inputs), primitive, kind, kept, entries, asOfTs);
}

/**
 * E over time: all members of the series are passed to `take`, in series order.
 * @param most - observations of the path at most, the newest
 */
export function pathOf(
  primitive: string,
  kind: ChangeKind,
  kept: Uint8Array | null,
  inputs: EvidenceInputs,
  most: number,
): PathWalk {
  return pathOfBy(rulesIn(inputs), primitive, kind, kept, most);
}

/**
 * The E of an identity: the sum over its series, shared by the primitives that have the error rate in common.
 * @param es - of its series, in ASCII order of the primitives; only the first 32 count
 * @example evidenceE([3200, 1, 1]) // 100.0625
 */
export function evidenceE(es: readonly number[]): number {
  let sum = 0;
  for (const e of es.slice(0, PRIMITIVES_PER_IDENTITY)) sum += e;
  return sum / PRIMITIVES_PER_IDENTITY;
}

/** What the read model holds of a series. @param kept - what is kept for it */
export function summarizeSeries(kept: Uint8Array): FollowedSeries | null {
  const figures = readFigures(kept);
  return figures && { e: figures.e, changedSinceTs: figures.changedSinceTs };
}

/** What the read model holds of an identity. @param series - what is kept for each, in ASCII order of the primitives */
export function summarizeIdentity(
  keptOfIdentity: string | null,
  series: readonly Uint8Array[],
): FollowedIdentity {
  const es: number[] = [];
  let changedTs: number | null = null;
  for (const kept of series) {
    const figures = readFigures(kept);
    if (figures === null) continue;
    es.push(figures.e);
    if (figures.changedTs !== null) changedTs = Math.max(changedTs ?? -Infinity, figures.changedTs);
  }
  return { e: evidenceE(es), changedTs, operators: publishedOperators(keptOfIdentity) };
}

/** The last published estimate of the number of operators; 1 if there is none. @param keptOfIdentity - JSON */
export function publishedOperators(keptOfIdentity: string | null): number {
  if (keptOfIdentity === null) return 1;
  const { operators }: { readonly operators: number } = JSON.parse(keptOfIdentity);
  return operators;
}

/** The last rules by constants: they are digests, so they are made once. */
const rulesCache = new WeakMap<EvidenceConstants, Rules>();

function rulesIn({ constants, key }: EvidenceInputs): Rules {
  const known = rulesCache.get(constants);
  if (known?.key === key) return known;
  const rules = rulesOf(constants, key);
  rulesCache.set(constants, rules);
  return rules;
}
