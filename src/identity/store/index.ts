/** The identity object's own SQLite; nobody else speaks SQL to it. */
export { type Job, type JobOf } from "./jobs.ts";
export { type PendingEvent } from "./event-batch.ts";
export { nameOf } from "./observations.ts";
export { type PlacedRow, type RowRange } from "./session-passes.ts";
export { IdentityStore } from "./store.ts";
