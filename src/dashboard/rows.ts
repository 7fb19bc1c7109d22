/** Rows of the list: how events change them, filtering, sorting and searching. Pure. */
import { NOTED_AT, PRIMITIVES_PER_IDENTITY } from "../evidence/constants.ts";
import type { Row } from "../http/dashboard/wire.ts";
import type { AttributionEvent, State } from "./schemas.ts";

/** Orders in which the server gives the list; the others need all of it. */
export const SERVER_SORTS = ["change", "e", "evidence_changed"] as const;
export type ServerSort = (typeof SERVER_SORTS)[number];
/** Sort orders of the list. */
export const SORTS = [...SERVER_SORTS, "seen", "attackers", "trouble", "address"] as const;
export type Sort = (typeof SORTS)[number];

/** Filters by evidence. */
export const EVIDENCE_FILTERS = [
  "unchanged",
  "noted",
  "changed",
  "changed_within_day",
  "several_operators",
] as const;
export type EvidenceFilter = (typeof EVIDENCE_FILTERS)[number];
/** What they are called. */
export const EVIDENCE_FILTER_WORDS: Record<EvidenceFilter, string> = {
  unchanged: "unchanged",
  noted: "change likely",
  changed: "changed",
  changed_within_day: "changed within a day",
  several_operators: "several operators",
};

/** E of an identity from which it is noted: 100 in one primitive, over the 32 that share the error rate. */
export const NOTED_E = NOTED_AT / PRIMITIVES_PER_IDENTITY;

/** Which rows, in which order. */
export interface View {
  readonly text: string;
  readonly sort: Sort;
  readonly isAscending: boolean;
}

/** Filters that the server applies; null for any. */
export interface ServerFilter {
  readonly state: State | null;
  readonly primitive: string | null;
  readonly evidence: EvidenceFilter | null;
  /** With `changed_within_day`: how long ago a change may have been proven, epoch seconds. */
  readonly changedSinceTs: number;
}

const FITS_EVIDENCE: Record<EvidenceFilter, (row: Row, changedSinceTs: number) => boolean> = {
  unchanged: ({ evidence }) => evidence.changed_ts === null,
  noted: ({ evidence }) => (evidence.e ?? 0) >= NOTED_E,
  changed: ({ evidence }) => evidence.changed_ts !== null,
  changed_within_day: ({ evidence }, changedSinceTs) => (evidence.changed_ts ?? -Infinity) >= changedSinceTs,
  several_operators: ({ evidence }) => (evidence.operators ?? 1) > 1,
};

/**
 * Whether a row still matches a filter. Of stable and unknown primitives a row holds only counts, so with such a state and a
 * primitive it matches while the count is above 0.
 */
export function isStillFitting(
  row: Row,
  { state, primitive, evidence, changedSinceTs }: ServerFilter,
): boolean {
  if (evidence !== null && !FITS_EVIDENCE[evidence](row, changedSinceTs)) return false;
  if (state === null) return true;
  if (row.states[state] === 0) return false;
  if (primitive === null || !isTroubled(state)) return true;
  return row.troubled.some((each) => each.primitive === primitive && each.state === state);
}

const orders: Record<Sort, (row: Row) => number | string> = {
  change: (row) => row.last_change_ts ?? -1,
  seen: (row) => row.last_seen_at ?? -1,
  attackers: (row) => row.attacker_count,
  trouble: (row) => row.states.multi_actor * 1e6 + row.states.conflicted * 1e3 + row.states.drifting,
  address: (row) => row.addresses[0] ?? "",
  // As the server does it: an E that is not noted orders nothing.
  e: ({ evidence: { e } }) => (e !== null && e >= NOTED_E ? e : -1),
  evidence_changed: (row) => row.evidence.changed_ts ?? -1,
};

/** The rows of a view, in its order; rows that are equal in that order keep their order. */
export function select(rows: readonly Row[], { text, sort, isAscending }: View): Row[] {
  const wanted = text.trim().toLowerCase();
  const found = wanted === "" ? [...rows] : rows.filter((row) => isFound(row, wanted));
  const order = orders[sort];
  const sign = isAscending ? 1 : -1;
  return found.toSorted((a, b) => {
    const [left, right] = [order(a), order(b)];
    return left === right ? 0 : left < right ? -sign : sign;
  });
}

function isFound(row: Row, wanted: string): boolean {
  return (
    row.uuid.includes(wanted) ||
    row.addresses.some((address) => address.includes(wanted)) ||
    row.troubled.some(({ primitive }) => primitive.includes(wanted))
  );
}

/** A row after an event of its identity; the same object if the event changes nothing in it. */
export function afterEvent(row: Row, { type, payload }: AttributionEvent): Row {
  const { primitive, new_state: now, old_state: before, ts } = payload;
  if (type === "profile.multi_actor_suspected") {
    return { ...row, multi_actor_suspected: payload.primitives ?? null };
  }
  if (type === "evidence.operators") {
    return { ...row, evidence: { ...row.evidence, operators: payload.estimate ?? row.evidence.operators } };
  }
  if (type === "evidence.changed") {
    const changedTs = Math.max(row.evidence.changed_ts ?? 0, ts ?? 0);
    return { ...row, evidence: { ...row.evidence, changed_ts: changedTs } };
  }
  if (primitive === undefined || now === undefined) return row;
  const states = { ...row.states, [now]: row.states[now] + 1 };
  if (before) states[before] = Math.max(0, states[before] - 1);
  const others = row.troubled.filter((each) => each.primitive !== primitive);
  const troubled = isTroubled(now)
    ? [...others, { primitive, state: now }].toSorted((a, b) => (a.primitive < b.primitive ? -1 : 1))
    : others;
  const isStillSuspected = troubled.filter(({ state }) => state === "multi_actor").length >= 2;
  return {
    ...row,
    states,
    troubled,
    multi_actor_suspected: isStillSuspected ? row.multi_actor_suspected : null,
    last_change_ts: Math.max(row.last_change_ts ?? 0, ts ?? 0),
    last_seen_at: Math.max(row.last_seen_at ?? 0, ts ?? 0),
  };
}

function isTroubled(state: State): boolean {
  return state !== "stable" && state !== "unknown";
}
