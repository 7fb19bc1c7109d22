/** What an identity object holds, read from its own SQLite. */
import type { PrimitiveRecord } from "../../src/core/index.ts";
import { readEntries } from "../../src/identity/store/hook-entries.ts";
import { HeadRow } from "../../src/identity/store/head-row.ts";
import { Links } from "../../src/identity/store/links.ts";
import { Observations } from "../../src/identity/store/observations.ts";
import { Records } from "../../src/identity/store/records.ts";
import { Tables } from "../../src/identity/store/tables.ts";
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
  /** The same with all that is kept. */
  readonly records: ReadonlyMap<string, PrimitiveRecord>;
  /** Of primitives that have any. */
  readonly entries: ReadonlyMap<string, readonly string[]>;
  readonly keptOfIdentity: string | null;
  /** The `seq` of the last event made. */
  readonly seq: number;
}

const NOTHING: Snapshot = {
  observations: [],
  states: [],
  records: new Map(),
  entries: new Map(),
  keptOfIdentity: null,
  seq: 0,
};

/** What finds something only while there is work left, by the table that it needs. */
const WORK = {
  outbox: ["outbox", "SELECT 1 FROM outbox"],
  waiting: ["meta", "SELECT 1 FROM meta WHERE name = 'head' AND value ->> 'waiting' IS NOT NULL"],
  jobs: ["jobs", "SELECT 1 FROM jobs WHERE input IS NOT NULL"],
  removed: ["meta", "SELECT 1 FROM meta WHERE name = 'removed'"],
  staged: ["staged", "SELECT 1 FROM staged WHERE size > 0"],
} as const;

/** Reads everything; of an object that was never written to, nothing. Opens no transaction, so that no fault strikes it. */
export function snapshotOf(sql: SqlStorage): Snapshot {
  const tables = new Tables(sql);
  if (!tables.has("meta")) return NOTHING;
  const stored = new Observations(sql, new Links(sql, tables), tables);
  const rows = [...stored.range({ after: null, through: null })];
  const records = new Records(sql);
  const { head } = new HeadRow(sql);
  const withEntries = tables.has("hook_entries")
    ? sql.exec<{ primitive: string }>("SELECT DISTINCT primitive FROM hook_entries").toArray()
    : [];
  return {
    observations: rows.flatMap(({ observations }) => [...observations]),
    states: records.attributions().map((state) => ({
      primitive: state.primitive,
      current_value: state.currentValue,
      state: state.state,
      confidence: state.confidence,
      observation_count: state.observationCount,
      last_change_ts: state.lastChangeTs,
      last_observation_ts: state.lastObservationTs,
    })),
    records: new Map(
      records.primitives().flatMap((primitive) => {
        const record = records.find(primitive);
        return record ? [[primitive, record] as const] : [];
      }),
    ),
    entries: new Map(
      withEntries.map(({ primitive }) => [primitive, readEntries(sql, tables, primitive)] as const),
    ),
    keptOfIdentity: head?.kept ?? null,
    seq: head?.seq ?? 0,
  };
}

/** The kinds of work that are left. */
export function waitingWork(sql: SqlStorage): string[] {
  const tables = new Tables(sql);
  return Object.entries(WORK).flatMap(([name, [table, query]]) =>
    tables.has(table) && sql.exec(query).toArray().length > 0 ? [name] : [],
  );
}

/** Lets as much time pass as jobs that failed wait for their next attempt. */
export function makeRetriesDue(sql: SqlStorage): void {
  if (new Tables(sql).has("jobs")) sql.exec("UPDATE jobs SET retry_ms = 0 WHERE retry_ms > 0");
}
