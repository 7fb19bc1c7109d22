/** Retention: finds observations that are old enough and that no state needs. */
import {
  type AppliedObservation,
  collectSeries,
  type Member,
  mergeKindIn,
  nameInSeries,
  NO_HASH_WINDOW,
  type ObservationKey,
  type Policy,
  type SeriesCollector,
  type Tail,
} from "../core/index.ts";
import type { SessionCursor } from "../storage/index.ts";
import type { IdentityStore } from "./store/index.ts";

/** Maximum characters of the keys of one page, so that D1 gets them in few statements. */
const PAGE_CHARACTERS = 3_000_000;

/** A page of observations that may be removed. */
export interface ExpiredPage {
  readonly keys: readonly ObservationKey[];
  /** The session row after which the next page begins; null if there is no other page. */
  readonly next: SessionCursor | null;
}

/**
 * A page of the observations before a time that no state needs. A state needs the members of its tail, the minimum number of
 * informative members, and the latest observation. So removing the others changes no state.
 * @param beforeTs - epoch seconds
 * @param limit - maximum number; a page has at least one session row
 * @param after - end of the page before; null for the start
 */
export function expiredKeys(
  store: IdentityStore,
  policy: Policy,
  beforeTs: number,
  limit: number,
  after: SessionCursor | null,
): ExpiredPage {
  const isNeeded = needOf(store, policy);
  const keys: ObservationKey[] = [];
  let reached = after;
  let characters = 0;
  for (const { cursor, observations } of store.observations.range({ after, through: null }, beforeTs)) {
    const expired = observations.filter((each) => each.ts < beforeTs && !isNeeded(each)).map(toKey);
    characters += JSON.stringify(expired).length;
    const isFull = keys.length + expired.length > limit || characters >= PAGE_CHARACTERS;
    if (isFull && keys.length > 0) return { keys, next: reached };
    keys.push(...expired);
    reached = cursor;
  }
  return { keys, next: null };
}

/** Whether a state needs an observation. */
function needOf(store: IdentityStore, policy: Policy): (observation: AppliedObservation) => boolean {
  const needs = new Map<string, (observation: AppliedObservation) => boolean>();
  const wide = readWide(store, policy);
  return (observation) => {
    const { primitive } = observation;
    const need = needs.get(primitive) ?? needIn(store, primitive, wide);
    needs.set(primitive, need);
    return need(observation);
  };
}

function needIn(
  store: IdentityStore,
  primitive: string,
  wide: ReadonlyMap<string, readonly Member[]>,
): (observation: AppliedObservation) => boolean {
  const tail = store.stateRecord(primitive)?.tail;
  // An observation without a state is just being applied.
  if (!tail) return () => true;
  const needed = new Set([...membersOf(tail), ...(wide.get(primitive) ?? [])].map(nameInSeries));
  const window = store.hashWindow(primitive);
  return (observation) => {
    const name = nameInSeries(observation);
    if (observation.ts >= tail.lastTs || needed.has(name)) return true;
    const inWindow = window.get(observation.value);
    return inWindow !== null && nameInSeries(inWindow) === name;
  };
}

function membersOf(tail: Tail): readonly Member[] {
  return tail.kind === "hash" ? tail.latest : tail.newest;
}

/** The minimum number of informative members of each primitive, if it is more than a tail holds. Costs one pass then. */
function readWide(store: IdentityStore, policy: Policy): Map<string, readonly Member[]> {
  const { minimumObservations, windowSize } = policy.thresholds;
  if (minimumObservations <= 2 * windowSize) return new Map();
  const wide = { ...policy.thresholds, windowSize: Math.ceil(minimumObservations / 2) };
  const collectors = new Map<string, SeriesCollector>();
  store.observations.eachStored(null, (primitive, member) => {
    const kind = mergeKindIn(policy, primitive);
    // The state of a bag needs no minimum of members.
    if (kind === "hash" || kind === "bag") return;
    const collector = collectors.get(primitive) ?? collectSeries(kind, wide);
    collectors.set(primitive, collector);
    collector.add(member);
  });
  return new Map(
    [...collectors].map(([primitive, collector]) => [
      primitive,
      collector.series(NO_HASH_WINDOW).newestInformative(minimumObservations),
    ]),
  );
}

function toKey({ attackerUuid, primitive, evidenceRef }: AppliedObservation): ObservationKey {
  return { attackerUuid, primitive, evidenceRef };
}
