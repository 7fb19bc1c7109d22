/**
 * What is evaluated: evidence, the five states, and "never alarm". Evidence is passed in, so that a test can evaluate a detector
 * that is wrong on purpose.
 */
import {
  attributionSoFar,
  type JsonValue,
  mergeKindOf,
  type State,
  STATES,
  STANDARD_POLICY,
  type ValueKind,
} from "../../core/index.ts";
import type { Kinds, SessionValues } from "../../evidence/index.ts";
import type { SeriesKind } from "./series-kinds.ts";

/** A change detector over one series. */
export interface Detector {
  /** @param key - identifies the observation; the detector draws from it */
  step(
    value: JsonValue,
    key: string,
  ): { readonly alarm: boolean; readonly e: number; readonly since: number | null };
}

/** How many operators there are, and which one sat at each session. */
export interface OperatorAnswer {
  readonly estimate: number;
  readonly path: readonly number[];
}

/** A scorer of commands: higher is more foreign. */
export interface Scorer {
  score(words: readonly string[]): number;
  learn(words: readonly string[]): void;
}

/** The functions of `src/evidence/index.ts` that are evaluated. */
export interface Evidence {
  changeDetector(
    kind: SeriesKind,
    options: { readonly threshold: number; readonly secret: string },
  ): Detector;
  operators(sessions: readonly SessionValues[], kinds: Kinds): OperatorAnswer;
  commandScorer(options: { readonly p: (word: string) => number }): Scorer;
}

/** Seconds between two observations of an evaluated series. The states count hashes within a day, so it matters to them. */
const STEP_SECS = 3_600;
/** Observations that the states get to settle: both of their windows are full then. */
const SETTLING = 2 * STANDARD_POLICY.thresholds.windowSize;

/** The five states over one series, as an alarm. */
export interface StatesAlarm {
  /** The state after the value, and whether it is a transition away from the settled state. */
  step(value: JsonValue): { readonly alarm: boolean; readonly state: State };
}

/**
 * The five states over a series. A transition is an alarm if it comes after both windows are full and leads to another state
 * than the settled one, which is the commonest so far.
 */
export function statesAlarm(kind: ValueKind): StatesAlarm {
  const soFar = attributionSoFar(mergeKindOf(kind), STANDARD_POLICY.thresholds);
  const seen = new Map<State, number>(STATES.map((state) => [state, 0]));
  let [number, before, settled]: [number, State, State] = [0, "unknown", "unknown"];
  return {
    step(value) {
      number++;
      soFar.add({
        value: JSON.stringify(value),
        ts: number * STEP_SECS,
        evidenceRef: "evaluation",
        attackerUuid: "evaluation",
      });
      const state = soFar.attribution()?.state ?? "unknown";
      const alarm = number > SETTLING && state !== before && state !== settled;
      const count = (seen.get(state) ?? 0) + 1;
      seen.set(state, count);
      if (state !== "unknown" && count > (settled === "unknown" ? 0 : (seen.get(settled) ?? 0)))
        settled = state;
      before = state;
      return { alarm, state };
    },
  };
}
