/** Evidence: changes with a proven error rate, how many operators, and how foreign a session's commands are. Pure; runs in Node directly. */
export {
  type CommandScorer,
  commandScorer,
  CommandsState,
  type SessionScore,
  wordSecretStamp,
} from "./commands/index.ts";
export { COMMANDS, type EvidenceConstants, STANDARD_EVIDENCE } from "./constants.ts";
export {
  type ChangeDetector,
  changeDetector,
  type Draw,
  drawOf,
  type Hypothesis,
  keyOf,
  Regime,
  type RegimeSplit,
  type SipKey,
  type Step,
  type StepConstants,
} from "./change/index.ts";
export { evidenceInPolicy, readEvidenceConstants } from "./variables.ts";
export { type Session, type SessionObservation, sessionsOf, traitFilter } from "./sessions.ts";
export {
  estimateOperators,
  groupsOf,
  type Kinds,
  type OperatorGroup,
  type OperatorModel,
  operators,
  type SessionValues,
} from "./operators/index.ts";
export { type NumericSummary, type SharesSummary, type Summary } from "./statistics.ts";
