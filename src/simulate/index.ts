/**
 * Labelled synthetic sessions: each attacker plays a scenario, and the scenario defines the resulting states.
 */
export { SCENARIOS, findScenario } from "./scenarios/index.ts";
export {
  castAttackers,
  simulate,
  type SimulatedAttacker,
  type SimulatedSession,
  type SimulationOptions,
} from "./simulate.ts";
