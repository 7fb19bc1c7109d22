/**
 * Totals for the overview: counted now and then, and moved on in between by the events that come. What is small enough is
 * counted afresh at every load. Pure; leaves reading and storing to store.ts.
 */
import { z } from "zod";
import { type State, STATES } from "../core/index.ts";
import { stateCounts } from "../storage/index.ts";
import type { EventSums, Turn } from "./event-sums.ts";

/** Totals as they are shown; null where a total is not known yet. */
export interface OverviewTotals {
  readonly observations: number;
  readonly attackers: number | null;
  /** Without those that are merged away. */
  readonly identities: number | null;
  readonly events: number | null;
  /** Primitives of all identities, by state. */
  readonly states: Readonly<Record<State, number>> | null;
  /** Observations that wait for their attacker to be registered. */
  readonly deferred: number | null;
  readonly deadLetters: number | null;
  /** Events that could not be published at the last attempt. */
  readonly outboxPending: number | null;
  readonly evidence: EvidenceCounts | null;
}

/** Identities by evidence. */
export interface EvidenceCounts {
  /** With states, and without a proven change that stands. */
  readonly unchanged: number;
  readonly changedWithinDay: number;
  readonly severalOperators: number;
}

const count = z.number();

/** Totals as they are stored. */
export const storedTotals = z.object({
  observations: count,
  attackers: count,
  identities: count,
  events: count,
  states: stateCounts,
  deferred: count,
  deadLetters: count,
  outboxPending: count,
  // Absent in what was stored before identities were counted by evidence.
  evidence: z
    .object({ unchanged: count, changedWithinDay: count, severalOperators: count })
    .nullable()
    .default(null),
});
export type StoredTotals = z.infer<typeof storedTotals>;

/** Counts of the tables that have few rows; null for a table with more. */
export type SmallCounts = {
  readonly [K in Exclude<keyof StoredTotals, "observations">]: StoredTotals[K] | null;
};

/** Totals after further events: what only a count can tell stays as it is until the next one. */
export function advanceTotals(totals: StoredTotals, { eventCount, turns }: EventSums): StoredTotals {
  return { ...totals, events: totals.events + eventCount, states: turnStates(totals.states, turns) };
}

/** Totals of one database: small tables as counted now, the others as stored and moved on. */
export function combineTotals(
  observations: number,
  small: SmallCounts,
  stored: StoredTotals | null,
  newer: EventSums,
): OverviewTotals {
  const advanced = stored === null ? null : advanceTotals(stored, newer);
  return {
    observations,
    attackers: small.attackers ?? advanced?.attackers ?? null,
    identities: small.identities ?? advanced?.identities ?? null,
    events: small.events ?? advanced?.events ?? null,
    states: small.states ?? advanced?.states ?? null,
    deferred: small.deferred ?? advanced?.deferred ?? null,
    deadLetters: small.deadLetters ?? advanced?.deadLetters ?? null,
    outboxPending: small.outboxPending ?? advanced?.outboxPending ?? null,
    evidence: small.evidence ?? advanced?.evidence ?? null,
  };
}

/** The totals of several databases as one. @param all - at least one */
export function addOverviewTotals(all: readonly OverviewTotals[]): OverviewTotals {
  return all.reduce((a, b) => ({
    observations: a.observations + b.observations,
    attackers: addKnown(a.attackers, b.attackers),
    identities: addKnown(a.identities, b.identities),
    events: addKnown(a.events, b.events),
    states: a.states === null || b.states === null ? null : addStates(a.states, b.states),
    deferred: addKnown(a.deferred, b.deferred),
    deadLetters: addKnown(a.deadLetters, b.deadLetters),
    outboxPending: addKnown(a.outboxPending, b.outboxPending),
    evidence: addEvidence(a.evidence, b.evidence),
  }));
}

function turnStates(states: Readonly<Record<State, number>>, turns: readonly Turn[]): Record<State, number> {
  const after = { ...states };
  for (const { oldState, newState, count: turned } of turns) {
    after[newState] += turned;
    if (oldState !== null) after[oldState] = Math.max(0, after[oldState] - turned);
  }
  return after;
}

function addKnown(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

function addEvidence(a: EvidenceCounts | null, b: EvidenceCounts | null): EvidenceCounts | null {
  return (
    a &&
    b && {
      unchanged: a.unchanged + b.unchanged,
      changedWithinDay: a.changedWithinDay + b.changedWithinDay,
      severalOperators: a.severalOperators + b.severalOperators,
    }
  );
}

function addStates(a: Readonly<Record<State, number>>, b: typeof a): Record<State, number> {
  const sums = { ...a };
  for (const state of STATES) sums[state] += b[state];
  return sums;
}
