/** What an identity object holds, read from its own SQLite. */
import type { Expected } from "./messages.ts";

/** A state as an object stores it. */
export interface StoredState {
  readonly primitive: string;
  /** Canonical JSON. */
  readonly current_value: string;
  readonly state: string;
  readonly confidence: number;
  readonly observation_count: number;
  /** Epoch seconds. */
  readonly last_change_ts: number;
  readonly last_observation_ts: number;
}

/** Everything of an object that the verification compares. */
export interface Snapshot {
  readonly observations: readonly Expected[];
  /** By primitive. */
  readonly states: readonly StoredState[];
  /** The `seq` of the last event made. */
  readonly seq: number;
}

/** Tables that are empty once nothing is left to do; those that there are. */
const WORK = ["outbox", "jobs", "syncs", "backfills", "removed_primitives", "staged"];

const OBSERVATIONS =
  "SELECT attacker_uuid AS attackerUuid, primitive, evidence_ref AS evidenceRef, ts, id, value FROM observations";

/** Reads everything; of an object that was never written to, nothing. */
export function snapshotOf(sql: SqlStorage): Snapshot {
  if (!tablesOf(sql).includes("head")) return { observations: [], states: [], seq: 0 };
  const [head] = sql.exec<{ seq: number }>("SELECT head ->> 'seq' AS seq FROM head").toArray();
  return {
    observations: sql.exec<Record<string, SqlStorageValue>>(OBSERVATIONS).toArray() as unknown as Expected[],
    states: sql.exec("SELECT * FROM attributions ORDER BY primitive").toArray() as unknown as StoredState[],
    seq: head?.seq ?? 0,
  };
}

/** The tables that still have work. */
export function waitingWork(sql: SqlStorage): string[] {
  const tables = tablesOf(sql);
  return WORK.filter(
    (table) => tables.includes(table) && sql.exec(`SELECT 1 FROM ${table} LIMIT 1`).toArray().length > 0,
  );
}

function tablesOf(sql: SqlStorage): string[] {
  return sql
    .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
    .toArray()
    .map(({ name }) => name);
}
