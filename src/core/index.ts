/** The core: pure functions that make every decision. No I/O, clock, randomness or `env`. */
export { type Attribution } from "./attribution.ts";
export { decide } from "./decision.ts";
export { EVENT_KINDS, healthEvent, type OutboundEvent } from "./event.ts";
export {
  type Cause,
  type Decision,
  type Facts,
  type LinkedAttackers,
  type Notice,
  type ObservationKey,
} from "./facts.ts";
export { fitEvent, fitList } from "./fitted-list.ts";
export { applyDifference, differenceOf, type ListDifference } from "./list-difference.ts";
export {
  applyChange,
  type IdentityHead,
  newIdentityHead,
  type PrimitiveRecord,
  type StepResult,
} from "./identity.ts";
export { canonicalJson, type JsonValue, utf8Length } from "./json.ts";
export {
  arraySeries,
  type Change,
  collectSeries,
  type HashWindowChange,
  merge,
  NO_HASH_WINDOW,
  type Series,
  type SeriesCollector,
  type StoredHashWindow,
  type Tail,
} from "./merge/index.ts";
export {
  describeRefusal,
  LIMITS,
  type ParseContext,
  type ParsedEvent,
  parseEvent,
  parseMessage,
  type Refusal,
} from "./message/index.ts";
export {
  type AppliedObservation,
  isInformative,
  type Member,
  type MergeKind,
  mergeKindOf,
  nameInSeries,
  type Observation,
  type State,
  STATES,
  type ValueKind,
} from "./observation.ts";
export {
  type PlaceInSeries,
  type Precedence,
  compareMembers,
  comparePrecedence,
  compareUtf8,
} from "./order.ts";
export { chooseShard } from "./placement.ts";
export { createRegistry, isValueKind, type PrimitiveFacts, PRIMITIVES, type Registry } from "./registry.ts";
export { makePolicy, mergeKindIn, type Policy, registryOf, STANDARD_POLICY } from "./policy.ts";
export { attributionInOrder, attributionSoFar } from "./in-order.ts";
export {
  mergeIntoRow,
  nameInAttacker,
  placeOf,
  SESSION_ROW,
  type SessionRow,
  sessionOf,
  type Stored,
} from "./session.ts";
export {
  type EntriesChange,
  type FollowedIdentity,
  type FollowedSeries,
  type HookEvent,
  type HookOutcome,
  type HookRun,
  type HookWork,
  type RecomputeReason,
  type SeriesHook,
} from "./series-hook.ts";
export { readThresholds } from "./thresholds.ts";
export { attackerUuidOfAddress, eventId, normalizeUuid, stubIdentityUuid } from "./uuid.ts";
