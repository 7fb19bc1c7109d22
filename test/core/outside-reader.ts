/**
 * Recomputes the state of an event from the event and the constants alone. It is written from the contract and shares no code
 * with the core. If the two differ, one of them does not follow the contract.
 */
import { z } from "zod";
import type { State } from "../../src/core/index.ts";
import type { Thresholds } from "../../src/core/thresholds.ts";

const key = z.strictObject({ evidence_ref: z.string(), attacker_uuid: z.string() });
const member = z.strictObject({ ...key.shape, value: z.json(), ts: z.number() });

/** A `state_changed` event in its wire form. */
export const stateChangedEvent = z.object({
  seq: z.number(),
  payload: z.object({
    old_state: z.string().nullable(),
    new_state: z.string(),
    current_value: z.json(),
    confidence: z.number(),
  }),
  explanation: z.strictObject({
    rule: z.string(),
    recent: z.array(member),
    older: z.array(member),
    distinct: z.number().optional(),
    entered: z.array(key),
    left: z.array(key),
    statistic: z.number(),
    threshold: z.number(),
    margin: z.number(),
  }),
});

export type ReadEvent = z.infer<typeof stateChangedEvent>;
type Explanation = ReadEvent["explanation"];
type Value = Explanation["recent"][number]["value"];

/** The recomputed state. `value` is the current value or its digest. */
export interface Finding {
  readonly state: State;
  readonly confidence: number;
  readonly value: Value;
  readonly statistic: number;
  readonly threshold: number;
}

/** Recomputes a state from an explanation and the constants alone. */
export function recomputeFrom(explanation: Explanation, t: Thresholds): Finding {
  if (explanation.distinct !== undefined) return ofHashes(explanation, explanation.distinct, t);
  if (explanation.rule === "bag_has_no_state") {
    const value = explanation.recent.at(-1)?.value ?? "unknown";
    return { state: "unknown", confidence: 0, value, statistic: 0, threshold: 0 };
  }
  const informative = explanation.recent.length + explanation.older.length;
  if (informative < t.minimumObservations) {
    const value = explanation.recent.at(-1)?.value ?? "unknown";
    return {
      state: "unknown",
      confidence: 0,
      value,
      statistic: informative,
      threshold: t.minimumObservations,
    };
  }
  const isNumeric = /^(variation|mean)_/.test(explanation.rule);
  return isNumeric ? ofNumbers(explanation, t) : ofTokens(explanation, t);
}

function ofHashes({ recent }: Explanation, distinct: number, t: Thresholds): Finding {
  const rotations = distinct - 1;
  let state: State = rotations > t.hashDriftRotations ? "conflicted" : "drifting";
  if (rotations === 0) state = "stable";
  return {
    state,
    confidence: 1 / distinct,
    value: recent.at(-1)?.value ?? null,
    statistic: rotations,
    threshold: rotations === 0 ? 0 : t.hashDriftRotations,
  };
}

function numbersOf(members: Explanation["recent"]): number[] {
  return members.map(({ value }) => (typeof value === "boolean" ? Number(value) : z.number().parse(value)));
}

function mean(values: readonly number[], alpha: number): number {
  return values.reduce((s, v) => alpha * v + (1 - alpha) * s);
}

function ofNumbers({ recent, older }: Explanation, t: Thresholds): Finding {
  const values = numbersOf(recent);
  const now = mean(values, t.numericEwmaAlpha);
  const deviation = Math.sqrt(values.map((v) => (v - now) ** 2).reduce((a, b) => a + b, 0) / values.length);
  let cv = deviation / Math.abs(now);
  if (now === 0) cv = deviation === 0 ? 0 : 1e9;
  const byVariation = { value: now, statistic: cv, threshold: t.numericConflictCv };
  if (cv > t.numericConflictCv) return { state: "conflicted", confidence: 0.5, ...byVariation };
  const confidence = Math.max(0, 1 - Math.min(cv, 1));
  if (older.length === 0) return { state: "stable", confidence, ...byVariation };
  const before = mean(numbersOf(older), t.numericEwmaAlpha);
  const shift = Math.abs(now - before) / (Math.abs(before) || 1);
  const state = shift >= t.numericDriftShift ? "drifting" : "stable";
  return { state, confidence, value: now, statistic: shift, threshold: t.numericDriftShift };
}

/** The most frequent token and its count; of equally frequent tokens the last one. */
function most(tokens: readonly string[]): { token: string; count: number } {
  const counted = tokens.map((token) => ({ token, count: tokens.filter((other) => other === token).length }));
  const highest = Math.max(...counted.map(({ count }) => count));
  return { token: counted.findLast(({ count }) => count === highest)?.token ?? "", count: highest };
}

function ofTokens({ recent, older }: Explanation, t: Thresholds): Finding {
  const tokens = recent.map(({ value }) => JSON.stringify(value));
  const r = tokens.length;
  const top = most(tokens);
  const share = { statistic: top.count / r, threshold: Math.min(t.categoricalMajority, r) / r };
  const last = recent.at(-1)?.value ?? null;
  if (share.statistic >= share.threshold) {
    const before = older.map(({ value }) => JSON.stringify(value));
    const topBefore = most(before);
    const isNew = before.length > 0 && topBefore.token !== top.token;
    const wasUnclear = before.length > 0 && topBefore.count < Math.min(t.categoricalMajority, before.length);
    const value: Value = z.json().parse(JSON.parse(top.token));
    return {
      state: isNew || wasUnclear ? "drifting" : "stable",
      confidence: share.statistic,
      value,
      ...share,
    };
  }
  const flips = tokens.filter((token, i) => i > 0 && token !== tokens[i - 1]).length;
  const needed = 2 * Math.max(r - 1 - flips, 1);
  if (r >= 4 && new Set(tokens).size === 2 && flips >= needed) {
    const confidence = Math.min(share.statistic, t.multiActorConfidenceCap);
    return { state: "multi_actor", confidence, value: last, statistic: flips, threshold: needed };
  }
  return { state: "conflicted", confidence: share.statistic, value: last, ...share };
}
