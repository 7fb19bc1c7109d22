/** Long work and repair: telling objects what D1 knows, the sweep, rebuilding everything. */
export { carryOutErasure, tellMerge } from "./tell.ts";
