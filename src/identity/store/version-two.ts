/**
 * The rows of a store of version 1 in the tables of version 2, after the SQL of the migration has renamed the tables of before: states
 * and events are rewritten at once, which takes about as long as reading them; observations stay as they are, and a job packs them.
 */
import { z } from "zod";
import type { Member, PrimitiveRecord, Tail } from "../../core/index.ts";
import { STATES } from "../../core/index.ts";
import { complete, type PendingEvent } from "./event-batch.ts";
import { HeadRow } from "./head-row.ts";
import { Jobs } from "./jobs.ts";
import { Outbox } from "./outbox.ts";
import { Records } from "./records.ts";
import type { Tables } from "./tables.ts";

/** The key of the job that moves the observations. */
export const PACK = "pack";

/** Events that are rewritten at once. */
const EVENTS_AT_ONCE = 1_000;

/** Moves the rows and removes the tables of before. */
export function convertRows(sql: SqlStorage, tables: Tables): void {
  convertStates(sql);
  convertEvents(sql, tables);
  sql.exec("DROP TABLE first_attributions; DROP TABLE first_outbox");
  tables.forget();
  const jobs = new Jobs(sql, tables);
  if (hasRow(sql, "observation_rows")) jobs.start("pack", PACK, {});
  else tables.drop("observation_rows");
  sql.exec("DELETE FROM meta WHERE name = 'suspicion'");
  for (const table of ["jobs", "erased", "hash_window"] as const) {
    if (!hasRow(sql, table)) tables.drop(table);
  }
}

function convertStates(sql: SqlStorage): void {
  const rows = sql
    .exec<StateRow>("SELECT * FROM first_attributions ORDER BY primitive")
    .toArray()
    .map((row) => [row.primitive, toRecord(row)] as const);
  new Records(sql).save(new Map(rows));
}

function convertEvents(sql: SqlStorage, tables: Tables): void {
  const head = new HeadRow(sql);
  const outbox = new Outbox(sql, tables, head);
  const published = sql
    .exec<{ value: string }>("SELECT value FROM meta WHERE name = 'suspicion'")
    .toArray()[0];
  let before = published ? suspicionSchema.parse(JSON.parse(published.value)).primitives : null;
  let page: PendingEvent[] = [];
  const flush = (): void => {
    if (head.head !== null && page.length > 0) outbox.addPending(head.head, page);
    page = [];
  };
  for (const { event } of sql.exec<{ event: string }>("SELECT event FROM first_outbox ORDER BY seq")) {
    const pending = complete(JSON.parse(event), before);
    before = pending.suspected === null ? before : [...pending.suspected];
    page.push(pending);
    if (page.length >= EVENTS_AT_ONCE) flush();
  }
  flush();
}

const suspicionSchema = z.object({ primitives: z.array(z.string()) });

interface StateRow extends Record<string, SqlStorageValue> {
  primitive: string;
  current_value: string;
  state: string;
  confidence: number;
  observation_count: number;
  last_change_ts: number;
  last_observation_ts: number;
  tail: string;
  policy_id: string;
}

function toRecord(row: StateRow): PrimitiveRecord {
  return {
    attribution: {
      currentValue: row.current_value,
      state: z.enum(STATES).parse(row.state),
      confidence: row.confidence,
      observationCount: row.observation_count,
      lastChangeTs: row.last_change_ts,
      lastObservationTs: row.last_observation_ts,
    },
    tail: readTail(row.tail),
    policyId: row.policy_id,
    kept: null,
  };
}

/** Values, attackers, and each member as its value's place, ts, pointer and its attacker's place. */
const membersSchema = z.tuple([
  z.array(z.string()),
  z.array(z.string()),
  z.array(z.tuple([z.number(), z.number(), z.string(), z.number()])),
]);

const tailSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.enum(["categorical", "numeric"]),
    count: z.number(),
    informative: z.number(),
    lastTs: z.number(),
    members: membersSchema,
  }),
  z.object({
    kind: z.literal("hash"),
    count: z.number(),
    lastTs: z.number(),
    distinct: z.number(),
    members: membersSchema,
  }),
]);

function readTail(text: string): Tail {
  const { members, ...rest } = tailSchema.parse(JSON.parse(text));
  const unpacked = unpack(members);
  return rest.kind === "hash" ? { ...rest, latest: unpacked } : { ...rest, newest: unpacked };
}

function unpack([values, attackers, rows]: z.infer<typeof membersSchema>): Member[] {
  return rows.map(([value, ts, evidenceRef, attacker]) => ({
    value: named(values, value),
    ts,
    evidenceRef,
    attackerUuid: named(attackers, attacker),
  }));
}

function named(names: readonly string[], place: number): string {
  const name = names[place];
  if (name === undefined) throw new RangeError(`a tail names ${names.length} texts, place ${place} is none`);
  return name;
}

function hasRow(sql: SqlStorage, table: string): boolean {
  return sql.exec(`SELECT 1 FROM ${table} LIMIT 1`).toArray().length > 0;
}
