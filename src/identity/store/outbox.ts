/**
 * Events that are due, in the identity object's SQLite, until both D1's history and the outbound queue have them. A
 * suspicion's list is kept as the difference to the list of the suspicion before it, where that one is known: a growing
 * suspicion would otherwise store its whole list once per primitive.
 */
import { applyDifference, differenceOf, fitList, type OutboundEvent, utf8Length } from "../../core/index.ts";
import { Emptiness } from "./emptiness.ts";

/** An event that waits. */
export interface PendingEvent {
  readonly seq: number;
  /** JSON of the envelope, as it is sent. */
  readonly event: string;
  /** Its list, if it is a suspicion; null for any other event. */
  readonly suspected: readonly string[] | null;
}

interface Differing {
  readonly payload: Readonly<Record<string, unknown>>;
  readonly difference?: { readonly added: readonly string[]; readonly removed: readonly string[] };
}

export class Outbox {
  readonly #sql: SqlStorage;
  readonly #emptiness: Emptiness;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#emptiness = new Emptiness(sql, "SELECT 1 FROM outbox LIMIT 1");
  }

  /** Drops the cache: call it when a transaction did not commit. */
  forget(): void {
    this.#emptiness.forget();
  }

  /**
   * Adds events.
   * @param suspectedBefore - the primitives last published as suspicious before these events, or null
   */
  add(events: readonly OutboundEvent[], suspectedBefore: readonly string[] | null): void {
    if (events.length > 0) this.#emptiness.forget();
    let before = suspectedBefore === null ? null : fitList(suspectedBefore).list;
    for (const event of events) {
      let text = JSON.stringify(event);
      if (event.type === "profile.multi_actor_suspected") {
        const { primitives, ...payload } = event.payload;
        if (before !== null) {
          const shorter = JSON.stringify({ ...event, payload, difference: differenceOf(before, primitives) });
          if (shorter.length < text.length) text = shorter;
        }
        before = primitives;
      }
      this.#sql.exec("INSERT INTO outbox (seq, due_ts, event) VALUES (?, ?, ?)", event.seq, event.ts, text);
    }
  }

  /**
   * The next events, in `seq` order, as they are sent: at most `limit`, and no more than `maxBytes` of JSON together (one
   * at least).
   * @param suspectedBefore - the list of the last suspicion that was published, or null
   */
  next(limit: number, maxBytes: number, suspectedBefore: readonly string[] | null): PendingEvent[] {
    const page: PendingEvent[] = [];
    let before = suspectedBefore;
    let bytes = 0;
    const rows = this.#sql.exec<{ seq: number; event: string }>(
      "SELECT seq, event FROM outbox ORDER BY seq LIMIT ?",
      limit,
    );
    for (const { seq, event } of rows) {
      const pending = complete(seq, event, before);
      bytes += utf8Length(pending.event);
      if (page.length > 0 && bytes > maxBytes) break;
      before = pending.suspected ?? before;
      page.push(pending);
    }
    return page;
  }

  /** Removes the events up to this one. */
  deleteThrough(seq: number): void {
    this.#sql.exec("DELETE FROM outbox WHERE seq <= ?", seq);
  }

  get isEmpty(): boolean {
    return this.#emptiness.isEmpty;
  }

  /** How many wait, and since when the oldest does (epoch seconds). */
  pending(): { count: number; oldestTs: number | null } {
    return this.#sql
      .exec<{ count: number; oldestTs: number | null }>(
        "SELECT count(*) AS count, min(due_ts) AS oldestTs FROM outbox",
      )
      .one();
  }

  /**
   * Takes an erased attacker out of events that wait.
   * @param statement - SQL over the table's `event`, with the attacker's UUID as its parameter
   */
  redact(statement: string, attackerUuid: string): void {
    this.#sql.exec(statement, attackerUuid);
  }
}

/** Types of which a row need not be read: most events are none. */
const SUSPICION = '"type":"profile.multi_actor_suspected"';

/** A stored row as the event that is sent. */
function complete(seq: number, event: string, before: readonly string[] | null): PendingEvent {
  if (!event.includes(SUSPICION)) return { seq, event, suspected: null };
  const { difference, ...envelope }: Differing = JSON.parse(event);
  const { payload } = envelope;
  if (difference === undefined) {
    const { primitives } = payload;
    return { seq, event, suspected: Array.isArray(primitives) ? primitives.map(String) : [] };
  }
  if (before === null) throw new Error(`the suspicion ${seq} must follow one that was published, none was`);
  const primitives = applyDifference(before, difference);
  // The contract's order of the fields.
  const { identity_uuid, ...rest } = payload;
  return {
    seq,
    event: JSON.stringify({ ...envelope, payload: { identity_uuid, primitives, ...rest } }),
    suspected: primitives,
  };
}
