/**
 * The catalogue of scenarios. Draws depend on the index of a scenario, so new scenarios are added at the end.
 */
import type { Scenario } from "../scenario.ts";
import { newHabits, sharedAccount } from "./long-stays.ts";
import { beaconShift, erraticBeacon, rotatingClient, scrambledClient } from "./machines.ts";
import {
  oneShortSession,
  restlessHands,
  sharedCredentials,
  steadyOperator,
  typingToPasting,
} from "./operators.ts";

/** All scenarios. Together they produce all five states and one suspicion. */
export const SCENARIOS: readonly Scenario[] = [
  steadyOperator,
  typingToPasting,
  sharedCredentials,
  oneShortSession,
  beaconShift,
  rotatingClient,
  restlessHands,
  erraticBeacon,
  scrambledClient,
  newHabits,
  sharedAccount,
];

/** Finds a scenario by name; null if there is none. */
export function findScenario(name: string): Scenario | null {
  return SCENARIOS.find((scenario) => scenario.name === name) ?? null;
}
