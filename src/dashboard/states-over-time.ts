/** States over time, computed backwards from the states now and the transitions of each hour. */
import type { Overview } from "../http/dashboard/wire.ts";
import { type State, STATES } from "./schemas.ts";

const HOUR_SECS = 3_600;

/** How many primitives were in each state, at some times. */
export interface StateCounts {
  /** Ascending, epoch seconds. */
  readonly times: readonly number[];
  /** Of each state, in the order of `STATES`, at each time. */
  readonly counts: readonly (readonly number[])[];
}

/**
 * Counts of each state at the end of every hour with a transition, and at the start of the range.
 * @param now - the counts now
 * @param fromTs - hours before are left out, epoch seconds
 */
export function countsOverTime(
  now: Partial<Record<State, number>>,
  turns: Overview["turns"],
  fromTs: number,
): StateCounts {
  const byHour = Map.groupBy(turns, ({ hour_ts: ts }) => ts);
  const hours = [...byHour.keys()].toSorted((a, b) => b - a);
  const current = new Map<State, number>(STATES.map((state) => [state, now[state] ?? 0]));
  const rows: { ts: number; counts: number[] }[] = [];
  const note = (ts: number) =>
    rows.push({ ts, counts: STATES.map((state) => Math.max(0, current.get(state) ?? 0)) });
  let startTs: number | null = null;
  for (const hour of hours) {
    if (hour < fromTs) {
      startTs = fromTs;
      break;
    }
    note(hour + HOUR_SECS);
    startTs = hour;
    for (const { old_state: before, new_state: after, count } of byHour.get(hour) ?? []) {
      current.set(after, (current.get(after) ?? 0) - count);
      if (before !== null) current.set(before, (current.get(before) ?? 0) + count);
    }
  }
  if (startTs !== null && startTs < (rows.at(-1)?.ts ?? Infinity)) note(startTs);
  rows.reverse();
  return {
    times: rows.map(({ ts }) => ts),
    counts: STATES.map((_, i) => rows.map(({ counts }) => counts[i] ?? 0)),
  };
}
