/**
 * Events that are due, until both D1's history and the outbound queue have them. The first ones are in the row of the head, as long as
 * they are few: most commits find none waiting, so they write one row for head and events. Further events have a row per commit.
 */
import { type IdentityHead, type OutboundEvent } from "../../core/index.ts";
import { redactEvent } from "../../storage/index.ts";
import { Emptiness } from "./emptiness.ts";
import { complete, inBatches, type PendingEvent, readBatch, toPending, writeBatch } from "./event-batch.ts";
import type { HeadRow } from "./head-row.ts";
import type { Tables } from "./tables.ts";

/** Events in the row of the head: at most this many, and bytes. The row is written anew with each commit that makes events. */
const IN_HEAD = { events: 100, bytes: 64_000 } as const;

interface Row extends Record<string, SqlStorageValue> {
  seq: number;
  size: number;
  events: string;
}

export class Outbox {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;
  readonly #head: HeadRow;
  readonly #rows: Emptiness;

  constructor(sql: SqlStorage, tables: Tables, head: HeadRow) {
    this.#sql = sql;
    this.#tables = tables;
    this.#head = head;
    this.#rows = new Emptiness(sql, "SELECT 1 FROM outbox LIMIT 1");
  }

  /** Clears the cache. Call it after a transaction that did not commit. */
  forget(): void {
    this.#rows.forget();
  }

  /** Adds the events of a commit and saves the head after them. */
  add(head: IdentityHead, events: readonly OutboundEvent[]): void {
    this.addPending(head, events.map(toPending));
  }

  /** The same with events that waited elsewhere. */
  addPending(head: IdentityHead, events: readonly PendingEvent[]): void {
    const [first = [], ...others] = inBatches(events);
    const waiting = [...this.#head.waiting, ...first];
    const isInHead = !this.#hasRows && fits(waiting);
    this.#head.write(head, isInHead ? waiting : this.#head.waiting);
    for (const batch of isInHead ? others : inBatches(events)) this.#insert(batch);
  }

  /**
   * The next events, in `seq` order, as they are sent: whole batches, as many as have at most `limit` events and `maxBytes` of JSON
   * together, but one at least.
   */
  next(limit: number, maxBytes: number): PendingEvent[] {
    const page: PendingEvent[] = [];
    let bytes = 0;
    for (const batch of this.#batches()) {
      bytes += bytesOf(batch);
      if (page.length > 0 && (bytes > maxBytes || page.length + batch.length > limit)) break;
      page.push(...batch);
    }
    return page;
  }

  /** Removes the events up to the last one of a page. */
  deleteThrough(seq: number): void {
    const { head, waiting } = this.#head;
    const left = waiting.filter((pending) => pending.seq > seq);
    if (head !== null && left.length < waiting.length) this.#head.write(head, left);
    if (this.#hasRows) this.#sql.exec("DELETE FROM outbox WHERE seq <= ?", seq);
  }

  get isEmpty(): boolean {
    return this.#head.waiting.length === 0 && !this.#hasRows;
  }

  /** How many wait, and since when the oldest does (epoch seconds). */
  pending(): { count: number; oldestTs: number | null } {
    const { waiting } = this.#head;
    const rows = this.#hasRows
      ? this.#sql
          .exec<{ count: number; oldestTs: number | null }>(
            "SELECT sum(size) AS count, min(due_ts) AS oldestTs FROM outbox",
          )
          .one()
      : { count: 0, oldestTs: null };
    return { count: waiting.length + rows.count, oldestTs: waiting[0]?.dueTs ?? rows.oldestTs };
  }

  /** Takes an erased attacker out of the events that wait. */
  redact(attackerUuid: string): void {
    const { head, waiting } = this.#head;
    const redacted = withoutAttacker(waiting, attackerUuid);
    if (head !== null && redacted !== null) this.#head.write(head, redacted);
    if (!this.#hasRows) return;
    const seqs = this.#sql
      .exec<{ seq: number }>("SELECT seq FROM outbox WHERE instr(events, ?) > 0", attackerUuid)
      .toArray();
    for (const { seq } of seqs) {
      const row = this.#sql.exec<{ events: string }>("SELECT events FROM outbox WHERE seq = ?", seq).one();
      const left = withoutAttacker(readBatch(JSON.parse(row.events)), attackerUuid);
      if (left !== null) {
        this.#sql.exec("UPDATE outbox SET events = ? WHERE seq = ?", writeBatch(left), seq);
      }
    }
  }

  get #hasRows(): boolean {
    return this.#tables.has("outbox") && !this.#rows.isEmpty;
  }

  *#batches(): Generator<readonly PendingEvent[], void, undefined> {
    if (this.#head.waiting.length > 0) yield this.#head.waiting;
    if (!this.#hasRows) return;
    for (const { events } of this.#sql.exec<Row>("SELECT seq, size, events FROM outbox ORDER BY seq")) {
      yield readBatch(JSON.parse(events));
    }
  }

  #insert(batch: readonly PendingEvent[]): void {
    const [first, last] = [batch[0], batch.at(-1)];
    if (!first || !last) return;
    this.#tables.need("outbox");
    this.#rows.forget();
    this.#sql.exec(
      "INSERT INTO outbox (seq, size, due_ts, events) VALUES (?, ?, ?, ?)",
      last.seq,
      batch.length,
      first.dueTs,
      writeBatch(batch),
    );
  }
}

function fits(events: readonly PendingEvent[]): boolean {
  return events.length <= IN_HEAD.events && bytesOf(events) <= IN_HEAD.bytes;
}

function bytesOf(events: readonly PendingEvent[]): number {
  return events.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The events without an attacker, or null if none named it. */
function withoutAttacker(events: readonly PendingEvent[], attackerUuid: string): PendingEvent[] | null {
  let isChanged = false;
  const redacted = events.map((pending) => {
    const event: unknown = JSON.parse(pending.event);
    const left = redactEvent(event, attackerUuid);
    if (left === event) return pending;
    isChanged = true;
    return complete(left, null);
  });
  return isChanged ? redacted : null;
}
