/**
 * Groups the lines of a log by session and decides when a session has ended: by its closing line, after an hour without a
 * line, when too many sessions are open, or at the end of the log. Time is log time. Memory is bounded by
 * `MAX_OPEN_SESSIONS` per sensor. The caller defines the content of a session.
 */
import { MAX_OPEN_SESSIONS, SESSION_IDLE_SECS } from "./thresholds.ts";

/** An ended session. */
export interface FinishedSession<S> {
  readonly sensor: string;
  readonly id: string;
  readonly session: S;
}

/** The session of a line (null if it had already ended) and the sessions that have ended since. */
interface Touched<S> {
  readonly session: S | null;
  readonly finished: readonly FinishedSession<S>[];
}

interface SensorState<S> {
  /** The latest time of a line, epoch seconds. */
  clockTs: number;
  idleCheckTs: number;
  /** By session id, in the order of opening. */
  readonly open: Map<string, { readonly session: S; lastTs: number }>;
  /** Recently closed sessions, so that a late line does not open a second session with the same id. */
  readonly closed: Map<string, number>;
}

/** Seconds of log time between two searches for idle sessions. */
const IDLE_CHECK_SECS = 60;

/** Sessions of several sensors, whose lines may be interleaved.
 * @example const stream = new SessionStream((ts) => ({ firstTs: ts }));
 */
export class SessionStream<S> {
  readonly #create: (ts: number) => S;
  readonly #maxOpen: number;
  readonly #sensors = new Map<string, SensorState<S>>();

  /** @param create - makes an empty session from the time of its first line, epoch seconds
   * @param maxOpen - maximum number of open sessions per sensor, at least 1 */
  constructor(create: (ts: number) => S, maxOpen: number = MAX_OPEN_SESSIONS) {
    this.#create = create;
    this.#maxOpen = maxOpen;
  }

  /** Finds the session of a line, or opens it. */
  touch(sensor: string, id: string, ts: number): Touched<S> {
    const state = this.#stateOf(sensor, ts);
    const finished = this.#closeIdle(sensor, state, ts);
    if (state.closed.has(id)) return { session: null, finished };
    const known = state.open.get(id);
    if (known) {
      known.lastTs = Math.max(known.lastTs, ts);
      return { session: known.session, finished };
    }
    if (state.open.size >= this.#maxOpen) {
      const [oldest] = state.open.keys();
      if (oldest !== undefined) finished.push(...this.close(sensor, oldest));
    }
    const session = this.#create(ts);
    state.open.set(id, { session, lastTs: ts });
    return { session, finished };
  }

  /** Ends a session. */
  close(sensor: string, id: string): FinishedSession<S>[] {
    const state = this.#sensors.get(sensor);
    const open = state?.open.get(id);
    if (!state || !open) return [];
    state.open.delete(id);
    state.closed.set(id, state.clockTs);
    return [{ sensor, id, session: open.session }];
  }

  /** Ends all sessions of a sensor, or of all sensors, in the order of their opening. */
  end(sensor?: string): FinishedSession<S>[] {
    const names = sensor === undefined ? [...this.#sensors.keys()] : [sensor];
    return names.flatMap((name) =>
      [...(this.#sensors.get(name)?.open.keys() ?? [])].flatMap((id) => this.close(name, id)),
    );
  }

  #stateOf(sensor: string, ts: number): SensorState<S> {
    const known = this.#sensors.get(sensor);
    if (known) return known;
    const state: SensorState<S> = { clockTs: ts, idleCheckTs: ts, open: new Map(), closed: new Map() };
    this.#sensors.set(sensor, state);
    return state;
  }

  #closeIdle(sensor: string, state: SensorState<S>, ts: number): FinishedSession<S>[] {
    state.clockTs = Math.max(state.clockTs, ts);
    if (state.clockTs - state.idleCheckTs < IDLE_CHECK_SECS) return [];
    state.idleCheckTs = state.clockTs;
    const idleBeforeTs = state.clockTs - SESSION_IDLE_SECS;
    for (const [id, closedTs] of state.closed) {
      if (closedTs < idleBeforeTs) state.closed.delete(id);
    }
    const idle = [...state.open].filter(([, each]) => each.lastTs < idleBeforeTs).map(([id]) => id);
    return idle.flatMap((id) => this.close(sensor, id));
  }
}
