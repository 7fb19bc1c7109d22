/**
 * Migrates the tables of an object. They are created with the first write, so that a read of an identity that does not exist
 * stores nothing; a new store gets the tables of the current version at once. The version of a store is told by the table that it
 * introduced: a row with its number would cost every identity a row written.
 */
import { importUnnumbered, isUnnumbered } from "./import-unnumbered.ts";
import bundle from "./migrations/migrations.js";
import type { Tables } from "./tables.ts";
import { convertRows } from "./version-two.ts";

const VERSION = "version";

/** The table that only stores of this version and later ones have, by version. */
const INTRODUCED: readonly string[] = ["meta", "states"];

/** What a migration does besides its SQL, after it. */
const CONVERSIONS: readonly ((sql: SqlStorage, tables: Tables) => void)[] = [() => {}, convertRows];

/** Whether there are tables of any version. */
export function hasTables(tables: Tables): boolean {
  return tables.has("meta") || isUnnumbered(tables);
}

/**
 * Creates the tables, or runs the outstanding migrations. Call it inside a transaction.
 * @returns whether tables of an earlier version were migrated; jobs may wait then
 * @throws Error if a newer version of the Worker wrote the tables
 */
export function migrate(sql: SqlStorage, tables: Tables): boolean {
  if (!hasTables(tables)) {
    tables.create();
    return false;
  }
  const imported = isUnnumbered(tables) ? importUnnumbered(sql) : null;
  const version = imported === null ? versionOf(sql, tables) : 0;
  const { entries } = bundle.journal;
  if (version > entries.length) {
    throw new Error(
      `an identity object's tables must be of version ${entries.length} or older, found ${version}`,
    );
  }
  for (const { idx, tag } of entries.slice(version)) {
    const text = bundle.migrations[`m${String(idx).padStart(4, "0")}`];
    if (text === undefined) throw new Error(`the bundle must hold the migration ${tag}`);
    sql.exec(text);
    tables.forget();
    if (idx === 0) imported?.copy();
    CONVERSIONS[idx]?.(sql, tables);
  }
  return version < entries.length;
}

function versionOf(sql: SqlStorage, tables: Tables): number {
  const row = sql.exec<{ value: string }>("SELECT value FROM meta WHERE name = ?", VERSION).toArray()[0];
  return row ? Number(row.value) : INTRODUCED.findLastIndex((name) => tables.has(name)) + 1;
}
