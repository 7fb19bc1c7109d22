/** Evidence: changes with a proven error rate, how many operators, and how foreign a session's commands are. Pure; runs in Node directly. */
export {
  type CommandScorer,
  commandScorer,
  CommandsState,
  type SessionScore,
  shareOfUses,
  wordSecretStamp,
  wordsOfBag,
} from "./commands/index.ts";
export { COMMANDS, type EvidenceConstants, PATH_OBSERVATIONS, STANDARD_EVIDENCE } from "./constants.ts";
export {
  type ChangeDetector,
  type ChangeKind,
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
export {
  describeSeries,
  evidenceE,
  evidenceHook,
  type EvidenceInputs,
  pathOf,
  seriesAsOf,
  summarizeIdentity,
  summarizeSeries,
} from "./hook.ts";
export {
  type ChangeItem,
  type ChangeView,
  type CommandsView,
  describeCommands,
  type EvidencePath,
  type PathWalk,
  type SeriesAsOf,
  type Words,
} from "./series/index.ts";
export { offHook } from "./off-hook.ts";
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
