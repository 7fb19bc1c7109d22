/** A database of the version before keeps everything when the migrations of this one run over it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";

const MIGRATIONS = "migrations";
const FILES = readdirSync(MIGRATIONS)
  .filter((name) => name.endsWith(".sql"))
  .toSorted();

/** A database with the migrations up to a number, that one included. */
function migrated(through: string): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  for (const name of FILES)
    if (name.slice(0, 4) <= through) db.exec(readFileSync(join(MIGRATIONS, name), "utf8"));
  return db;
}

function migrateFrom(db: DatabaseSync, after: string): void {
  for (const name of FILES)
    if (name.slice(0, 4) > after) db.exec(readFileSync(join(MIGRATIONS, name), "utf8"));
}

/** Rows as plain objects; SQLite gives them without a prototype. */
function rowsOf(db: DatabaseSync, sql: string): Record<string, unknown>[] {
  return db
    .prepare(sql)
    .all()
    .map((row) => ({ ...row }));
}

describe("[design] a database of the version before", () => {
  it("long work that was under way becomes jobs", () => {
    const db = migrated("0007");
    db.exec(`
      INSERT INTO attackers (uuid, identity_uuid, link_version) VALUES ('a1', 'i1', 1), ('a2', 'i2', 1);
      UPDATE attackers SET identity_uuid = 'i1', link_version = 2 WHERE uuid = 'a2';
      INSERT INTO merges (winner_uuid, loser_uuid, merged_ts, attacker_uuids, is_told) VALUES ('i1', 'i2', 1, '["a2"]', 0), ('i3', 'i4', 1, '[]', 1);
      INSERT INTO erasures (attacker_uuid, erased_ts, holders) VALUES ('a9', 5, '["i1"]'), ('a8', 4, NULL);
      INSERT INTO dead_letters (id, code, field, detail, attempts, received_ts, body) VALUES ('l1', 'c', 'f', 'd', 1, 1, 'a9');`);
    migrateFrom(db, "0007");
    const jobs = rowsOf(db, "SELECT kind, subject, state FROM jobs ORDER BY kind").map(
      ({ kind, subject, state }) => [kind, subject, JSON.parse(String(state))],
    );
    expect(jobs).toEqual([
      ["erasure", "a9", { erasedTs: 5, stage: "observations", holders: ["i1"], holderIndex: 0, afterSeq: 0 }],
      ["index_letters", "", { after: 0, through: Number.MAX_SAFE_INTEGER }],
      ["merge", "1", { winnerUuid: "i1", loserUuid: "i2", isUndone: false }],
    ]);
    expect(rowsOf(db, "SELECT * FROM former_links ORDER BY 1, 2")).toEqual([
      { attacker_uuid: "a2", identity_uuid: "i1" },
      { attacker_uuid: "a2", identity_uuid: "i2" },
    ]);
    expect(rowsOf(db, "SELECT attacker_uuid, erased_ts FROM erasures ORDER BY 1")).toEqual([
      { attacker_uuid: "a8", erased_ts: 4 },
      { attacker_uuid: "a9", erased_ts: 5 },
    ]);
  });

  it("an empty one gets no jobs", () => {
    const db = migrated("0007");
    migrateFrom(db, "0007");
    expect(rowsOf(db, "SELECT * FROM jobs")).toEqual([]);
  });

  it("an identity keeps its row, marks included, and has no profile yet", () => {
    const db = migrated("0007");
    db.exec("INSERT INTO identities (uuid, last_seq, is_dirty) VALUES ('i1', 7, 1)");
    migrateFrom(db, "0007");
    expect(
      rowsOf(db, "SELECT uuid, last_seq, is_dirty, mark_version, profile, projected_ts FROM identities"),
    ).toEqual([{ uuid: "i1", last_seq: 7, is_dirty: 1, mark_version: 0, profile: null, projected_ts: 0 }]);
  });

  it("observations stay in rows of their own until a job has packed them", () => {
    const db = migrated("0008");
    db.exec(`
      INSERT INTO attackers (uuid, identity_uuid, link_version, first_seen_ts) VALUES ('b', 'i1', 3, 5), ('a', NULL, 0, 7);
      INSERT INTO observations (attacker_uuid, primitive, evidence_ref, id, value, ts, confidence, window_start_ts, window_end_ts, source)
        VALUES ('b', 'p', 'r', 'o1', '1', 5, 0.5, 1, 2, 's'), ('a', 'p', 'r', 'o2', '2', 7, 0.5, 1, 2, 's');
      UPDATE counters SET value = 2 WHERE name = 'observations';`);
    migrateFrom(db, "0008");
    expect(rowsOf(db, "SELECT id FROM observation_rows ORDER BY id")).toEqual([{ id: "o1" }, { id: "o2" }]);
    expect(rowsOf(db, "SELECT * FROM sessions")).toEqual([]);
    expect(rowsOf(db, "SELECT kind, subject, state, due_ts FROM jobs")).toEqual([
      { kind: "pack_observations", subject: "", state: '{"packed":0}', due_ts: 0 },
    ]);
    expect(rowsOf(db, "SELECT value FROM counters WHERE name = 'observations'")).toEqual([{ value: 2 }]);
    expect(
      rowsOf(
        db,
        "SELECT number, uuid, identity_uuid, link_version, first_seen_ts FROM attackers ORDER BY number",
      ),
    ).toEqual([
      { number: 1, uuid: "a", identity_uuid: null, link_version: 0, first_seen_ts: 7 },
      { number: 2, uuid: "b", identity_uuid: "i1", link_version: 3, first_seen_ts: 5 },
    ]);
  });

  it("attackers keep what their triggers do: identities with links, former links, session rows that go with them", () => {
    const db = migrated("0008");
    db.exec(
      "INSERT INTO attackers (uuid, identity_uuid, link_version) VALUES ('a', 'i1', 1), ('b', 'i2', 1)",
    );
    migrateFrom(db, "0008");
    db.exec(`
      INSERT INTO attackers (uuid, identity_uuid, link_version) VALUES ('c', 'i3', 1);
      INSERT INTO attackers (uuid) VALUES ('d');
      UPDATE attackers SET identity_uuid = 'i4' WHERE uuid = 'd';
      UPDATE attackers SET identity_uuid = 'i1' WHERE uuid = 'b';
      INSERT INTO sessions SELECT number * 4294967296 + 7, 1, 0, 0, 0, 0, x'' FROM attackers;
      DELETE FROM attackers WHERE uuid = 'c'`);
    expect(rowsOf(db, "SELECT uuid FROM identities ORDER BY uuid").map(({ uuid }) => uuid)).toEqual([
      "i1",
      "i3",
      "i4",
    ]);
    expect(rowsOf(db, "SELECT * FROM former_links")).toEqual([{ attacker_uuid: "b", identity_uuid: "i2" }]);
    expect(
      rowsOf(db, "SELECT uuid FROM sessions JOIN attackers ON number = id / 4294967296 ORDER BY uuid"),
    ).toEqual([{ uuid: "a" }, { uuid: "b" }, { uuid: "d" }]);
    expect(rowsOf(db, "SELECT count(*) AS n FROM sessions")).toEqual([{ n: 3 }]);
  });

  it("states and events stay; an identity without a profile gets one from its states, and is marked", () => {
    const db = migrated("0008");
    db.exec(`
      INSERT INTO identities (uuid, last_seq, profile) VALUES ('i1', 4, NULL), ('i2', 2, 'p');
      INSERT INTO attributions (identity_uuid, primitive, state, seq) VALUES ('i1', 'p2', 'stable', 3), ('i1', 'p1', 'unknown', 4), ('i2', 'p1', 'stable', 2);
      INSERT INTO events (identity_uuid, seq, event) VALUES ('i1', 4, '{}');`);
    migrateFrom(db, "0008");
    expect(rowsOf(db, "SELECT * FROM attributions")).toEqual([
      { state: "stable", primitive: "p1", identity_uuid: "i2", seq: 2 },
      { state: "stable", primitive: "p2", identity_uuid: "i1", seq: 3 },
      { state: "unknown", primitive: "p1", identity_uuid: "i1", seq: 4 },
    ]);
    expect(rowsOf(db, "SELECT cursor, identity_uuid, seq, size, last_ts, event FROM events")).toEqual([
      { cursor: 1, identity_uuid: "i1", seq: 4, size: 1, last_ts: null, event: "{}" },
    ]);
    const profiles = rowsOf(db, "SELECT uuid, is_dirty, mark_version, profile FROM identities ORDER BY uuid");
    expect(profiles).toEqual([
      { uuid: "i1", is_dirty: 1, mark_version: 1, profile: expect.any(String) },
      { uuid: "i2", is_dirty: 0, mark_version: 0, profile: "p" },
    ]);
    expect(JSON.parse(String(profiles[0]?.["profile"]))).toEqual({
      seq: 4,
      policies: [""],
      states: [
        ["p1", "unknown", "null", 0, 0, 0, 0, 0],
        ["p2", "stable", "null", 0, 0, 0, 0, 0],
      ],
      pages: 0,
    });
  });
});
