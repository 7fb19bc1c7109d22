/**
 * The floor: the least work of an implementation with one row per observation. It writes the batch to a D1 table by one statement, and
 * calls each identity's object once, which writes one row per observation. It checks and computes nothing.
 */
import { DurableObject } from "cloudflare:workers";
import type { BenchEnv, Consumer } from "./env.ts";
import type { BusEvent, EventPayload } from "./workload.ts";

type Body = BusEvent | { readonly events: readonly BusEvent[] };

/** A row per observation, in the order of its key; it was the shipped table until observations were stored by session. */
const TABLE = `
CREATE TABLE IF NOT EXISTS observations (
  attacker_uuid TEXT NOT NULL, primitive TEXT NOT NULL, evidence_ref TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL,
  ts REAL NOT NULL, confidence REAL NOT NULL, window_start_ts REAL NOT NULL, window_end_ts REAL NOT NULL, source TEXT NOT NULL,
  identity_ref TEXT, is_unlisted INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (attacker_uuid, primitive, evidence_ref)
) WITHOUT ROWID`;

const INSERT = `
INSERT INTO observations (attacker_uuid, primitive, evidence_ref, id, value, ts, confidence, window_start_ts, window_end_ts, source)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9
FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING`;

/** Creates the floor's table in its database. */
export async function createFloorTable(db: D1Database): Promise<void> {
  await db.prepare(TABLE).run();
}

/** Stores one row per observation. */
export class FloorObject extends DurableObject<BenchEnv> {
  constructor(ctx: DurableObjectState, env: BenchEnv) {
    super(ctx, env);
    ctx.storage.sql.exec(
      `CREATE TABLE IF NOT EXISTS observations (
         primitive TEXT NOT NULL, evidence_ref TEXT NOT NULL, attacker_uuid TEXT NOT NULL,
         ts REAL NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL,
         PRIMARY KEY (primitive, evidence_ref, attacker_uuid)
       ) WITHOUT ROWID`,
    );
  }

  write(rows: readonly FloorRow[]): number {
    this.ctx.storage.transactionSync(() => {
      for (const row of rows) {
        this.ctx.storage.sql.exec(
          "INSERT OR REPLACE INTO observations (primitive, evidence_ref, attacker_uuid, ts, id, value) VALUES (?, ?, ?, ?, ?, ?)",
          row.primitive,
          row.evidenceRef,
          row.attackerUuid,
          row.ts,
          row.id,
          row.value,
        );
      }
    });
    return rows.length;
  }

  /** A call that does nothing. */
  ping(): number {
    return 1;
  }
}

interface FloorRow {
  readonly primitive: string;
  readonly evidenceRef: string;
  readonly attackerUuid: string;
  readonly ts: number;
  readonly id: string;
  readonly value: string;
}

/** Takes messages whose bodies are bus events or lists of them. It does not validate them. */
export const floorConsumer: Consumer = async (batch, env) => {
  const payloads = batch.messages.flatMap(({ body }) => (isTrusted(body) ? payloadsOf(body) : []));
  await env.FLOOR_DB.prepare(INSERT)
    .bind(JSON.stringify(payloads.map(toD1Row)))
    .run();
  const calls = new Map<string, FloorRow[]>();
  for (const payload of payloads) {
    const rows = calls.get(payload.attacker_uuid) ?? [];
    calls.set(payload.attacker_uuid, rows);
    rows.push(toRow(payload));
  }
  await Promise.all([...calls].map(([name, rows]) => env.FLOOR.getByName(name).write(rows)));
  for (const message of batch.messages) message.ack();
};

function isTrusted(body: unknown): body is Body {
  return typeof body === "object" && body !== null;
}

function payloadsOf(body: Body): EventPayload[] {
  return "events" in body ? body.events.map(({ payload }) => payload) : [body.payload];
}

function toD1Row(payload: EventPayload): unknown[] {
  return [
    payload.attacker_uuid,
    payload.primitive,
    payload.evidence_ref,
    payload.id,
    JSON.stringify(payload.value),
    payload.ts,
    payload.confidence,
    payload.window.start_ts,
    payload.window.end_ts,
    payload.source,
  ];
}

function toRow(payload: EventPayload): FloorRow {
  return {
    primitive: payload.primitive,
    evidenceRef: payload.evidence_ref,
    attackerUuid: payload.attacker_uuid,
    ts: payload.ts,
    id: payload.id,
    value: JSON.stringify(payload.value),
  };
}
