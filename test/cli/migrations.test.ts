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
});
