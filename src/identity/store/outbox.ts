/**
 * Events that are due, until both D1's history and the outbound queue have them. The first ones are in the row of the head, as long as
 * they are few: most commits find none waiting, so they write one row for head and events. Further events have a row per commit.
 */
import { type IdentityHead, type OutboundEvent } from "../../core/index.ts";
import { redactEvent, textsToRedact } from "../../storage/index.ts";
import { Emptiness } from "./emptiness.ts";
import {
  complete,
  inBatches,
  lastSuspected,
  type PendingEvent,
  readBatch,
  toPending,
  writeBatch,
} from "./event-batch.ts";
import type { HeadRow } from "./head-row.ts";
import type { Tables } from "./tables.ts";

/** Events in the row of the head: at most this many, and bytes. The row is written anew with each commit that makes events. */
const IN_HEAD = { events: 100, bytes: 64_000 } as const;

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
    const batches = inBatches(events);
    const { waiting } = this.#head;
    const inHead = [...waiting.events, ...(batches[0] ?? [])];
    const isInHead = !this.#hasRows && fits(inHead);
    this.#head.write(head, isInHead ? { ...waiting, events: inHead } : waiting);
    // The first suspicion of a commit is whole, the others may be differences.
    let before: readonly string[] | null = null;
    for (const [i, batch] of batches.entries()) {
      if (i > 0 || !isInHead) this.#insert(batch, before);
      before = lastSuspected(batch, before);
    }
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

  /** Removes the events of a page from `next`, of which this one is the last. */
  deleteThrough(seq: number): void {
    const { head, waiting } = this.#head;
    const events = waiting.events.filter((pending) => pending.seq > seq);
    const suspectedBefore = this.#deleteRows(seq);
    const isChanged = events.length < waiting.events.length || suspectedBefore !== waiting.suspectedBefore;
    if (head !== null && isChanged) this.#head.write(head, { events, suspectedBefore });
  }

  get isEmpty(): boolean {
    return this.#head.waiting.events.length === 0 && !this.#hasRows;
  }

  /** How many wait, and since when the oldest does (epoch seconds). */
  pending(): { count: number; oldestTs: number | null } {
    const { events } = this.#head.waiting;
    const rows = this.#hasRows
      ? this.#sql
          .exec<{ count: number; oldestTs: number | null }>(
            "SELECT sum(size) AS count, min(due_ts) AS oldestTs FROM outbox",
          )
          .one()
      : { count: 0, oldestTs: null };
    return { count: events.length + rows.count, oldestTs: events[0]?.dueTs ?? rows.oldestTs };
  }

  /** Takes an erased attacker out of the events that wait. */
  redact(attackerUuid: string): void {
    const { head, waiting } = this.#head;
    const texts = textsToRedact(attackerUuid);
    const inHead = waiting.events.map((pending) => {
      if (!texts.some((text) => pending.event.includes(text))) return pending;
      return complete(redactEvent(JSON.parse(pending.event), attackerUuid), null);
    });
    const isChanged = inHead.some(({ event }, i) => event !== waiting.events[i]?.event);
    if (head !== null && isChanged) this.#head.write(head, { ...waiting, events: inHead });
    if (!this.#hasRows) return;
    const seqs = this.#sql
      .exec<{ seq: number }>(
        "SELECT seq FROM outbox WHERE instr(events, ?) > 0 OR instr(events, ?) > 0",
        ...texts,
      )
      .toArray();
    for (const { seq } of seqs) {
      const row = this.#sql.exec<{ events: string }>("SELECT events FROM outbox WHERE seq = ?", seq).one();
      // Of a suspicion nothing is taken out, so it may stay a difference.
      const stored: unknown[] = JSON.parse(row.events);
      const redacted = JSON.stringify(stored.map((event) => redactEvent(event, attackerUuid)));
      if (redacted !== row.events) {
        this.#sql.exec("UPDATE outbox SET events = ? WHERE seq = ?", redacted, seq);
      }
    }
  }

  get #hasRows(): boolean {
    return this.#tables.has("outbox") && !this.#rows.isEmpty;
  }

  *#batches(): Generator<readonly PendingEvent[], void, undefined> {
    const { events, suspectedBefore } = this.#head.waiting;
    if (events.length > 0) yield events;
    if (!this.#hasRows) return;
    let before = lastSuspected(events, suspectedBefore);
    // One by one: a statement that a reader leaves in the middle would stay open.
    for (let last = 0; ;) {
      const row = this.#sql
        .exec<{ seq: number; events: string }>(
          "SELECT seq, events FROM outbox WHERE seq > ? ORDER BY seq LIMIT 1",
          last,
        )
        .toArray()[0];
      if (!row) return;
      const batch = readBatch(JSON.parse(row.events), before);
      before = lastSuspected(batch, before);
      last = row.seq;
      yield batch;
    }
  }

  /** Removes rows. @returns the list that the first suspicion of the rows that are left may be the difference to */
  #deleteRows(seq: number): readonly string[] | null {
    if (!this.#hasRows) return null;
    let before = this.#head.waiting.suspectedBefore;
    for (const batch of this.#batches()) {
      const gone = batch.filter((pending) => pending.seq <= seq);
      if (gone.length === 0) break;
      before = lastSuspected(gone, before);
    }
    this.#sql.exec("DELETE FROM outbox WHERE seq <= ?", seq);
    return this.#hasRows ? before : null;
  }

  #insert(batch: readonly PendingEvent[], suspectedBefore: readonly string[] | null): void {
    const [first, last] = [batch[0], batch.at(-1)];
    if (!first || !last) return;
    this.#tables.need("outbox");
    this.#rows.forget();
    this.#sql.exec(
      "INSERT INTO outbox (seq, size, due_ts, events) VALUES (?, ?, ?, ?)",
      last.seq,
      batch.length,
      first.dueTs,
      writeBatch(batch, suspectedBefore),
    );
  }
}

function fits(events: readonly PendingEvent[]): boolean {
  return events.length <= IN_HEAD.events && bytesOf(events) <= IN_HEAD.bytes;
}

function bytesOf(events: readonly PendingEvent[]): number {
  return events.reduce((sum, { bytes }) => sum + bytes, 0);
}
