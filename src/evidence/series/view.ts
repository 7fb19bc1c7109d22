/** What the API says of a series, in wire form: now, or at an earlier time. */
import { isInformative, type Member } from "../../core/index.ts";
import { type ChangeKind, Regime } from "../change/index.ts";
import { stateOf } from "./cache.ts";
import { isFollowedBy } from "./kept-series.ts";
import { type ChangeItem, type Entry, readEntry, toItem } from "./entry.ts";
import { findRestart } from "./restart.ts";
import type { Rules } from "./rules.ts";
import { isFromStart } from "./start.ts";
import { SeriesWalk } from "./walk.ts";

/** One item of `change`. Times are epoch seconds. */
export interface ChangeView {
  readonly primitive: string;
  /** Evidence against "the regime never changed"; null before the start of the series. */
  readonly e: number | null;
  readonly threshold: number;
  /** When E first reached the mark at which a series is noted, in this regime. */
  readonly noted_ts: number | null;
  /** Of the regime. */
  readonly observations: number;
  /** First observation of the regime. */
  readonly regime_since_ts: number | null;
  /** Likeliest start of a change in this regime, and how far the values before and after it lie apart. */
  readonly likeliest_ts: number | null;
  readonly effect: number | null;
  /** All that stand, oldest first. */
  readonly changes: readonly ChangeItem[];
}

/** A series as it was at an earlier time. */
export interface SeriesAsOf {
  /** Takes the next member of the series up to that time; all of them must be passed, from the first. */
  take(member: Member): void;
  /** Null if nothing was known of the series. */
  view(): ChangeView | null;
}

/**
 * The series as it is now, by the rules by which it was last followed. After a change of its kind only its changes are known, till the next
 * observation.
 * @param kept - null gives null
 * @param entries - oldest first
 */
export function describeSeriesBy(
  rules: Rules,
  primitive: string,
  kind: ChangeKind,
  kept: Uint8Array | null,
  entries: readonly string[],
): ChangeView | null {
  const state = stateOf(kept);
  if (state === null) return null;
  const changes = entries.map(readEntry);
  if (state.kind === kind && state.singleTs !== null) {
    const view = viewOf(primitive, Regime.empty(kind), changes, rules);
    return { ...view, observations: 1, regime_since_ts: state.singleTs };
  }
  return state.kind === kind
    ? viewOf(primitive, Regime.read(kind, state.now), changes, rules)
    : withoutE(primitive, changes, rules);
}

/**
 * The series with the observations up to a time.
 * @param asOfTs - epoch seconds; later members must not be passed
 */
export function seriesAsOfBy(
  rules: Rules,
  primitive: string,
  kind: ChangeKind,
  kept: Uint8Array | null,
  entries: readonly string[],
  asOfTs: number,
): SeriesAsOf {
  const state = stateOf(kept);
  if (state === null) return { take: () => {}, view: () => null };
  const list = entries.map(readEntry);
  const standing = list.filter(({ last }) => last.ts <= asOfTs);
  const isOfRules = isFollowedBy(state, rules);
  // Without the rules of the state only the state itself is known.
  const isKnown =
    (isOfRules && (state.start === null || asOfTs >= state.start.ts)) ||
    (state.last !== null && asOfTs >= state.last.ts);
  if (state.kind !== kind || !isKnown) return changesOnly(primitive, standing, rules);
  const { from, state: restart } = findRestart(state, list, ({ ts }) => ts <= asOfTs);
  // The changes up to that time are among the entries, so the identity is not asked for.
  const walk = new SeriesWalk({ identityUuid: "", primitive, kind, rules }, restart);
  let isAnyTaken = false;
  return {
    take(member) {
      isAnyTaken = true;
      if (isOfRules && isInformative(kind, member.value) && isFromStart(from, member)) walk.step(member);
    },
    view: () =>
      isAnyTaken || standing.length > 0 ? viewOf(primitive, walk.state().regime, standing, rules) : null,
  };
}

/** Before the start of a series, and after a change of its kind, its changes are known, and nothing else. */
function changesOnly(primitive: string, standing: readonly Entry[], rules: Rules): SeriesAsOf {
  let isAnyTaken = false;
  return {
    take() {
      isAnyTaken = true;
    },
    view: () => (isAnyTaken || standing.length > 0 ? withoutE(primitive, standing, rules) : null),
  };
}

function withoutE(primitive: string, changes: readonly Entry[], rules: Rules): ChangeView {
  return { ...viewOf(primitive, Regime.empty("hash"), changes, rules), e: null };
}

function viewOf(primitive: string, regime: Regime, changes: readonly Entry[], rules: Rules): ChangeView {
  const split = regime.split();
  return {
    primitive,
    e: regime.e,
    threshold: rules.step.threshold,
    noted_ts: regime.notedTs,
    observations: regime.count,
    regime_since_ts: regime.firstTs,
    likeliest_ts: split?.since.ts ?? null,
    effect: split?.effect ?? null,
    changes: changes.map(toItem),
  };
}
