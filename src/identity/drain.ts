/**
 * Publishing what is due, in `seq` order: D1's history and projection first (idempotent), then the outbound queue,
 * then the row goes. What fails stays and is tried again, so an event is sent at least once, with one id.
 */
import { clearBacklog, projectEvents, reportBacklog, retractPrimitives } from "../storage/index.ts";
import type { Outbox, PendingEvent } from "./outbox.ts";
import { retryDelayMs } from "./schedule.ts";

/** Events of one page: the limit of a queue's `sendBatch`. */
const PAGE_EVENTS = 100;
/** Bytes of one page: under the 256 KB of `sendBatch`, with room for its own metadata. */
const PAGE_BYTES = 200_000;

/** What a drain speaks to. */
export interface DrainTargets {
  readonly db: D1Database;
  readonly queue: Pick<Queue, "sendBatch">;
  /** Tells live streams that the history has grown; never throws. */
  readonly announce: () => void;
}

export type DrainResult =
  | { readonly outcome: "empty" }
  | {
      readonly outcome: "failed";
      /** How long to wait before the next attempt. */
      readonly retryInMs: number;
      readonly error: unknown;
    };

/** Publishes an identity's events; one drain at a time. */
export class Drain {
  readonly #outbox: Outbox;
  readonly #sql: SqlStorage;
  readonly #identityUuid: string;
  #running: Promise<DrainResult> | null = null;
  #failures = 0;

  constructor(outbox: Outbox, sql: SqlStorage, identityUuid: string) {
    this.#outbox = outbox;
    this.#sql = sql;
    this.#identityUuid = identityUuid;
  }

  /** Publishes until nothing is left or an attempt fails; joins a drain that is under way. Never throws. */
  run(targets: DrainTargets): Promise<DrainResult> {
    this.#running ??= this.#drain(targets).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #drain(targets: DrainTargets): Promise<DrainResult> {
    try {
      for (;;) {
        const page = this.#outbox.next(PAGE_EVENTS, PAGE_BYTES);
        const last = page.at(-1);
        if (!last) break;
        await projectEvents(targets.db, this.#identityUuid, page);
        targets.announce();
        await targets.queue.sendBatch(page.map(toMessage));
        this.#outbox.deleteThrough(last.seq);
      }
      await this.#retract(targets.db);
      if (this.#isReported()) {
        await clearBacklog(targets.db, this.#identityUuid);
        this.#sql.exec("DELETE FROM reported_backlog");
      }
      this.#failures = 0;
      return { outcome: "empty" };
    } catch (error) {
      this.#failures++;
      await this.#report(targets.db);
      return { outcome: "failed", retryInMs: retryDelayMs(this.#failures), error };
    }
  }

  /** Takes primitives that lost their last observation off the list. */
  async #retract(db: D1Database): Promise<void> {
    const removed = this.#sql
      .exec<{ primitive: string; seq: number }>("SELECT primitive, seq FROM removed_primitives")
      .toArray();
    if (removed.length === 0) return;
    const { suspected } = this.#sql
      .exec<{ suspected: string | null }>("SELECT head ->> 'suspected' AS suspected FROM head")
      .one();
    await retractPrimitives(db, this.#identityUuid, removed, suspected);
    for (const { primitive, seq } of removed) {
      this.#sql.exec("DELETE FROM removed_primitives WHERE primitive = ? AND seq = ?", primitive, seq);
    }
  }

  #isReported(): boolean {
    return this.#sql.exec("SELECT 1 FROM reported_backlog").toArray().length > 0;
  }

  /** Lets the stats know. Best effort: where D1 itself is what fails, the stats cannot be read either. */
  async #report(db: D1Database): Promise<void> {
    const { count, oldestTs } = this.#outbox.pending();
    if (oldestTs === null) return;
    try {
      this.#sql.exec("INSERT OR IGNORE INTO reported_backlog (id) VALUES (1)");
      await reportBacklog(db, this.#identityUuid, count, oldestTs);
    } catch {
      // Reported again by the next attempt that fails.
    }
  }
}

function toMessage({ event }: PendingEvent): MessageSendRequest {
  return { body: JSON.parse(event), contentType: "json" };
}
