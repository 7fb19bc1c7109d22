/** The core: pure functions that make every decision. No I/O, clock, randomness or `env`. */
export { type Attribution } from "./attribution.ts";
export {
  EVENT_LIMIT_BYTES,
  type FormedEvent,
  type HealthEvent,
  healthEvent,
  mergedEvent,
  type MultiActorSuspectedEvent,
  type OutboundEvent,
  type StateChangedEvent,
  unmergedEvent,
} from "./event.ts";
export { type ExplainedMember, type Explanation } from "./explanation.ts";
export {
  announce,
  applyChange,
  forgetPrimitive,
  form,
  type IdentityHead,
  newIdentityHead,
  type PrimitiveRecord,
  recompute,
  type StepContext,
  type StepResult,
  suspect,
  withoutAttacker,
} from "./identity.ts";
export { canonicalJson, type JsonValue, utf8Length } from "./json.ts";
export {
  arraySeries,
  type Change,
  HASH_LISTED,
  HASH_TAIL_LIMIT,
  type HashWindow,
  isSameKey,
  mapHashWindow,
  merge,
  type Outcome,
  type Rule,
  type Series,
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
  isInformative,
  type Member,
  type MergeKind,
  mergeKindOf,
  type Observation,
  type State,
  STATES,
  type ValueKind,
} from "./observation.ts";
export { compareArrivals, compareMembers, comparePrecedence, compareUtf8 } from "./order.ts";
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
export { replay } from "./replay.ts";
export {
  readThresholds,
  STANDARD_THRESHOLDS,
  THRESHOLD_SPECS,
  type ThresholdProblem,
  type Thresholds,
} from "./thresholds.ts";
export { attackerUuidOfAddress, eventId, normalizeUuid, stubIdentityUuid } from "./uuid.ts";
