/**
 * Groups the lines of a log by session and says when a session is over: closed, silent for long, pushed out, or at the
 * end of the log. Time is log time only. Memory is bounded by `MAX_OPEN_SESSIONS` a sensor. Leaves what a session holds
 * to its maker.
 */
import { MAX_OPEN_SESSIONS, SESSION_IDLE_SECS } from "./thresholds.ts";

/** A session that is over. */
export interface FinishedSession<S> {
  readonly sensor: string;
  readonly id: string;
  readonly session: S;
}

/** What a line met with: its session (null when that one is over already) and the sessions that are over by now. */
export interface Touched<S> {
  readonly session: S | null;
  readonly finished: readonly FinishedSession<S>[];
}

interface SensorState<S> {
  /** The latest time seen, epoch seconds. */
  clockTs: number;
  sweptTs: number;
  /** By session id, the one opened first in front. */
  readonly open: Map<string, { readonly session: S; lastTs: number }>;
  /** Sessions closed lately, so that a straggling line does not open a second one of the same name. */
  readonly closed: Map<string, number>;
}

/** Seconds of log time between two looks for silent sessions. */
const SWEEP_SECS = 60;

/** Sessions of any number of sensors, from interleaved lines.
 * @example const stream = new SessionStream((ts) => ({ firstTs: ts }));
 */
export class SessionStream<S> {
  readonly #create: (ts: number) => S;
  readonly #maxOpen: number;
  readonly #sensors = new Map<string, SensorState<S>>();

  /** @param create - makes an empty session from the time of its first line, epoch seconds
   * @param maxOpen - sessions held open at once per sensor, at least 1 */
  constructor(create: (ts: number) => S, maxOpen: number = MAX_OPEN_SESSIONS) {
    this.#create = create;
    this.#maxOpen = maxOpen;
  }

  /** Finds or opens the session of a line. */
  touch(sensor: string, id: string, ts: number): Touched<S> {
    const state = this.#stateOf(sensor, ts);
    const finished = this.#sweep(sensor, state, ts);
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

  /** Ends a session: its closing line was read. */
  close(sensor: string, id: string): FinishedSession<S>[] {
    const state = this.#sensors.get(sensor);
    const open = state?.open.get(id);
    if (!state || !open) return [];
    state.open.delete(id);
    state.closed.set(id, state.clockTs);
    return [{ sensor, id, session: open.session }];
  }

  /** Ends every session of a sensor, or of all: the log is at its end. In the order they were opened. */
  end(sensor?: string): FinishedSession<S>[] {
    const names = sensor === undefined ? [...this.#sensors.keys()] : [sensor];
    return names.flatMap((name) =>
      [...(this.#sensors.get(name)?.open.keys() ?? [])].flatMap((id) => this.close(name, id)),
    );
  }

  #stateOf(sensor: string, ts: number): SensorState<S> {
    const known = this.#sensors.get(sensor);
    if (known) return known;
    const state: SensorState<S> = { clockTs: ts, sweptTs: ts, open: new Map(), closed: new Map() };
    this.#sensors.set(sensor, state);
    return state;
  }

  #sweep(sensor: string, state: SensorState<S>, ts: number): FinishedSession<S>[] {
    state.clockTs = Math.max(state.clockTs, ts);
    if (state.clockTs - state.sweptTs < SWEEP_SECS) return [];
    state.sweptTs = state.clockTs;
    const silentBeforeTs = state.clockTs - SESSION_IDLE_SECS;
    for (const [id, closedTs] of state.closed) {
      if (closedTs < silentBeforeTs) state.closed.delete(id);
    }
    const silent = [...state.open].filter(([, each]) => each.lastTs < silentBeforeTs).map(([id]) => id);
    return silent.flatMap((id) => this.close(sensor, id));
  }
}
