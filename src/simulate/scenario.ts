/**
 * The type of a scenario: the sessions of one attacker and the states that must result. Times, ids and addresses come from
 * `simulate.ts`.
 */
import type { State } from "../core/index.ts";
import type { Random } from "./random.ts";

/** The value of a payload. */
export type MeasuredValue = string | number | boolean | readonly string[];

/** The measured values of one session, by primitive. */
type Measurements = Readonly<Record<string, MeasuredValue>>;

/** The position of a session in a scenario. */
interface SessionPosition {
  /** From 0. */
  readonly index: number;
  /** Number of sessions of the scenario. */
  readonly count: number;
}

/** A scenario: the behaviour of one attacker over several sessions. */
export interface Scenario {
  /** Kebab-case. The name on the command line and in labels. */
  readonly name: string;
  /** One sentence for people that describes the attacker. */
  readonly summary: string;
  /** Number of sessions. `expected` holds for this number only. */
  readonly sessions: number;
  /** Seconds from the end of one session to the end of the next. Jitter makes a session end earlier, by at most an eighth of this. */
  readonly gapSecs: number;
  /** Shortest and longest duration of a session, seconds. The longest is less than half of `gapSecs`. */
  readonly durationSecs: readonly [number, number];
  /** The state of every primitive after the last session (contract §3). */
  readonly expected: Readonly<Record<string, State>>;
  /** Whether `multi_actor_suspected` is published. */
  readonly isSuspected: boolean;
  /**
   * Draws what all sessions of an attacker have in common, and returns a function that gives the values of a session.
   * @param attacker - draws for the attacker; the returned function gets the draws of the session
   */
  readonly play: (attacker: Random) => (position: SessionPosition, session: Random) => Measurements;
}

/** Whether a session lies in the second half of the scenario (of seven: from the fourth on). */
export function isSecondHalf(position: SessionPosition): boolean {
  return position.index >= Math.floor(position.count / 2);
}

/** The value for a session when the values alternate from session to session. */
export function alternate<T>(position: SessionPosition, values: readonly [T, ...T[]]): T {
  return values[position.index % values.length] ?? values[0];
}
