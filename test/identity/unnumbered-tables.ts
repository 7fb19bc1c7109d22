/** The tables of an identity object as they were before their migrations had numbers. */
export const UNNUMBERED_TABLES = `
-- The identity's memory besides its primitives: one row, the JSON of an IdentityHead.
CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), head TEXT NOT NULL);
-- The attackers linked here, each with the newest version of its link that was heard of.
CREATE TABLE attackers (
  uuid TEXT PRIMARY KEY, link_version INTEGER NOT NULL, is_linked INTEGER NOT NULL, first_seen_ts REAL
) WITHOUT ROWID;
-- Every observation, once; the primitive comes first, so that a series is one range.
CREATE TABLE observations (
  primitive TEXT NOT NULL, evidence_ref TEXT NOT NULL, attacker_uuid TEXT NOT NULL,
  ts REAL NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (primitive, evidence_ref, attacker_uuid)
) WITHOUT ROWID;
-- State of each primitive, with the tail that the next observation is judged by.
CREATE TABLE attributions (
  primitive TEXT PRIMARY KEY, current_value TEXT NOT NULL, state TEXT NOT NULL, confidence REAL NOT NULL,
  observation_count INTEGER NOT NULL, last_change_ts REAL NOT NULL, last_observation_ts REAL NOT NULL,
  tail TEXT NOT NULL, version TEXT NOT NULL
) WITHOUT ROWID;
-- The latest member of each distinct hash in the window, for primitives with more than a tail holds.
CREATE TABLE hash_window (
  primitive TEXT NOT NULL, value TEXT NOT NULL, ts REAL NOT NULL, evidence_ref TEXT NOT NULL,
  attacker_uuid TEXT NOT NULL, PRIMARY KEY (primitive, value)
) WITHOUT ROWID;
CREATE INDEX hash_window_by_ts ON hash_window (primitive, ts);
-- Events that are due, each with the suspicion that holds after it (for the list projection).
CREATE TABLE outbox (seq INTEGER PRIMARY KEY, due_ts REAL NOT NULL, event TEXT NOT NULL, suspected TEXT);
-- Attackers whose earlier observations are being read from D1, and how far that is.
CREATE TABLE backfills (
  attacker_uuid TEXT PRIMARY KEY, link_version INTEGER NOT NULL,
  after_ts REAL, after_evidence_ref TEXT, after_primitive TEXT
) WITHOUT ROWID;
-- Merges, unmerges and rebuilds that wait, and how far the first one is.
CREATE TABLE syncs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, plan TEXT NOT NULL, attacker_index INTEGER NOT NULL,
  after_primitive TEXT, after_evidence_ref TEXT
);
-- What merges and unmerges were done for already.
CREATE TABLE sync_keys (key TEXT PRIMARY KEY) WITHOUT ROWID;
-- Observations that will take the place of those held, once all are here.
CREATE TABLE staged (
  primitive TEXT NOT NULL, evidence_ref TEXT NOT NULL, attacker_uuid TEXT NOT NULL,
  ts REAL NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (primitive, evidence_ref, attacker_uuid)
) WITHOUT ROWID;
-- Attackers that were erased: what comes of them afterwards with an earlier ts is dropped.
CREATE TABLE erased (attacker_uuid TEXT PRIMARY KEY, erased_ts REAL NOT NULL) WITHOUT ROWID;
-- Primitives that lost their last observation, until the list projection knows it.
CREATE TABLE removed_primitives (primitive TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
-- The latest merge, or undoing of one, that this identity heard of, and whom it is merged into since (null: nobody).
CREATE TABLE merged (
  id INTEGER PRIMARY KEY CHECK (id = 1), winner_uuid TEXT, merge_id INTEGER NOT NULL, is_undone INTEGER NOT NULL
);
-- One row while D1 says that events of this identity are stuck.
CREATE TABLE reported_backlog (id INTEGER PRIMARY KEY CHECK (id = 1));
`;
