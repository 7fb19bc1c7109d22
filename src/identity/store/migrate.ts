/**
 * Migrates the tables of an object. They are created with the first write, so that a read of an identity that does not exist
 * stores nothing; a new store gets the tables of the current version at once. The version of a store is told by the table or the column
 * that it introduced: a row with its number would cost every identity a row written.
 */
import { importUnnumbered, isUnnumbered } from "./import-unnumbered.ts";
import bundle from "./migrations/migrations.js";
import type { Tables } from "./tables.ts";
import { completeStaged } from "./version-three.ts";
import { convertRows } from "./version-two.ts";

const VERSION = "version";

/** Whether a store is of this version or a later one, by version. */
const SIGNS: readonly ((tables: Tables) => boolean)[] = [
  (tables) => tables.has("meta"),
  (tables) => tables.has("states"),
  (tables) => tables.hasColumn("states", "kept"),
];

/** What a migration does besides its SQL. It runs after the SQL of the last one, because it writes the current tables. */
const CONVERSIONS: readonly ((sql: SqlStorage, tables: Tables) => void)[] = [
  () => {},
  convertRows,
  completeStaged,
];

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
  const outstanding = entries.slice(version);
  for (const { idx, tag } of outstanding) {
    const text = bundle.migrations[`m${String(idx).padStart(4, "0")}`];
    if (text === undefined) throw new Error(`the bundle must hold the migration ${tag}`);
    sql.exec(text);
    tables.forget();
    if (idx === 0) imported?.copy();
  }
  for (const { idx } of outstanding) CONVERSIONS[idx]?.(sql, tables);
  return outstanding.length > 0;
}

function versionOf(sql: SqlStorage, tables: Tables): number {
  const row = sql.exec<{ value: string }>("SELECT value FROM meta WHERE name = ?", VERSION).toArray()[0];
  return row ? Number(row.value) : SIGNS.findLastIndex((isShown) => isShown(tables)) + 1;
}
