/** Stores of version 2: an object's store put into the tables of that version, as it wrote them. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import type { IdentityObject } from "../../src/identity/index.ts";

/** The tables that have changed since, in the text of version 2, and the columns that they had. */
const CHANGED = {
  sessions: {
    text: `CREATE TABLE sessions (id INTEGER PRIMARY KEY NOT NULL, is_full INTEGER NOT NULL, size INTEGER NOT NULL,
      first_ts REAL NOT NULL, body TEXT NOT NULL)`,
    columns: "id, is_full, size, first_ts, body",
  },
  states: {
    text: `CREATE TABLE states (page INTEGER PRIMARY KEY NOT NULL, primitives TEXT NOT NULL, projected_ts REAL NOT NULL,
      body TEXT NOT NULL)`,
    columns: "page, primitives, projected_ts, body",
  },
  staged: {
    text: `CREATE TABLE staged (job_key TEXT NOT NULL, attacker_uuid TEXT NOT NULL, place INTEGER NOT NULL, is_full INTEGER NOT NULL,
      size INTEGER NOT NULL, first_ts REAL NOT NULL, body TEXT NOT NULL, PRIMARY KEY(job_key, attacker_uuid, place)) WITHOUT ROWID`,
    columns: "job_key, attacker_uuid, place, is_full, size, first_ts, body",
  },
} as const;

/**
 * Puts an object's store into the tables of version 2.
 * @param more - what is changed in these tables afterwards
 */
export async function writeVersionTwo(
  stub: DurableObjectStub<IdentityObject>,
  more: (sql: SqlStorage) => void = () => {},
): Promise<void> {
  await runInDurableObject(stub, (_, { storage }) =>
    storage.transactionSync(() => {
      const { sql } = storage;
      sql.exec("DROP TABLE IF EXISTS hook_entries");
      for (const [table, { text, columns }] of Object.entries(CHANGED)) {
        if (sql.exec("SELECT 1 FROM sqlite_master WHERE name = ?", table).toArray().length === 0) continue;
        sql.exec(`ALTER TABLE ${table} RENAME TO new_${table}`);
        sql.exec(text);
        sql.exec(`INSERT INTO ${table} (${columns}) SELECT ${columns} FROM new_${table}`);
        sql.exec(`DROP TABLE new_${table}`);
      }
      more(sql);
    }),
  );
  await evictDurableObject(stub);
}
