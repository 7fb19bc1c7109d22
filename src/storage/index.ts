/** D1, behind questions. Everything here takes its database as an argument; nobody else speaks SQL to it. */
export { type Attacker, findAttacker, registerAttacker } from "./attackers.ts";
export { hasIdentity } from "./reads.ts";
export type { HistoryEvent } from "./history/codec.ts";
export { type EventHead, headsOf, selectHeads } from "./history/heads.ts";
export { readHistory, readTransitions } from "./history/reads.ts";
export { redactHistory } from "./history/redaction.ts";
export { deleteHistory } from "./history/removal.ts";
export {
  addTotals,
  COUNTED_AFRESH_ROWS,
  COUNTED_HOLDS_MS,
  readRecentTotals,
  readTotals,
  readTotalsAtCursor,
  type Totals,
} from "./totals.ts";
export { EVIDENCE_FILTERS, type IdentityFilter } from "./identity-filter.ts";
export { listGlances, listIdentities } from "./identity-list.ts";
export { type IdentityPosition, type IdentitySort, IDENTITY_SORTS, positionIn } from "./identity-order.ts";
export { type IdentityGlance, type IdentitySummary, stateCounts } from "./identity-summaries.ts";
export { findIdentity, type IdentityDetail, type IdentityHead, readIdentityHead } from "./identity-reads.ts";
export { readLatestObservations, readSeries } from "./series-reads.ts";
export { finishBackfills, readBackfillPage } from "./backfill.ts";
export { type PackedProfile, readProfile } from "./profile.ts";
export {
  clearBacklog,
  projectEvents,
  projectProfile,
  reportBacklog,
  retractPrimitives,
} from "./projection.ts";
export { followLinks, type Link } from "./links.ts";
export { type RecordBatch, recordBatch } from "./record.ts";
export type { RecordedObservation } from "./sessions/codec.ts";
export { type LatestOf, type LatestPage, readFromLatest } from "./sessions/from-latest.ts";
export { OF_ATTACKER } from "./sessions/rows.ts";
export {
  arePacked,
  hasOldRows,
  PACK_PAGE_QUERIES,
  packAttackers,
  packBeforeRecording,
  packPage,
} from "./sessions/old-rows.ts";
export {
  type FollowedTarget,
  readEventsAfter,
  readFollowed,
  readSeqsAt,
  readStreamStart,
  type StreamedEvent,
} from "./streams.ts";
export { storeTicket, takeTicket } from "./tickets.ts";
export {
  type ObservationPage,
  readAttackersPage,
  readIdentityPage,
  type StoredMember,
} from "./observation-pages.ts";
export { readValuePage, VALUE_PAGE_QUERIES, type ValuePage } from "./sessions/all-rows.ts";
export type { SessionCursor } from "./sessions/row-pages.ts";
export {
  addJob,
  failJob,
  findJob,
  finishJob,
  type Job,
  type JobKind,
  readDueJobs,
  readNextDueTs,
  restartJob,
  saveJob,
} from "./jobs.ts";
export { mergeIdentities, type MergeOrUndoing, readLatestMerge, unmergeIdentity } from "./merges.ts";
export { readIdentityLinks, readMoved } from "./moved-links.ts";
export { DEEPEST_MERGE, resolveIdentity } from "./winners.ts";
export { removeEmptyIdentities } from "./empty-identities.ts";
export {
  beginErasure,
  CUT_QUERIES,
  cutSessions,
  ERASE_SESSIONS_QUERIES,
  eraseAttackerRow,
  eraseSessions,
} from "./erasures.ts";
export { ERASE_PAGE_QUERIES, eraseFromLetters, indexLetters, isErasedEvent } from "./letter-attackers.ts";
export { redactEvent, textsToRedact } from "./redaction.ts";
export { claimShardNames, isPaused, readEvidenceSecret, setPaused } from "./control.ts";
export {
  countDeadLetters,
  countUnpublishable,
  type DeadLetter,
  type DeadLetterRow,
  findDeadLetter,
  keepExhausted,
  keepUnpublishable,
  readDeadLetterPage,
  readDeadLetters,
  resolveDeadLetters,
  UNPUBLISHABLE,
  unpublishableLetter,
} from "./dead-letters.ts";
export {
  countIdentities,
  type LinkedAttacker,
  linkOnToWinner,
  noteCompared,
  noteCursor,
  readExistingKeys,
  readIdentitiesAfter,
  readLinks,
  readSweepCandidates,
  readUnfilledLinks,
  type SweptIdentity,
  takeUpIdentity,
} from "./sweep-reads.ts";
export { deleteObservations } from "./retention.ts";
