/** Retention: finds observations that are old enough and that no state needs. */
import {
  type Member,
  mergeKindIn,
  nameInSeries,
  type ObservationKey,
  orderedSeries,
  type Policy,
  type Tail,
  NO_HASH_WINDOW,
} from "../core/index.ts";
import type { IdentityStore } from "./store/index.ts";

/** Maximum characters of the keys of one page, so that D1 gets them in few statements. */
const PAGE_CHARACTERS = 3_000_000;

/** A page of observations that may be removed. */
export interface ExpiredPage {
  readonly keys: readonly ObservationKey[];
  /** The key after which the next page begins; null if there is no other page. */
  readonly next: ObservationKey | null;
}

/**
 * A page of the observations before a time that no state needs. A state needs the members of its tail, the minimum number of
 * informative members, and the latest observation. So removing the others changes no state.
 * @param beforeTs - epoch seconds
 * @param limit - maximum number
 * @param after - end of the page before; null for the start
 */
export function expiredKeys(
  store: IdentityStore,
  policy: Policy,
  beforeTs: number,
  limit: number,
  after: ObservationKey | null,
): ExpiredPage {
  const needed = new Map<string, (member: Candidate) => boolean>();
  const keys: ObservationKey[] = [];
  let characters = 0;
  for (const { ts, ...key } of store.observations.olderThan(beforeTs, after)) {
    const isNeeded = needed.get(key.primitive) ?? needOf(store, policy, key.primitive);
    needed.set(key.primitive, isNeeded);
    if (isNeeded({ ...key, ts })) continue;
    keys.push(key);
    characters += JSON.stringify(key).length;
    if (keys.length >= limit || characters >= PAGE_CHARACTERS) return { keys, next: key };
  }
  return { keys, next: null };
}

type Candidate = Pick<Member, "ts" | "evidenceRef" | "attackerUuid">;

function needOf(store: IdentityStore, policy: Policy, primitive: string): (member: Candidate) => boolean {
  const tail = store.record(primitive)?.tail;
  // An observation without a state is just being applied.
  if (!tail) return () => true;
  const needed = new Set(neededMembers(store, policy, primitive, tail).map(nameInSeries));
  return (member) => member.ts >= tail.lastTs || needed.has(nameInSeries(member));
}

function neededMembers(
  store: IdentityStore,
  policy: Policy,
  primitive: string,
  tail: Tail,
): readonly Member[] {
  if (tail.kind === "hash") return tail.latest;
  const { minimumObservations, windowSize } = policy.thresholds;
  if (minimumObservations <= 2 * windowSize) return tail.newest;
  const wide = { ...policy.thresholds, windowSize: Math.ceil(minimumObservations / 2) };
  const members = store.observations.members(primitive);
  return orderedSeries(mergeKindIn(policy, primitive), members, wide, NO_HASH_WINDOW).newestInformative(
    minimumObservations,
  );
}
