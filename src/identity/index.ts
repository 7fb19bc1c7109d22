/** One object per identity: its series, states, outbox. */
export { IdentityObject } from "./object.ts";
export type {
  AppliedObservation,
  ApplyAnswer,
  ApplyCall,
  IdentityLink,
  PrimitiveAttribution,
} from "./protocol.ts";
