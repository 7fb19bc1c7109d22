/**
 * The tables of D1: the record (attackers, identities, sessions), the history and read model written by the outbox drains
 * (events, attributions), and dead letters. drizzle-kit makes the migrations from this file;
 * `WITHOUT ROWID` and the triggers, which it cannot write, are in the migrations by hand.
 *
 * Each row costs one more write per index, so every index has a comment with its purpose. `sessions` has only its key.
 */
import { sql } from "drizzle-orm";
import {
  blob,
  index,
  integer,
  primaryKey,
  real,
  sqliteTable,
  text,
  uniqueIndex,
} from "drizzle-orm/sqlite-core";

/** One source. This table is authoritative for its link to an identity, which is null while it is unregistered. */
export const attackers = sqliteTable(
  "attackers",
  {
    /** The first part of the key of its session rows. A trigger removes what is left of them with the attacker. */
    number: integer("number").primaryKey(),
    uuid: text("uuid").notNull(),
    identityUuid: text("identity_uuid"),
    /** Raised by every change of the link, in the same statement. */
    linkVersion: integer("link_version").notNull().default(0),
    /** 1 while observations from before the registration are not applied yet. */
    needsBackfill: integer("needs_backfill", { mode: "boolean" }).notNull().default(false),
    ip: text("ip"),
    firstSeenTs: real("first_seen_ts"),
    /** May be up to 300 s old. */
    lastSeenTs: real("last_seen_ts"),
  },
  (table) => [
    // The key that everything else knows an attacker by. Written once per attacker.
    uniqueIndex("attackers_by_uuid").on(table.uuid),
    // For the attackers of an identity, and for unregistered ones (null). Written when a link is created or changed.
    index("attackers_by_identity").on(table.identityUuid),
    // For the attackers of an identity with an incomplete backfill. Written only when a backfill begins and ends.
    index("attackers_by_backfill")
      .on(table.identityUuid)
      .where(sql`needs_backfill = 1`),
  ],
);

/** A set of attackers that count as one operator. A trigger creates the row with the first link to it. WITHOUT ROWID. */
export const identities = sqliteTable(
  "identities",
  {
    uuid: text("uuid").primaryKey(),
    /** Number of the last projected event. A late repeat with a lower number changes nothing. */
    lastSeq: integer("last_seq").notNull().default(0),
    /** `last_observation_ts` at the last transition; null before the first. */
    lastChangeTs: real("last_change_ts"),
    /** JSON list of the primitives suspected of several actors, or null. */
    suspected: text("suspected"),
    /** The winner, while this identity is merged away. */
    mergedIntoUuid: text("merged_into_uuid"),
    /** 1 while its object may differ from D1; the sweep checks it first. */
    isDirty: integer("is_dirty", { mode: "boolean" }).notNull().default(false),
    /** Raised by every marking (`MARK` in marks.ts). The sweep clears a mark only if its version has not changed. */
    markVersion: integer("mark_version").notNull().default(0),
    /** Time at which the sweep last selected it, epoch seconds; 0 before the first time. */
    checkedTs: real("checked_ts").notNull().default(0),
    /** Position at which the sweep continues an identity that is too large for one run: JSON, or null for the start. */
    sweepCursor: text("sweep_cursor"),
    /** Time at which `profile` was written, epoch seconds. A late repeat with an earlier time changes nothing. */
    projectedTs: real("projected_ts").notNull().default(0),
    /** Packed JSON of every primitive's state (see profile.ts), or null before the first event. Long, so what is read often stands before. */
    profile: text("profile"),
    /** Evidence that it has changed, ≥ 0, to four digits; null until it is known. Written with the profile. */
    evidenceE: real("evidence_e"),
    /** Time of its last proven change that stands, epoch seconds; null if there is none. */
    evidenceChangedTs: real("evidence_changed_ts"),
    /** The last published estimate of the number of operators; null until it is known. */
    operators: integer("operators"),
  },
  (table) => [
    // For the list, most recently changed first. Written once per drained page of events.
    index("identities_by_change").on(table.lastChangeTs, table.uuid),
    // For the list by proven change, and to count them. Holds only identities with one, and is written when that changes.
    index("identities_by_proven_change")
      .on(table.evidenceChangedTs, table.uuid)
      .where(sql`evidence_changed_ts IS NOT NULL AND merged_into_uuid IS NULL`),
    // For the list of identities with several operators, and to count them. Written when the estimate changes.
    index("identities_by_operators")
      .on(table.operators, table.uuid)
      .where(sql`operators > 1 AND merged_into_uuid IS NULL`),
    // For the list by E. Holds only the noted identities (see `NOTED_E`): their entries are written with their profiles.
    index("identities_by_e")
      .on(table.evidenceE, table.uuid)
      .where(sql`evidence_e >= 3.125 AND merged_into_uuid IS NULL`),
    // For the sweep: the marked ones and the longest unchecked. Written once per identity and sweep.
    index("identities_by_check").on(table.isDirty, table.checkedTs),
  ],
);

/** Session rows: every observation, once per (attacker, primitive, evidence), with the others of its session. See sessions/. */
export const sessions = sqliteTable("sessions", {
  /** The attacker's number × 2^32 + the place of the row among the attacker's (`placeOf`). Not exact as a JavaScript number. */
  id: integer("id").primaryKey(),
  /** Raised by every change; a change is written only over the version that it was made from. */
  version: integer("version").notNull(),
  /** Number of observations. */
  size: integer("size").notNull(),
  /** Whether further observations of its sessions are stored deeper. Such a row stays, also when it is empty. */
  isFull: integer("is_full", { mode: "boolean" }).notNull(),
  /** Least and greatest ts of its observations, epoch seconds; 0 if it is empty. */
  firstTs: real("first_ts").notNull(),
  lastTs: real("last_ts").notNull(),
  /** The observations, encoded (see sessions/codec.ts). */
  body: blob("body").notNull(),
});

/**
 * Observations that the version before sessions has stored, one row each, until a job has moved them into session rows. Nothing
 * else is written to it. WITHOUT ROWID.
 */
export const observationRows = sqliteTable(
  "observation_rows",
  {
    attackerUuid: text("attacker_uuid").notNull(),
    primitive: text("primitive").notNull(),
    evidenceRef: text("evidence_ref").notNull(),
    id: text("id").notNull(),
    /** Canonical JSON. */
    value: text("value").notNull(),
    ts: real("ts").notNull(),
    confidence: real("confidence").notNull(),
    windowStartTs: real("window_start_ts").notNull(),
    windowEndTs: real("window_end_ts").notNull(),
    source: text("source").notNull(),
    identityRef: text("identity_ref"),
    isUnlisted: integer("is_unlisted", { mode: "boolean" }).notNull().default(false),
  },
  (table) => [primaryKey({ columns: [table.attackerUuid, table.primitive, table.evidenceRef] })],
);

/**
 * Every published event. A row holds the events of one page of a drain, which follow one another. `cursor` orders all events: that of
 * the row is the cursor of its last event, and the others count down from it.
 */
export const events = sqliteTable(
  "events",
  {
    cursor: integer("cursor").primaryKey(),
    identityUuid: text("identity_uuid").notNull(),
    /** Number of the last event of the row. */
    seq: integer("seq").notNull(),
    /** Number of events. */
    size: integer("size").notNull().default(1),
    /** Greatest `ts` of the events, epoch seconds; null in rows of the version before, which hold one event. */
    lastTs: real("last_ts"),
    /** The events, encoded: a blob (see history/codec.ts). In rows of the version before a text, the JSON of one envelope. */
    event: text("event").notNull(),
  },
  // Makes a repeated insert harmless, and reads an identity's history in order. Written once per page.
  (table) => [uniqueIndex("events_by_identity").on(table.identityUuid, table.seq)],
);

/**
 * State of each (identity, primitive) as of its last transition, for lists and counts by state. In the order that lists ask for, so
 * that it needs no index. WITHOUT ROWID.
 */
export const attributions = sqliteTable(
  "attributions",
  {
    state: text("state").notNull(),
    primitive: text("primitive").notNull(),
    identityUuid: text("identity_uuid").notNull(),
    /** Number of the event that brought it; guards against late repeats. */
    seq: integer("seq").notNull(),
  },
  (table) => [primaryKey({ columns: [table.state, table.primitive, table.identityUuid] })],
);

/** The states of identities whose profile is too long for their row, in pages. WITHOUT ROWID. */
export const profilePages = sqliteTable(
  "profile_pages",
  {
    identityUuid: text("identity_uuid").notNull(),
    page: integer("page").notNull(),
    projectedTs: real("projected_ts").notNull(),
    body: text("body").notNull(),
  },
  (table) => [primaryKey({ columns: [table.identityUuid, table.page] })],
);

/** Refused messages with their reason, kept until they are replayed or erased. */
export const deadLetters = sqliteTable(
  "dead_letters",
  {
    /** Derived from the queue message and the index of the event, so a repeated delivery adds nothing. */
    id: text("id").primaryKey(),
    code: text("code").notNull(),
    field: text("field").notNull(),
    detail: text("detail").notNull(),
    attempts: integer("attempts").notNull(),
    receivedTs: real("received_ts").notNull(),
    body: text("body").notNull(),
    /** UTF-8 bytes of the whole body; `body` may hold only its first part. */
    bodyBytes: integer("body_bytes").notNull().default(0),
    /** SHA-256 of the whole body where `body` is cut short, else null. */
    bodySha256: text("body_sha256"),
  },
  (table) => [
    // `GET /health`, which needs no token, counts these letters.
    index("dead_letters_unpublishable")
      .on(table.id)
      .where(sql`${table.code} = 'unpublishable'`),
  ],
);

/**
 * The attackers that a dead letter names; written with the letter, removed with it by a trigger, so that an erasure reads
 * only the letters concerned. WITHOUT ROWID.
 */
export const deadLetterAttackers = sqliteTable(
  "dead_letter_attackers",
  {
    attackerUuid: text("attacker_uuid").notNull(),
    letterId: text("letter_id").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.attackerUuid, table.letterId] }),
    // For removing a letter's rows with it. Written once per attacker of a letter.
    index("dead_letter_attackers_by_letter").on(table.letterId),
  ],
);

/** Merges, in their order. Undone ones are kept. */
export const merges = sqliteTable(
  "merges",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    winnerUuid: text("winner_uuid").notNull(),
    loserUuid: text("loser_uuid").notNull(),
    mergedTs: real("merged_ts").notNull(),
    /** JSON list of the attackers that the loser brought. */
    attackerUuids: text("attacker_uuids").notNull(),
    /** When it was undone, or null. */
    undoneTs: real("undone_ts"),
  },
  (table) => [
    // A loser has one winner at a time.
    uniqueIndex("merges_by_loser")
      .on(table.loserUuid)
      .where(sql`undone_ts IS NULL`),
    // For what was merged into an identity. Written once per merge.
    index("merges_by_winner").on(table.winnerUuid),
  ],
);

/** Tombstones of erased attackers. WITHOUT ROWID. */
export const erasures = sqliteTable("erasures", {
  attackerUuid: text("attacker_uuid").primaryKey(),
  erasedTs: real("erased_ts").notNull(),
});

/** Former identities of an attacker, written by a trigger; an erasure covers them too. WITHOUT ROWID. */
export const formerLinks = sqliteTable(
  "former_links",
  {
    attackerUuid: text("attacker_uuid").notNull(),
    identityUuid: text("identity_uuid").notNull(),
  },
  (table) => [primaryKey({ columns: [table.attackerUuid, table.identityUuid] })],
);

/** Jobs over several objects, one row each. WITHOUT ROWID. */
export const jobs = sqliteTable(
  "jobs",
  {
    kind: text("kind").notNull(),
    /** The subject: an attacker, a merge, or empty for a kind with one job per shard. */
    subject: text("subject").notNull(),
    /** JSON of the progress. A step is saved only if this has not changed since the step read it. */
    state: text("state").notNull(),
    /** When the next step is due, epoch seconds; null once the job is finished and kept for its result. */
    dueTs: real("due_ts"),
    /** Number of consecutive failures. */
    failures: integer("failures").notNull().default(0),
    /** Reason of the last failure, or null. */
    error: text("error"),
  },
  (table) => [
    primaryKey({ columns: [table.kind, table.subject] }),
    // For the jobs that are due, and when the next one is. Written once per step.
    index("jobs_by_due").on(table.dueTs),
  ],
);

/** Switches that hold for the whole Worker. WITHOUT ROWID. */
export const control = sqliteTable("control", {
  name: text("name").primaryKey(),
  value: text("value").notNull(),
});

/** Tickets that let a browser open one stream, until used or expired. WITHOUT ROWID. */
export const streamTickets = sqliteTable(
  "stream_tickets",
  {
    /** Epoch seconds. */
    expiresTs: real("expires_ts").notNull(),
    /** SHA-256 of the ticket, in hex. */
    hash: text("hash").notNull(),
    scope: text("scope").notNull(),
  },
  // A ticket says when it expires, so its row is found by both, and those that have expired are one range.
  (table) => [primaryKey({ columns: [table.expiresTs, table.hash] })],
);

/** Totals kept in the transactions that change them. WITHOUT ROWID. */
export const counters = sqliteTable("counters", {
  name: text("name").primaryKey(),
  value: integer("value")
    .notNull()
    .default(sql`0`),
});

/** Identities whose events could not be published at the last attempt. WITHOUT ROWID. */
export const outboxBacklog = sqliteTable("outbox_backlog", {
  identityUuid: text("identity_uuid").primaryKey(),
  pending: integer("pending").notNull(),
  oldestTs: real("oldest_ts").notNull(),
});

/**
 * Sums over the newest events, for the dashboard's overview: a row for each few hundred events that follow one another.
 * Holds nothing of an attacker: identities, times, states and counts only.
 */
export const eventSums = sqliteTable("event_sums", {
  /** Cursor of the first event that is summed up in the row. */
  firstCursor: integer("first_cursor").primaryKey(),
  lastCursor: integer("last_cursor").notNull(),
  eventCount: integer("event_count").notNull(),
  /** JSON. */
  sums: text("sums").notNull(),
});

/** How far `event_sums` follows the history, and totals as of that event; one row, absent before the first update. */
export const overview = sqliteTable("overview", {
  /** Always 1. */
  id: integer("id").primaryKey(),
  /** Cursor of the last event that is summed up. */
  lastCursor: integer("last_cursor").notNull(),
  /** When the row was last written, epoch seconds. */
  updatedTs: real("updated_ts").notNull(),
  /** When the totals were last counted, epoch seconds; 0 before the first time. */
  countedTs: real("counted_ts").notNull(),
  /** JSON, or null before they were counted. */
  totals: text("totals"),
});
