/**
 * What the outbox drains write to D1: the history of events, the list projection, and which identities are stuck. Each
 * write is guarded by `seq`, so that a late repeat changes nothing.
 */
import { z } from "zod";

/** An event as the outbox holds it. */
export interface DrainedEvent {
  readonly seq: number;
  /** JSON of the envelope. */
  readonly event: string;
  /** JSON of the suspected primitives after it, or null. */
  readonly suspected: string | null;
}

/** What of an envelope the projection reads. */
const projected = z.object({
  type: z.string(),
  payload: z.object({
    primitive: z.string().optional(),
    new_state: z.string().optional(),
    ts: z.number().optional(),
  }),
});

const INSERT_EVENTS = `
INSERT INTO events (identity_uuid, seq, event)
SELECT ?1, value ->> 0, value ->> 1 FROM json_each(?2) WHERE true
ON CONFLICT (identity_uuid, seq) DO NOTHING`;

const UPSERT_ATTRIBUTIONS = `
INSERT INTO attributions (identity_uuid, primitive, state, seq)
SELECT ?1, value ->> 0, value ->> 1, value ->> 2 FROM json_each(?2) WHERE true
ON CONFLICT (identity_uuid, primitive) DO UPDATE SET state = excluded.state, seq = excluded.seq
WHERE excluded.seq > seq`;

const UPDATE_IDENTITY = `
UPDATE identities SET last_seq = ?2, last_change_ts = coalesce(?3, last_change_ts), suspected = ?4
WHERE uuid = ?1 AND last_seq < ?2`;

/**
 * Writes a page of an identity's events, in one transaction.
 * @param events - in `seq` order, at least one
 */
export async function projectEvents(
  db: D1Database,
  identityUuid: string,
  events: readonly DrainedEvent[],
): Promise<void> {
  const last = events.at(-1);
  if (!last) return;
  const states = new Map<string, [string, string, number]>();
  let lastChangeTs: number | null = null;
  for (const { seq, event } of events) {
    const { type, payload } = projected.parse(JSON.parse(event));
    if (type !== "profile.state_changed" || !payload.primitive || !payload.new_state) continue;
    states.set(payload.primitive, [payload.primitive, payload.new_state, seq]);
    lastChangeTs = payload.ts ?? lastChangeTs;
  }
  const rows = JSON.stringify(events.map(({ seq, event }) => [seq, event]));
  await db.batch([
    db.prepare(INSERT_EVENTS).bind(identityUuid, rows),
    db.prepare(UPSERT_ATTRIBUTIONS).bind(identityUuid, JSON.stringify([...states.values()])),
    db.prepare(UPDATE_IDENTITY).bind(identityUuid, last.seq, lastChangeTs, last.suspected),
  ]);
}

/** Says that events of an identity could not be published at the last attempt. */
export async function reportBacklog(
  db: D1Database,
  identityUuid: string,
  pending: number,
  oldestTs: number,
): Promise<void> {
  await db
    .prepare(
      `INSERT INTO outbox_backlog (identity_uuid, pending, oldest_ts) VALUES (?1, ?2, ?3)
       ON CONFLICT (identity_uuid) DO UPDATE SET pending = excluded.pending, oldest_ts = excluded.oldest_ts`,
    )
    .bind(identityUuid, pending, oldestTs)
    .run();
}

/** Says that they are published now. */
export async function clearBacklog(db: D1Database, identityUuid: string): Promise<void> {
  await db.prepare("DELETE FROM outbox_backlog WHERE identity_uuid = ?1").bind(identityUuid).run();
}

/** Takes primitives without observations off the list, unless a later event brought them back. */
export async function retractPrimitives(
  db: D1Database,
  identityUuid: string,
  primitives: readonly { readonly primitive: string; readonly seq: number }[],
  suspected: string | null,
): Promise<void> {
  const rows = JSON.stringify(primitives.map(({ primitive, seq }) => [primitive, seq]));
  const lastSeq = Math.max(...primitives.map(({ seq }) => seq));
  await db.batch([
    db
      .prepare(
        `DELETE FROM attributions WHERE identity_uuid = ?1 AND EXISTS (
           SELECT 1 FROM json_each(?2) WHERE value ->> 0 = primitive AND value ->> 1 >= seq)`,
      )
      .bind(identityUuid, rows),
    db
      .prepare("UPDATE identities SET suspected = ?2 WHERE uuid = ?1 AND last_seq <= ?3")
      .bind(identityUuid, suspected, lastSeq),
  ]);
}
