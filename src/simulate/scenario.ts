/**
 * What a scenario is: a story about one attacker, told session by session, and the states it must end in.
 * Leaves times, ids and addresses to `simulate.ts`.
 */
import type { State } from "../core/index.ts";
import type { Random } from "./random.ts";

/** A value as it stands in a payload. */
export type MeasuredValue = string | number | boolean | readonly string[];

/** What one session shows: value per primitive. */
export type Measurements = Readonly<Record<string, MeasuredValue>>;

/** Where in the story a session stands. */
export interface SessionPlace {
  /** From 0. */
  readonly index: number;
  /** Sessions of the whole story. */
  readonly count: number;
}

/** A story about one attacker. */
export interface Scenario {
  /** Kebab-case; how it is asked for and labelled. */
  readonly name: string;
  /** One sentence for people: who this is. */
  readonly summary: string;
  /** Sessions the story takes; `expected` holds for this number. */
  readonly sessions: number;
  /** From the end of one session to the end of the next, s, before jitter (at most an eighth, earlier). */
  readonly gapSecs: number;
  /** Shortest and longest session, s; the longest is shorter than half a gap. */
  readonly durationSecs: readonly [number, number];
  /** The state of every primitive after the last session (contract §3). */
  readonly expected: Readonly<Record<string, State>>;
  /** Whether `multi_actor_suspected` is published. */
  readonly isSuspected: boolean;
  /**
   * Draws what stays the same about this attacker and answers what each of its sessions shows.
   * @param attacker - draws for the attacker; a session's own come with the call
   */
  readonly play: (attacker: Random) => (place: SessionPlace, session: Random) => Measurements;
}

/** Whether a session lies in the second half of the story (of seven: from the fourth on). */
export function isSecondHalf(place: SessionPlace): boolean {
  return place.index >= Math.floor(place.count / 2);
}

/** The value whose turn it is when they take turns, session by session. */
export function turn<T>(place: SessionPlace, values: readonly [T, ...T[]]): T {
  return values[place.index % values.length] ?? values[0];
}
