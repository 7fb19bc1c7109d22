/** Stream tickets in D1: one row each, gone with the first use, or with the next ticket after it expired. */

/** A ticket as it is stored. */
export interface StoredTicket {
  /** SHA-256 of the ticket, in hex. */
  readonly hash: string;
  /** Epoch seconds. */
  readonly expiresTs: number;
  readonly scope: string;
}

/** Stores a ticket, and drops those that have expired by `nowTs`. */
export async function storeTicket(db: D1Database, ticket: StoredTicket, nowTs: number): Promise<void> {
  await db.batch([
    db.prepare("DELETE FROM stream_tickets WHERE expires_ts <= ?1").bind(nowTs),
    db
      .prepare("INSERT INTO stream_tickets (expires_ts, hash, scope) VALUES (?1, ?2, ?3)")
      .bind(ticket.expiresTs, ticket.hash, ticket.scope),
  ]);
}

/**
 * Uses a ticket up. One statement, so of several callers at once one gets it.
 * @returns its scope, or null if it is not there, was used, or has expired
 */
export async function takeTicket(
  db: D1Database,
  ticket: Omit<StoredTicket, "scope">,
  nowTs: number,
): Promise<string | null> {
  const row = await db
    .prepare(
      "DELETE FROM stream_tickets WHERE expires_ts = ?1 AND hash = ?2 AND expires_ts > ?3 RETURNING scope",
    )
    .bind(ticket.expiresTs, ticket.hash, nowTs)
    .first<{ scope: string }>();
  return row?.scope ?? null;
}
