/** One object per identity: its observations, states, jobs and outbox. */
export { IdentityObject } from "./object.ts";
export type {
  ApplyAnswer,
  ApplyCall,
  AttributionAnswer,
  EvidenceAnswer,
  EvidencePathAnswer,
  IdentityLink,
  NewestAnswer,
  PrimitiveAttribution,
  RecentAnswer,
} from "./protocol.ts";
export type { RecentObservation } from "./recent.ts";
export { digestRange } from "./check.ts";
