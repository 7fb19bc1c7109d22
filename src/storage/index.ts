/** D1, behind questions. Everything here takes its database as an argument; nobody else speaks SQL to it. */
export {
  type Attacker,
  findAttacker,
  type Registered,
  registerAttacker,
  type Registration,
} from "./attackers.ts";
export { hasIdentity, type HistoryEvent, readHistory } from "./reads.ts";
export {
  addTotals,
  COUNTED_AFRESH_ROWS,
  COUNTED_HOLDS_MS,
  readRecentTotals,
  readTotals,
  readTotalsAtCursor,
  type Totals,
} from "./totals.ts";
export { type IdentityFilter, type IdentityPosition, listGlances, listIdentities } from "./identity-list.ts";
export {
  findIdentity,
  type HistoryPage,
  type IdentityAttacker,
  type IdentityDetail,
  type IdentityGlance,
  type IdentityHead,
  type IdentitySummary,
  readIdentityHead,
  readTransitions,
} from "./identity-reads.ts";
export {
  readLatestObservations,
  readSeries,
  type SeriesFilter,
  type SeriesPosition,
} from "./series-reads.ts";
export { type BackfillCursor, finishBackfills, readBackfillPage } from "./backfill.ts";
export { type PackedProfile, type Profile, type ProfileState, readProfile } from "./profile.ts";
export {
  clearBacklog,
  type DrainedEvent,
  projectEvents,
  projectProfile,
  reportBacklog,
  retractPrimitives,
} from "./projection.ts";
export { followLinks, type Link } from "./links.ts";
export { type RecordBatch, recordBatch, type Recorded, type RecordedObservation } from "./record.ts";
export {
  type Followed,
  type FollowedEvent,
  type FollowedTarget,
  readEventsAfter,
  readFollowed,
  readSeqsAt,
  readStreamStart,
  type StreamedEvent,
} from "./streams.ts";
export { type StoredTicket, storeTicket, takeTicket } from "./tickets.ts";
export {
  type KeyInAttacker,
  readAttackersPage,
  readIdentityPage,
  type StoredMember,
} from "./observation-pages.ts";
export {
  type ChangedLink,
  markTold,
  mergeIdentities,
  type MergeResult,
  readIdentityLinks,
  readMoved,
  readUntoldMerges,
  resolveIdentity,
  unmergeIdentity,
  type UnmergeResult,
  type UntoldMerge,
} from "./merges.ts";
export {
  beginErasure,
  completeErasure,
  eraseDeadLetters,
  eraseFromRecord,
  isErasedEvent,
  type Erasure,
  readOpenErasures,
} from "./erasures.ts";
export { redactionStatements } from "./redaction.ts";
export { claimShardNames, isPaused, setPaused } from "./control.ts";
export {
  type DeadLetter,
  type DeadLetterRow,
  findDeadLetter,
  keepExhausted,
  keepUnpublishable,
  readDeadLetters,
  resolveDeadLetters,
  unpublishableLetter,
} from "./dead-letters.ts";
export {
  countIdentities,
  deleteHistory,
  deleteObservations,
  noteChecked,
  noteCursor,
  readExistingKeys,
  readIdentitiesAfter,
  readSweepCandidates,
  type SweepCandidate,
} from "./sweep-reads.ts";
