/** Events that are due, in the identity object's SQLite, until both D1's history and the outbound queue have them. */
import type { OutboundEvent } from "../core/index.ts";
import { Emptiness } from "./emptiness.ts";

/** An event to publish, and the suspicion that holds after it. */
export interface OutboxEntry {
  readonly event: OutboundEvent;
  readonly suspected: readonly string[] | null;
}

/** An event that waits, as text: it is sent as it was made. */
export interface PendingEvent {
  readonly seq: number;
  /** JSON of the envelope. */
  readonly event: string;
  /** JSON of the list of suspected primitives, or null. */
  readonly suspected: string | null;
}

interface PendingRow extends Record<string, SqlStorageValue> {
  seq: number;
  event: string;
  suspected: string | null;
}

export class Outbox {
  readonly #sql: SqlStorage;
  readonly #events: Emptiness;
  readonly #removals: Emptiness;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#events = new Emptiness(sql, "outbox");
    this.#removals = new Emptiness(sql, "removed_primitives");
  }

  /** Drops what memory holds; for after a transaction that did not commit. */
  forget(): void {
    this.#events.doubt();
    this.#removals.doubt();
  }

  add(entries: readonly OutboxEntry[]): void {
    if (entries.length > 0) this.#events.doubt();
    for (const { event, suspected } of entries) {
      this.#sql.exec(
        "INSERT INTO outbox (seq, due_ts, event, suspected) VALUES (?, ?, ?, ?)",
        event.seq,
        event.ts,
        JSON.stringify(event),
        suspected === null ? null : JSON.stringify(suspected),
      );
    }
  }

  /** The next events, in `seq` order: at most `limit`, and no more than `maxBytes` of text together (one at least). */
  next(limit: number, maxBytes: number): PendingEvent[] {
    const page: PendingEvent[] = [];
    let bytes = 0;
    const rows = this.#sql.exec<PendingRow & { bytes: number }>(
      "SELECT seq, event, suspected, octet_length(event) AS bytes FROM outbox ORDER BY seq LIMIT ?",
      limit,
    );
    for (const { seq, event, suspected, bytes: length } of rows) {
      bytes += length;
      if (page.length > 0 && bytes > maxBytes) break;
      page.push({ seq, event, suspected });
    }
    return page;
  }

  /** Removes the events up to this one. */
  deleteThrough(seq: number): void {
    this.#sql.exec("DELETE FROM outbox WHERE seq <= ?", seq);
  }

  get isEmpty(): boolean {
    return this.#events.isEmpty;
  }

  /** Sees to it that the list projection learns of primitives that are gone. */
  addRemovals(primitives: readonly string[], seq: number): void {
    if (primitives.length > 0) this.#removals.doubt();
    for (const primitive of primitives) {
      this.#sql.exec(
        "INSERT OR REPLACE INTO removed_primitives (primitive, seq) VALUES (?, ?)",
        primitive,
        seq,
      );
    }
  }

  /** Whether the list projection knows of every primitive that is gone. */
  get hasNoRemovals(): boolean {
    return this.#removals.isEmpty;
  }

  /** How many wait, and since when the oldest does (epoch seconds). */
  pending(): { count: number; oldestTs: number | null } {
    return this.#sql
      .exec<{ count: number; oldestTs: number | null }>(
        "SELECT count(*) AS count, min(due_ts) AS oldestTs FROM outbox",
      )
      .one();
  }
}
