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
export { COMMANDS, type EvidenceConstants, STANDARD_EVIDENCE } from "./constants.ts";
export {
  type ChangeDetector,
  changeDetector,
  type Draw,
  drawOf,
  type Hypothesis,
  keyOf,
  type NumericSummary,
  Regime,
  type RegimeSplit,
  type SharesSummary,
  type SipKey,
  type Step,
  type StepConstants,
  type Summary,
} from "./change/index.ts";
export { evidenceInPolicy, readEvidenceConstants } from "./variables.ts";
