/** Stores of version 1: an object's store put into the tables of that version, as it wrote them. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import type { Member, Tail } from "../../src/core/index.ts";
import type { IdentityObject, PrimitiveAttribution } from "../../src/identity/index.ts";
import { IdentityStore } from "../../src/identity/store/index.ts";
import bundle from "../../src/identity/store/migrations/migrations.js";

/** The current tables. */
const TABLES = [
  "meta",
  "attackers",
  "sessions",
  "states",
  "outbox",
  "jobs",
  "staged",
  "erased",
  "hash_window",
  "observation_rows",
  "hook_entries",
];

/**
 * Puts an object's store into the tables of version 1. Jobs and what is staged are left out.
 * @param more - what is changed in these tables afterwards
 */
export async function writeVersionOne(
  stub: DurableObjectStub<IdentityObject>,
  more: (sql: SqlStorage) => void = () => {},
): Promise<void> {
  await runInDurableObject(stub, (_, { storage }) =>
    storage.transactionSync(() => {
      toVersionOne(storage);
      more(storage.sql);
    }),
  );
  await evictDurableObject(stub);
}

/** The same within a transaction of an object. */
export function toVersionOne(storage: DurableObjectStorage): void {
  const { sql } = storage;
  const store = new IdentityStore(storage, "");
  const observations = [...store.observations.range({ after: null, through: null })].flatMap(
    (row) => row.observations,
  );
  const states = store.attributions();
  const pending = store.outbox.next(1_000, 10_000_000);
  const [meta, attackers, erased, window] = ["meta", "attackers", "erased", "hash_window"].map((table) =>
    hasTable(sql, table) ? sql.exec(`SELECT * FROM ${table}`).toArray() : [],
  );
  for (const table of TABLES) if (hasTable(sql, table)) sql.exec(`DROP TABLE ${table}`);
  sql.exec(bundle.migrations["m0000"] ?? "");
  insertRows(
    sql,
    "meta",
    (meta ?? []).map(({ name, value }) => [name, typeof value === "string" ? withoutWaiting(value) : value]),
  );
  insertRows(
    sql,
    "attackers",
    (attackers ?? []).map((row) => [
      row["uuid"],
      row["link_version"],
      row["is_linked"],
      row["first_seen_ts"],
    ]),
  );
  insertRows(
    sql,
    "erased",
    (erased ?? []).map((row) => Object.values(row)),
  );
  insertRows(
    sql,
    "hash_window",
    (window ?? []).map((row) => Object.values(row)),
  );
  insertRows(
    sql,
    "observations",
    observations.map(({ attackerUuid, primitive, evidenceRef, ts, id, value }) => [
      attackerUuid,
      primitive,
      evidenceRef,
      ts,
      id,
      value,
    ]),
  );
  insertRows(
    sql,
    "attributions",
    states.flatMap((attribution) => {
      const record = store.stateRecord(attribution.primitive);
      return record ? [[...stateColumns(attribution), writeTail(record.tail), record.policyId]] : [];
    }),
  );
  insertRows(
    sql,
    "outbox",
    pending.map(({ seq, dueTs, event }) => [seq, dueTs, event]),
  );
}

/** Adds rows with a value for each column of a table. */
export function insertRows(
  sql: SqlStorage,
  table: string,
  rows: readonly (readonly (SqlStorageValue | undefined)[])[],
): void {
  for (const row of rows) {
    sql.exec(`INSERT INTO ${table} VALUES (${row.map(() => "?").join(", ")})`, ...row);
  }
}

function withoutWaiting(value: string): string {
  const stored: unknown = JSON.parse(value);
  if (typeof stored !== "object" || stored === null) return value;
  return JSON.stringify(Object.fromEntries(Object.entries(stored).filter(([name]) => name !== "waiting")));
}

function stateColumns(attribution: PrimitiveAttribution): SqlStorageValue[] {
  const { primitive, currentValue, state, confidence } = attribution;
  const { observationCount, lastChangeTs, lastObservationTs } = attribution;
  return [primitive, currentValue, state, confidence, observationCount, lastChangeTs, lastObservationTs];
}

/** The text of a tail: values and attackers are named once, members are lists without names. */
function writeTail(tail: Tail): string {
  if (tail.kind === "hash") {
    const { latest, ...rest } = tail;
    return JSON.stringify({ ...rest, members: pack(latest) });
  }
  const { newest, ...rest } = tail;
  return JSON.stringify({ ...rest, members: pack(newest) });
}

function pack(members: readonly Member[]) {
  const values = [...new Set(members.map(({ value }) => value))];
  const attackers = [...new Set(members.map(({ attackerUuid }) => attackerUuid))];
  const rows = members.map(({ value, ts, evidenceRef, attackerUuid }) => [
    values.indexOf(value),
    ts,
    evidenceRef,
    attackers.indexOf(attackerUuid),
  ]);
  return [values, attackers, rows];
}

function hasTable(sql: SqlStorage, name: string): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", name).toArray().length > 0;
}
