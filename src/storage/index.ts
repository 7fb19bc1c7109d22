/** D1, behind questions. Everything here takes its database as an argument; nobody else speaks SQL to it. */
export {
  type Attacker,
  findAttacker,
  type Registered,
  registerAttacker,
  type Registration,
} from "./attackers.ts";
export { hasIdentity, type HistoryEvent, readHistory, readTotals, type Totals } from "./reads.ts";
export {
  type BackfillCursor,
  type BackfilledObservation,
  finishBackfill,
  readBackfillPage,
} from "./backfill.ts";
export { clearBacklog, type DrainedEvent, projectEvents, reportBacklog } from "./projection.ts";
export {
  type DeadLetter,
  type Link,
  readLinks,
  type RecordBatch,
  recordBatch,
  type RecordedObservation,
} from "./record.ts";
