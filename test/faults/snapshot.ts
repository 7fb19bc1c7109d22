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

/** What finds something only while there is work left. */
const WORK = {
  outbox: "SELECT 1 FROM outbox",
  jobs: "SELECT 1 FROM jobs WHERE input IS NOT NULL",
  removed: "SELECT 1 FROM meta WHERE name = 'removed'",
  staged: "SELECT 1 FROM staged",
};

const OBSERVATIONS =
  "SELECT attacker_uuid AS attackerUuid, primitive, evidence_ref AS evidenceRef, ts, id, value FROM observations";

/** Reads everything; of an object that was never written to, nothing. */
export function snapshotOf(sql: SqlStorage): Snapshot {
  if (!hasTables(sql)) return { observations: [], states: [], seq: 0 };
  const [head] = sql
    .exec<{ seq: number }>("SELECT value ->> 'seq' AS seq FROM meta WHERE name = 'head'")
    .toArray();
  return {
    observations: sql.exec<Record<string, SqlStorageValue>>(OBSERVATIONS).toArray() as unknown as Expected[],
    states: sql.exec("SELECT * FROM attributions ORDER BY primitive").toArray() as unknown as StoredState[],
    seq: head?.seq ?? 0,
  };
}

/** The kinds of work that are left. */
export function waitingWork(sql: SqlStorage): string[] {
  if (!hasTables(sql)) return [];
  return Object.entries(WORK).flatMap(([name, query]) =>
    sql.exec(query).toArray().length > 0 ? [name] : [],
  );
}

/** Lets as much time pass as jobs that failed wait for their next attempt. */
export function makeRetriesDue(sql: SqlStorage): void {
  if (hasTables(sql)) sql.exec("UPDATE jobs SET retry_ms = 0 WHERE retry_ms > 0");
}

function hasTables(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'meta'").toArray().length > 0;
}
