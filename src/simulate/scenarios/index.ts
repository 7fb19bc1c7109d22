/**
 * The catalogue of scenarios. The order is part of what a seed means: new ones go to the end.
 */
import type { Scenario } from "../scenario.ts";
import { beaconShift, erraticBeacon, rotatingClient, scrambledClient } from "./machines.ts";
import {
  oneShortSession,
  restlessHands,
  sharedCredentials,
  steadyOperator,
  typingToPasting,
} from "./operators.ts";

/** Every scenario. Together they end in all five states and raise a suspicion. */
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
];

/** The scenario of that name, or null. */
export function findScenario(name: string): Scenario | null {
  return SCENARIOS.find((scenario) => scenario.name === name) ?? null;
}
