/** Stores of version 1: an object's store put into the tables of that version, as it wrote them. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import type { Member, Tail } from "../../src/core/index.ts";
import type { IdentityObject } from "../../src/identity/index.ts";
import { IdentityStore } from "../../src/identity/store/index.ts";
import bundle from "../../src/identity/store/migrations/migrations.js";

/** The tables of version 2. */
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
  for (const { name, value } of meta ?? []) {
    sql.exec("INSERT INTO meta VALUES (?, json_remove(?, '$.waiting'))", name, value);
  }
  for (const row of attackers ?? []) {
    sql.exec(
      "INSERT INTO attackers VALUES (?, ?, ?, ?)",
      ...["uuid", "link_version", "is_linked", "first_seen_ts"].map((column) => row[column]),
    );
  }
  for (const row of erased ?? []) sql.exec("INSERT INTO erased VALUES (?, ?)", ...Object.values(row));
  for (const row of window ?? []) {
    sql.exec("INSERT INTO hash_window VALUES (?, ?, ?, ?, ?)", ...Object.values(row));
  }
  for (const { attackerUuid, primitive, evidenceRef, ts, id, value } of observations) {
    sql.exec(
      "INSERT INTO observations VALUES (?, ?, ?, ?, ?, ?)",
      ...[attackerUuid, primitive, evidenceRef, ts, id, value],
    );
  }
  for (const { primitive, currentValue, state, confidence, ...rest } of states) {
    const record = store.record(primitive);
    if (!record) continue;
    const { observationCount, lastChangeTs, lastObservationTs } = rest;
    sql.exec(
      "INSERT INTO attributions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      ...[primitive, currentValue, state, confidence, observationCount, lastChangeTs, lastObservationTs],
      writeTail(record.tail),
      record.policyId,
    );
  }
  for (const { seq, dueTs, event } of pending) {
    sql.exec("INSERT INTO outbox VALUES (?, ?, ?)", seq, dueTs, event);
  }
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
