/** One object per identity: its observations, states, jobs and outbox. */
export { IdentityObject } from "./object.ts";
export type {
  ApplyAnswer,
  ApplyCall,
  AttributionAnswer,
  ExchangePlan,
  IdentityLink,
  Inspection,
  PrimitiveAttribution,
} from "./protocol.ts";
export { digestRange } from "./check.ts";
export { CHECKED_ROWS } from "./protocol.ts";
export type { KeyRange } from "./store/index.ts";
