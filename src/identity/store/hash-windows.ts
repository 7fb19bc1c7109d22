/** The hash windows that are too wide for a state row, in the identity object's SQLite. */
import type { HashWindowChange, Member, StoredHashWindow } from "../../core/index.ts";
import { inPieces } from "./pieces.ts";
import type { Tables } from "./tables.ts";

interface MemberRow extends Record<string, SqlStorageValue> {
  value: string;
  ts: number;
  evidenceRef: string;
  attackerUuid: string;
}

const NO_MEMBERS: StoredHashWindow = { get: () => null, valuesBetween: () => [] };

/** The stored window of a primitive. */
export function storedHashWindow(sql: SqlStorage, tables: Tables, primitive: string): StoredHashWindow {
  if (!tables.has("hash_window")) return NO_MEMBERS;
  return {
    get: (value): Member | null =>
      sql
        .exec<MemberRow>(
          `SELECT value, ts, evidence_ref AS evidenceRef, attacker_uuid AS attackerUuid FROM hash_window
           WHERE primitive = ? AND value = ?`,
          primitive,
          value,
        )
        .toArray()[0] ?? null,
    valuesBetween: (fromTs, beforeTs) =>
      sql
        .exec<{ value: string }>(
          "SELECT value FROM hash_window WHERE primitive = ? AND ts >= ? AND ts < ?",
          primitive,
          finite(fromTs),
          finite(beforeTs),
        )
        .toArray()
        .map(({ value }) => value),
  };
}

/** Saves a decided change. */
export function changeHashWindow(
  sql: SqlStorage,
  tables: Tables,
  primitive: string,
  { removeBeforeTs, puts }: HashWindowChange,
): void {
  if (puts.length > 0) tables.need("hash_window");
  if (!tables.has("hash_window")) return;
  if (removeBeforeTs > -Infinity) {
    sql.exec("DELETE FROM hash_window WHERE primitive = ? AND ts < ?", primitive, finite(removeBeforeTs));
  }
  const rows = puts.map(({ value, ts, evidenceRef, attackerUuid }) => [
    primitive,
    value,
    ts,
    evidenceRef,
    attackerUuid,
  ]);
  inPieces(rows, 5, (values, bindings) => {
    sql.exec(
      `INSERT OR REPLACE INTO hash_window (primitive, value, ts, evidence_ref, attacker_uuid) VALUES ${values}`,
      ...bindings,
    );
  });
}

/** Replaces Infinity by the largest finite number, which SQLite compares in the same way. */
function finite(ts: number): number {
  return Math.min(Math.max(ts, -Number.MAX_VALUE), Number.MAX_VALUE);
}
