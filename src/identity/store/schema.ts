/**
 * The tables of an identity object's own SQLite. drizzle-kit makes the numbered migrations beside this file from it;
 * `WITHOUT ROWID`, which it cannot write, is added there by hand. The statements themselves are SQL: they run for every
 * observation.
 */
import { index, integer, primaryKey, real, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** Single values by name, as JSON: see meta.ts. WITHOUT ROWID. */
export const meta = sqliteTable("meta", {
  name: text("name").primaryKey(),
  value: text("value").notNull(),
});

/** The attackers that were ever linked here, each with the newest version of its link that was heard of. WITHOUT ROWID. */
export const attackers = sqliteTable("attackers", {
  uuid: text("uuid").primaryKey(),
  linkVersion: integer("link_version").notNull(),
  isLinked: integer("is_linked", { mode: "boolean" }).notNull(),
  firstSeenTs: real("first_seen_ts"),
});

/** Attackers that were erased: an observation that comes afterwards with a ts not later is dropped. WITHOUT ROWID. */
export const erased = sqliteTable("erased", {
  attackerUuid: text("attacker_uuid").primaryKey(),
  erasedTs: real("erased_ts").notNull(),
});

/** Every observation, once. The key has the order of D1's, so that the two are compared range by range. WITHOUT ROWID. */
export const observations = sqliteTable(
  "observations",
  {
    attackerUuid: text("attacker_uuid").notNull(),
    primitive: text("primitive").notNull(),
    evidenceRef: text("evidence_ref").notNull(),
    ts: real("ts").notNull(),
    id: text("id").notNull(),
    value: text("value").notNull(),
  },
  (table) => [primaryKey({ columns: [table.attackerUuid, table.primitive, table.evidenceRef] })],
);

/** The state of each primitive, with the tail by which the next observation is judged. WITHOUT ROWID. */
export const attributions = sqliteTable("attributions", {
  primitive: text("primitive").primaryKey(),
  currentValue: text("current_value").notNull(),
  state: text("state").notNull(),
  confidence: real("confidence").notNull(),
  observationCount: integer("observation_count").notNull(),
  lastChangeTs: real("last_change_ts").notNull(),
  lastObservationTs: real("last_observation_ts").notNull(),
  tail: text("tail").notNull(),
  policyId: text("policy_id").notNull(),
});

/** The latest member of each distinct hash in the window, for primitives with more than a tail holds. WITHOUT ROWID. */
export const hashWindow = sqliteTable(
  "hash_window",
  {
    primitive: text("primitive").notNull(),
    value: text("value").notNull(),
    ts: real("ts").notNull(),
    evidenceRef: text("evidence_ref").notNull(),
    attackerUuid: text("attacker_uuid").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.primitive, table.value] }),
    // For what falls out of the window.
    index("hash_window_by_ts").on(table.primitive, table.ts),
  ],
);

/** Events that are due. */
export const outbox = sqliteTable("outbox", {
  seq: integer("seq").primaryKey(),
  dueTs: real("due_ts").notNull(),
  /** JSON of the envelope; a suspicion's list may stand as the difference to that of the suspicion before. */
  event: text("event").notNull(),
});

/** Long work: what waits, how far it is, and the keys of what is done once. WITHOUT ROWID. */
export const jobs = sqliteTable("jobs", {
  key: text("key").primaryKey(),
  kind: text("kind").notNull(),
  /** Jobs are worked off in this order. */
  position: integer("position").notNull(),
  /** JSON of what is to be done; null once it is done. */
  input: text("input"),
  /** JSON of how far it is; null at the start. */
  progress: text("progress"),
  /** Raised by every change of the row: a step applies only what it read under the same one. */
  revision: integer("revision").notNull(),
  /** Failed attempts in a row, the reason of the last one, and when the next may start (epoch milliseconds). */
  failures: integer("failures").notNull(),
  error: text("error"),
  retryMs: integer("retry_ms").notNull(),
});

/** Observations that a job has read, until it puts them in the place of those held. WITHOUT ROWID. */
export const staged = sqliteTable(
  "staged",
  {
    jobKey: text("job_key").notNull(),
    attackerUuid: text("attacker_uuid").notNull(),
    primitive: text("primitive").notNull(),
    evidenceRef: text("evidence_ref").notNull(),
    ts: real("ts").notNull(),
    id: text("id").notNull(),
    value: text("value").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.jobKey, table.attackerUuid, table.primitive, table.evidenceRef] }),
  ],
);
