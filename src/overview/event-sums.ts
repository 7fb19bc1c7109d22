/**
 * Sums over events that follow one another in the history: how many states turned into which others in each hour, how
 * many transitions each identity had, and the last suspicion of each. Sums of neighbouring ranges can be added, so a long
 * range is summed up once and only what came since is added. Pure; leaves reading and storing to store.ts.
 */
import type { State } from "../core/index.ts";
import type { EventHead } from "../storage/index.ts";

/** How many states of primitives turned from one into another in an hour of observations. */
export interface Turn {
  /** Start of the hour, epoch seconds. */
  readonly hourTs: number;
  /** Null where it was the first. */
  readonly oldState: State | null;
  readonly newState: State;
  readonly count: number;
}

/** Transitions of an identity. */
export interface Activity {
  readonly uuid: string;
  readonly transitions: number;
  /** Of the latest of them, epoch seconds. */
  readonly lastTs: number;
}

/** The last suspicion of an identity: which event it is. */
export interface SuspicionHead {
  readonly uuid: string;
  readonly seq: number;
  /** Epoch seconds. */
  readonly ts: number;
}

/** Sums over a range of the history. */
export interface EventSums {
  readonly eventCount: number;
  /** Once for each hour and pair of states, in no order. */
  readonly turns: readonly Turn[];
  /** Every identity with a transition in the range, in no order. */
  readonly active: readonly Activity[];
  /** The last of each identity, at most `SUSPICIONS_KEPT`, in the order of the history. */
  readonly suspicions: readonly SuspicionHead[];
}

/** Suspicions that sums keep: as many as an overview lists. */
export const SUSPICIONS_KEPT = 8;

export const NO_SUMS: EventSums = { eventCount: 0, turns: [], active: [], suspicions: [] };

const HOUR_SECS = 3_600;

/** Sums up events. @param heads - in the order of the history */
export function sumEvents(heads: readonly EventHead[]): EventSums {
  const transitions = heads.flatMap(({ identityUuid, ts, oldState, newState }) =>
    ts === null || newState === null ? [] : [{ uuid: identityUuid, ts, oldState, newState }],
  );
  const suspected = heads.flatMap(({ identityUuid, seq, type, ts }) =>
    ts === null || type !== "profile.multi_actor_suspected" ? [] : [{ uuid: identityUuid, seq, ts }],
  );
  return {
    eventCount: heads.length,
    turns: addTurns(
      transitions.map(({ ts, oldState, newState }) => ({
        hourTs: Math.floor(ts / HOUR_SECS) * HOUR_SECS,
        oldState,
        newState,
        count: 1,
      })),
    ),
    active: addActivities(transitions.map(({ uuid, ts }) => ({ uuid, transitions: 1, lastTs: ts }))),
    suspicions: lastOfEach(suspected),
  };
}

/** The sums over several ranges. @param ranges - in the order of the history */
export function addSums(ranges: readonly EventSums[]): EventSums {
  return {
    eventCount: ranges.reduce((sum, { eventCount }) => sum + eventCount, 0),
    turns: addTurns(ranges.flatMap(({ turns }) => turns)),
    active: addActivities(ranges.flatMap(({ active }) => active)),
    suspicions: lastOfEach(ranges.flatMap(({ suspicions }) => suspicions)),
  };
}

function addTurns(turns: readonly Turn[]): Turn[] {
  const sums = new Map<string, Turn>();
  for (const turn of turns) {
    const key = `${turn.hourTs} ${turn.oldState} ${turn.newState}`;
    sums.set(key, { ...turn, count: turn.count + (sums.get(key)?.count ?? 0) });
  }
  return [...sums.values()];
}

function addActivities(activities: readonly Activity[]): Activity[] {
  const sums = new Map<string, Activity>();
  for (const { uuid, transitions, lastTs } of activities) {
    const before = sums.get(uuid);
    sums.set(uuid, {
      uuid,
      transitions: transitions + (before?.transitions ?? 0),
      lastTs: Math.max(lastTs, before?.lastTs ?? lastTs),
    });
  }
  return [...sums.values()];
}

function lastOfEach(suspicions: readonly SuspicionHead[]): SuspicionHead[] {
  const last = new Map<string, SuspicionHead>();
  for (const suspicion of suspicions) {
    // Deleted first, so that the map's order is that of the last ones.
    last.delete(suspicion.uuid);
    last.set(suspicion.uuid, suspicion);
  }
  return [...last.values()].slice(-SUSPICIONS_KEPT);
}
