/** Long work and repair: telling objects what D1 knows, the sweep, rebuilding everything, retention, heartbeat. */
export { MAINTENANCE, MaintenanceObject, type RebuildProgress } from "./object.ts";
export { handleScheduled, SWEEP_CRON } from "./scheduled.ts";
export { sweep, type SweepLimits, type SweepReport } from "./sweep.ts";
export { carryOutErasure, tellMerge } from "./tell.ts";
