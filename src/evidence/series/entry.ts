/** A change of a series that was found: as it is kept (an entry of the hook), and as it is published. */
import { v5 } from "uuid";
import type { HookEvent, JsonValue, PlaceInSeries } from "../../core/index.ts";
import { CHANGE } from "../constants.ts";
import type { Rules } from "./rules.ts";

/** Namespace of changes. */
const CHANGE_NAMESPACE = "4f0c9a35-82d7-5e16-b3a4-7d1e60c9f2b8";

/** A change. Plain data; its JSON is the text of the entry. */
export interface Entry {
  readonly id: string;
  /** The first observation of the regime that ended, and the one at which E reached the threshold: the last of the regime. */
  readonly first: PlaceInSeries;
  readonly last: PlaceInSeries;
  /** The likeliest start of the change: number in the regime, from 1, and ts. */
  readonly since: { readonly number: number; readonly ts: number };
  /** Observations of the regime. */
  readonly observations: number;
  readonly e: number;
  /** Summaries in wire form. */
  readonly before: JsonValue;
  readonly after: JsonValue;
  readonly effect: number | null;
  /** Whether it lies before the start of the series: it stands, and is never recomputed. */
  readonly isFrozen: boolean;
}

/** A change in wire form. */
export interface ChangeItem {
  readonly id: string;
  /** Of the observation at which E reached the threshold. */
  readonly ts: number;
  readonly since_ts: number;
  readonly e: number;
  readonly before: JsonValue;
  readonly after: JsonValue;
  readonly effect: number | null;
}

/**
 * The id of a change: UUIDv5 of the canonical JSON of [identity, primitive, [attacker, evidence_ref], [attacker, evidence_ref]], the keys of
 * the first and the last observation of the regime. It does not depend on the order of arrival.
 */
export function changeId(
  identityUuid: string,
  primitive: string,
  first: PlaceInSeries,
  last: PlaceInSeries,
): string {
  const keys = [first, last].map(({ attackerUuid, evidenceRef }) => [attackerUuid, evidenceRef]);
  return v5(JSON.stringify([identityUuid, primitive, ...keys]), CHANGE_NAMESPACE);
}

/** The text of an entry. */
export function writeEntry(entry: Entry): string {
  return JSON.stringify(entry);
}

/** @param text - what `writeEntry` returned */
export function readEntry(text: string): Entry {
  const entry: Entry = JSON.parse(text);
  return entry;
}

/** The change as one that is never recomputed. */
export function frozen(entry: Entry): Entry {
  return entry.isFrozen ? entry : { ...entry, isFrozen: true };
}

/** The change as the API and the event give it. */
export function toItem({ id, last, since, e, before, after, effect }: Entry): ChangeItem {
  return { id, ts: last.ts, since_ts: since.ts, e, before, after, effect };
}

/** The event that publishes a change, with what is needed to recompute it from the stored series. */
export function changedEvent(identityUuid: string, primitive: string, entry: Entry, rules: Rules): HookEvent {
  return {
    kind: "evidence_changed",
    payload: { identity_uuid: identityUuid, primitive, ...toItem(entry) },
    explanation: {
      rule: "e_process",
      threshold: rules.step.threshold,
      observations: entry.observations,
      first: toWirePlace(entry.first),
      last: toWirePlace(entry.last),
      since: entry.since,
      constants: {
        reservoir: CHANGE.reservoir,
        hypotheses: CHANGE.hypotheses,
        digest: rules.constantsDigest,
      },
      secret: rules.secretCheck,
    },
  };
}

/** The event that withdraws a change. */
export function withdrawnEvent(identityUuid: string, primitive: string, id: string): HookEvent {
  return { kind: "evidence_withdrawn", payload: { identity_uuid: identityUuid, primitive, id } };
}

function toWirePlace({ ts, evidenceRef, attackerUuid }: PlaceInSeries): JsonValue {
  return { ts, evidence_ref: evidenceRef, attacker_uuid: attackerUuid };
}
