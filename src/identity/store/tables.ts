/**
 * The tables of an object's store, in the current version. Each table takes a page of 4 KB, and creating it is a row written, so only
 * what every identity needs is created with the first write; the other tables are created when a first row needs them. A read creates
 * nothing: what would be read from a table that does not exist is empty.
 */

/** Tables of every store. */
const BASE = {
  meta: "CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID",
  attackers: `CREATE TABLE attackers (uuid TEXT PRIMARY KEY NOT NULL, number INTEGER NOT NULL, link_version INTEGER NOT NULL,
    is_linked INTEGER NOT NULL, first_seen_ts REAL) WITHOUT ROWID`,
  sessions: `CREATE TABLE sessions (id INTEGER PRIMARY KEY NOT NULL, is_full INTEGER NOT NULL, size INTEGER NOT NULL,
    first_ts REAL NOT NULL, body TEXT NOT NULL, last_ts REAL)`,
  states: `CREATE TABLE states (page INTEGER PRIMARY KEY NOT NULL, primitives TEXT NOT NULL, projected_ts REAL NOT NULL,
    estimated_ts REAL NOT NULL, estimated_count INTEGER, body TEXT NOT NULL, kept BLOB)`,
} as const;

/** Tables that are created when they are first needed. */
const ON_DEMAND = {
  outbox: `CREATE TABLE outbox (seq INTEGER PRIMARY KEY NOT NULL, size INTEGER NOT NULL, due_ts REAL NOT NULL,
    events TEXT NOT NULL)`,
  jobs: `CREATE TABLE jobs (key TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL, position INTEGER NOT NULL, input TEXT,
    progress TEXT, revision INTEGER NOT NULL, failures INTEGER NOT NULL, error TEXT, retry_ms INTEGER NOT NULL) WITHOUT ROWID`,
  staged: `CREATE TABLE staged (job_key TEXT NOT NULL, attacker_uuid TEXT NOT NULL, place INTEGER NOT NULL, is_full INTEGER NOT NULL,
    size INTEGER NOT NULL, first_ts REAL NOT NULL, body TEXT NOT NULL, last_ts REAL, PRIMARY KEY(job_key, attacker_uuid, place)) WITHOUT ROWID`,
  erased:
    "CREATE TABLE erased (attacker_uuid TEXT PRIMARY KEY NOT NULL, erased_ts REAL NOT NULL) WITHOUT ROWID",
  hash_window: `CREATE TABLE hash_window (primitive TEXT NOT NULL, value TEXT NOT NULL, ts REAL NOT NULL, evidence_ref TEXT NOT NULL,
    attacker_uuid TEXT NOT NULL, PRIMARY KEY(primitive, value)) WITHOUT ROWID;
    CREATE INDEX hash_window_by_ts ON hash_window (primitive, ts)`,
  hook_entries:
    "CREATE TABLE hook_entries (primitive TEXT NOT NULL, position INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY(primitive, position)) WITHOUT ROWID",
} as const;

/** A table that may be missing. `observation_rows` exists only in a store that was converted from version 1 and is not packed yet. */
export type OptionalTable = keyof typeof ON_DEMAND | "observation_rows";

export class Tables {
  readonly #sql: SqlStorage;
  #names: Set<string> | null = null;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Whether a table exists, also one of an earlier version. */
  has(name: string): boolean {
    this.#names ??= new Set(
      this.#sql
        .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
        .toArray()
        .map((row) => row.name),
    );
    return this.#names.has(name);
  }

  /** Whether a table exists and has a column. Costs a query. */
  hasColumn(name: string, column: string): boolean {
    if (!this.has(name)) return false;
    const found = this.#sql.exec("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", name, column);
    return found.toArray().length > 0;
  }

  /** Creates the tables of a new store. Call it inside a transaction. */
  create(): void {
    for (const [name, text] of Object.entries(BASE)) this.#create(name, text);
  }

  /** Creates a table if it does not exist. Call it inside a transaction, before a row is added to the table. */
  need(name: keyof typeof ON_DEMAND): void {
    if (!this.has(name)) this.#create(name, ON_DEMAND[name]);
  }

  /** Removes a table. */
  drop(name: OptionalTable): void {
    this.#sql.exec(`DROP TABLE ${name}`);
    this.#names?.delete(name);
  }

  /** Clears the cache. Call it after a transaction that did not commit. */
  forget(): void {
    this.#names = null;
  }

  #create(name: string, text: string): void {
    this.#sql.exec(text);
    this.#names?.add(name);
  }
}
