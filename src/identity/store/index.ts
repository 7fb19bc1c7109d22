/** The identity object's own SQLite; nobody else speaks SQL to it. */
export { type Job, type JobOf } from "./jobs.ts";
export { type KeyRange, nameOf } from "./observations.ts";
export { type PendingEvent } from "./event-batch.ts";
export { IdentityStore } from "./store.ts";
