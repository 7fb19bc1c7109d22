/** One object per identity: its series, states, outbox. */
export { IdentityObject } from "./object.ts";
export type {
  AppliedObservation,
  ApplyAnswer,
  ApplyCall,
  AttributionAnswer,
  IdentityLink,
  Inspection,
  NewestAnswer,
  PrimitiveAttribution,
  RecentAnswer,
} from "./protocol.ts";
export type { RecentObservation } from "./recent.ts";
export type { SyncLink, SyncPlan } from "./sync.ts";
export { digestPage, type ObservationKey, type PageRange } from "./check.ts";
