/** How many operators share an identity, and who sat at which session. */
export { estimateOperators, type OperatorModel, operators } from "./estimate.ts";
export { groupsOf, type OperatorGroup } from "./groups.ts";
export { type Kinds, type SessionValues } from "./traits.ts";
