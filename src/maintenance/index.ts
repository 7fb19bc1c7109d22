/** Long work and repair: jobs over several objects, the sweep, rebuilding everything, retention, heartbeat. */
export { carryOutErasure, carryOutMerge } from "./carry-out.ts";
export { MaintenanceObject } from "./object.ts";
export type { CapabilityJob, StepResult } from "./job-step.ts";
export type { QueryBudget } from "./query-budget.ts";
export type { RebuildProgress } from "./rebuild.ts";
export { handleScheduled, SWEEP_CRON } from "./scheduled.ts";
export { sweep, type SweepLimits } from "./sweep.ts";
export type { SweepReport } from "./sweep-report.ts";
export { MAINTENANCE } from "./wake.ts";
