/**
 * Labelled synthetic sessions: attackers whose story, and so whose states, are known beforehand.
 */
export type { MeasuredValue, Scenario } from "./scenario.ts";
export { SCENARIOS, findScenario } from "./scenarios/index.ts";
export {
  castAttackers,
  simulate,
  type SimulatedAttacker,
  type SimulatedEvent,
  type SimulatedSession,
  type SimulationOptions,
} from "./simulate.ts";
