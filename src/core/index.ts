/** The core: pure functions that make every decision. No I/O, clock, randomness or `env`. */
export { type Attribution } from "./attribution.ts";
export {
  EVENT_LIMIT_BYTES,
  type FormedEvent,
  type HealthEvent,
  healthEvent,
  type MultiActorSuspectedEvent,
  type OutboundEvent,
  type StateChangedEvent,
} from "./event.ts";
export {
  type Cause,
  decide,
  type Decision,
  type Facts,
  type LinkedAttackers,
  type Notice,
  type ObservationKey,
} from "./decision.ts";
export { EVENT_LIST_BYTES, EVENT_LIST_ENTRIES, fitEvent, fitList } from "./fitted-list.ts";
export { applyDifference, differenceOf, type ListDifference } from "./list-difference.ts";
export { type ExplainedMember, type Explanation } from "./explanation.ts";
export {
  applyChange,
  type IdentityHead,
  newIdentityHead,
  type PrimitiveRecord,
  recompute,
  type StepContext,
  type StepResult,
} from "./identity.ts";
export { canonicalJson, type JsonValue, utf8Length } from "./json.ts";
export {
  arraySeries,
  type Change,
  HASH_LISTED,
  HASH_TAIL_LIMIT,
  type HashWindow,
  type HashWindowChange,
  isSameKey,
  mapHashWindow,
  merge,
  NO_HASH_WINDOW,
  type Outcome,
  type Rule,
  orderedSeries,
  type Series,
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
  type RefusalCode,
} from "./message/index.ts";
export {
  type AppliedObservation,
  isInformative,
  type Member,
  type MergeKind,
  mergeKindOf,
  type Observation,
  type State,
  STATES,
  type ValueKind,
} from "./observation.ts";
export { type Precedence, compareArrivals, compareMembers, comparePrecedence, compareUtf8 } from "./order.ts";
export { chooseShard } from "./placement.ts";
export { createRegistry, isValueKind, type PrimitiveFacts, PRIMITIVES, type Registry } from "./registry.ts";
export {
  makePolicy,
  mergeKindIn,
  namedThresholds,
  type Policy,
  registryOf,
  STANDARD_POLICY,
} from "./policy.ts";
export { attributionInOrder } from "./in-order.ts";
export {
  readThresholds,
  STANDARD_THRESHOLDS,
  THRESHOLD_SPECS,
  type ThresholdProblem,
  type Thresholds,
} from "./thresholds.ts";
export { attackerUuidOfAddress, eventId, normalizeUuid, stubIdentityUuid } from "./uuid.ts";
