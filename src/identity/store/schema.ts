/**
 * The tables of the SQLite of an identity object. drizzle-kit generates the numbered migrations in this folder from it; their text is
 * completed by hand. A new store does not run them: `tables.ts` has its statements. The statements are plain SQL, because they run for
 * every observation.
 */
import { blob, index, integer, primaryKey, real, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** Single values by name, as JSON: see meta.ts and head.ts. WITHOUT ROWID. */
export const meta = sqliteTable("meta", {
  name: text("name").primaryKey(),
  value: text("value").notNull(),
});

/** The known attackers, each with the newest known version of its link. WITHOUT ROWID. */
export const attackers = sqliteTable("attackers", {
  uuid: text("uuid").primaryKey(),
  /** Names the attacker in the ids of its session rows. Given by the object; an attacker keeps its number. */
  number: integer("number").notNull(),
  linkVersion: integer("link_version").notNull(),
  isLinked: integer("is_linked", { mode: "boolean" }).notNull(),
  firstSeenTs: real("first_seen_ts"),
});

/** Session rows: the observations of an attacker whose sessions have the same place. */
export const sessions = sqliteTable("sessions", {
  /** The attacker's number × 2^32 + place. */
  id: integer("id").primaryKey(),
  /** Whether further observations of its sessions are stored one level deeper. */
  isFull: integer("is_full", { mode: "boolean" }).notNull(),
  /** Number of observations. */
  size: integer("size").notNull(),
  firstTs: real("first_ts").notNull(),
  /** The observations as columns, as JSON. */
  body: text("body").notNull(),
  /** Of the latest observation. Null in a row that version 2 wrote: the row may end at any time. */
  lastTs: real("last_ts"),
});

/** The records of the primitives, several in a row: see records.ts. */
export const states = sqliteTable("states", {
  page: integer("page").primaryKey(),
  /** JSON of a list: the names of the primitives of the page. */
  primitives: text("primitives").notNull(),
  /** When the read model was last due, as of the last write of the page: epoch seconds; 0 for never. */
  projectedTs: real("projected_ts").notNull(),
  /** When a hook's estimate was made or became due, as of the last write of the page: epoch seconds; 0 for never. */
  estimatedTs: real("estimated_ts").notNull(),
  /** Observations as of that estimate; null: it is due, or there was none. */
  estimatedCount: integer("estimated_count"),
  /** Their records in the same order: see page-text.ts. */
  body: text("body").notNull(),
  /** What a hook keeps for each of them, in the same order: see page-bytes.ts. Null if it keeps nothing. */
  kept: blob("kept"),
});

/** The entries that a hook keeps for a primitive, in their order. Created when needed. WITHOUT ROWID. */
export const hookEntries = sqliteTable(
  "hook_entries",
  {
    primitive: text("primitive").notNull(),
    /** From 0. */
    position: integer("position").notNull(),
    body: text("body").notNull(),
  },
  (table) => [primaryKey({ columns: [table.primitive, table.position] })],
);

/** The outbox: events that are not published yet, besides those in the row of the head. Created when needed. */
export const outbox = sqliteTable("outbox", {
  /** Of the last event in the row. */
  seq: integer("seq").primaryKey(),
  /** Number of events. */
  size: integer("size").notNull(),
  /** Of the first event, epoch seconds. */
  dueTs: real("due_ts").notNull(),
  /** JSON of the list of envelopes: see event-batch.ts. */
  events: text("events").notNull(),
});

/** Jobs: waiting ones with their progress, and the keys of jobs that must run only once. Created when needed. WITHOUT ROWID. */
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

/** Session rows that a job has read and will exchange for the stored ones. Created when needed. WITHOUT ROWID. */
export const staged = sqliteTable(
  "staged",
  {
    jobKey: text("job_key").notNull(),
    attackerUuid: text("attacker_uuid").notNull(),
    place: integer("place").notNull(),
    isFull: integer("is_full", { mode: "boolean" }).notNull(),
    size: integer("size").notNull(),
    firstTs: real("first_ts").notNull(),
    body: text("body").notNull(),
    lastTs: real("last_ts"),
  },
  (table) => [primaryKey({ columns: [table.jobKey, table.attackerUuid, table.place] })],
);

/** Erased attackers. A later arrival with a ts up to the time of the erasure is dropped. Created when needed. WITHOUT ROWID. */
export const erased = sqliteTable("erased", {
  attackerUuid: text("attacker_uuid").primaryKey(),
  erasedTs: real("erased_ts").notNull(),
});

/**
 * The latest member of each distinct hash in the window, for primitives with more than a tail holds. Created when needed.
 * WITHOUT ROWID.
 */
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

/** The observations of a store of version 1, a row each, until a job has moved them into session rows. WITHOUT ROWID. */
export const observationRows = sqliteTable(
  "observation_rows",
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
