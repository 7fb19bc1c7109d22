/**
 * Migrates the tables of an object. They are created with the first write, so that a read of an identity that does not exist
 * stores nothing. drizzle's own migrator creates its table at once; so the number of the last migration is a row of `meta`
 * instead. Tables of the first version have no such row: it would cost every identity a row written.
 */
import { importUnnumbered, isUnnumbered } from "./import-unnumbered.ts";
import bundle from "./migrations/migrations.js";

const VERSION = "version";
const FIRST_VERSION = 1;

/** Whether there are tables of any version. */
export function hasTables(sql: SqlStorage): boolean {
  return hasTable(sql, "meta") || isUnnumbered(sql);
}

/**
 * Runs the outstanding migrations. Call it inside a transaction.
 * @throws Error if a newer version of the Worker wrote the tables
 */
export function migrate(sql: SqlStorage): void {
  const tables = isUnnumbered(sql) ? importUnnumbered(sql) : null;
  const version = hasTable(sql, "meta") ? readVersion(sql) : 0;
  const { entries } = bundle.journal;
  if (version > entries.length) {
    throw new Error(
      `an identity object's tables must be of version ${entries.length} or older, found ${version}`,
    );
  }
  if (version < entries.length) {
    for (const { idx, tag } of entries.slice(version)) {
      const text = bundle.migrations[`m${String(idx).padStart(4, "0")}`];
      if (text === undefined) throw new Error(`the bundle must hold the migration ${tag}`);
      sql.exec(text);
    }
    if (entries.length > FIRST_VERSION) {
      sql.exec("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", VERSION, String(entries.length));
    }
  }
  tables?.copy();
}

function readVersion(sql: SqlStorage): number {
  const row = sql.exec<{ value: string }>("SELECT value FROM meta WHERE name = ?", VERSION).toArray()[0];
  return Number(row?.value ?? FIRST_VERSION);
}

function hasTable(sql: SqlStorage, name: string): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE name = ? LIMIT 1", name).toArray().length > 0;
}
