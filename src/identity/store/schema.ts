/**
 * The tables of the SQLite of an identity object. drizzle-kit generates the numbered migrations in this folder from it;
 * `WITHOUT ROWID` is added to them by hand. The statements are plain SQL, because they run for every observation.
 */
import { index, integer, primaryKey, real, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** Single values by name, as JSON: see meta.ts. WITHOUT ROWID. */
export const meta = sqliteTable("meta", {
  name: text("name").primaryKey(),
  value: text("value").notNull(),
});

/** The known attackers, each with the newest known version of its link. WITHOUT ROWID. */
export const attackers = sqliteTable("attackers", {
  uuid: text("uuid").primaryKey(),
  linkVersion: integer("link_version").notNull(),
  isLinked: integer("is_linked", { mode: "boolean" }).notNull(),
  firstSeenTs: real("first_seen_ts"),
});

/** Erased attackers. A later arrival with a ts up to the time of the erasure is dropped. WITHOUT ROWID. */
export const erased = sqliteTable("erased", {
  attackerUuid: text("attacker_uuid").primaryKey(),
  erasedTs: real("erased_ts").notNull(),
});

/** Every observation, once. The key has the same order as D1's, so that both are compared range by range. WITHOUT ROWID. */
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

/** The state of each primitive, with the tail that the next observation is applied to. WITHOUT ROWID. */
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
    // For members that leave the window.
    index("hash_window_by_ts").on(table.primitive, table.ts),
  ],
);

/** The outbox: events that are not published yet. */
export const outbox = sqliteTable("outbox", {
  seq: integer("seq").primaryKey(),
  dueTs: real("due_ts").notNull(),
  /** JSON of the envelope. The list of a suspicion may be stored as the difference to the suspicion before. */
  event: text("event").notNull(),
});

/** Jobs: waiting ones with their progress, and the keys of jobs that must run only once. WITHOUT ROWID. */
export const jobs = sqliteTable("jobs", {
  key: text("key").primaryKey(),
  kind: text("kind").notNull(),
  /** The order in which jobs run. */
  position: integer("position").notNull(),
  /** JSON of the input; null once the job is done. */
  input: text("input"),
  /** JSON of the progress; null at the start. */
  progress: text("progress"),
  /** Raised by every change of the row. A step applies only what it read at the same version. */
  revision: integer("revision").notNull(),
  /** Number of consecutive failures, the reason of the last one, and the time of the next attempt (epoch milliseconds). */
  failures: integer("failures").notNull(),
  error: text("error"),
  retryMs: integer("retry_ms").notNull(),
});

/** Observations that a job has read and will exchange for the stored ones. WITHOUT ROWID. */
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
