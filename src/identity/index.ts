/** One object per identity: its series, states, outbox. */
export { IdentityObject } from "./object.ts";
export { CHECKED_ROWS } from "./protocol.ts";
export type {
  AppliedObservation,
  ApplyAnswer,
  ApplyCall,
  AttributionAnswer,
  IdentityLink,
  Inspection,
  PrimitiveAttribution,
} from "./protocol.ts";
export type { SyncLink, SyncPlan } from "./sync.ts";
export { digestPage, type KeyRange } from "./check.ts";
