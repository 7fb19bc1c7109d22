/** The entries that a hook keeps for primitives, in the identity object's SQLite: texts with a position, a row each. Few series have any. */
import type { EntriesChange } from "../../core/index.ts";
import { inPieces } from "./pieces.ts";
import type { Tables } from "./tables.ts";

/** The entries of a primitive, in their order. No query as long as no primitive has ever had one. */
export function readEntries(sql: SqlStorage, tables: Tables, primitive: string): string[] {
  if (!tables.has("hook_entries")) return [];
  return sql
    .exec<{ body: string }>("SELECT body FROM hook_entries WHERE primitive = ? ORDER BY position", primitive)
    .toArray()
    .map(({ body }) => body);
}

/** Saves a decided change: entries from a position on are replaced. */
export function changeEntries(
  sql: SqlStorage,
  tables: Tables,
  primitive: string,
  { stay, added }: EntriesChange,
): void {
  if (added.length > 0) tables.need("hook_entries");
  if (!tables.has("hook_entries")) return;
  sql.exec("DELETE FROM hook_entries WHERE primitive = ? AND position >= ?", primitive, stay);
  const rows = added.map((body, i) => [primitive, stay + i, body]);
  inPieces(rows, 3, (values, bindings) => {
    sql.exec(`INSERT INTO hook_entries (primitive, position, body) VALUES ${values}`, ...bindings);
  });
}
