/**
 * The row of the identity's head. It also holds the first events that wait: a commit that makes events changes the head as well, so
 * that both are one row written.
 */
import { z } from "zod";
import type { IdentityHead } from "../../core/index.ts";
import { type PendingEvent, readBatch, writeBatch } from "./event-batch.ts";

const headSchema = z.object({
  identityUuid: z.string(),
  seq: z.number(),
  isFormed: z.boolean(),
  multiActor: z.array(z.string()),
  suspected: z.array(z.string()).nullable(),
  kept: z.string().nullable().default(null),
}) satisfies z.ZodType<IdentityHead>;

const waitingSchema = z.object({
  waiting: z.array(z.unknown()).optional(),
  before: z.array(z.string()).optional(),
});

/** The events in the row, and what those in the outbox refer to. */
export interface Waiting {
  /** In `seq` order. */
  readonly events: readonly PendingEvent[];
  /** The list of the last suspicion before these events, if one in the outbox may be the difference to it; else null. */
  readonly suspectedBefore: readonly string[] | null;
}

export const NOTHING_WAITS: Waiting = { events: [], suspectedBefore: null };

interface Content {
  readonly head: IdentityHead | null;
  readonly waiting: Waiting;
}

export class HeadRow {
  readonly #sql: SqlStorage;
  #content: Content | null = null;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The head; null before the first write. @throws ZodError if what is stored is none */
  get head(): IdentityHead | null {
    return this.#read().head;
  }

  get waiting(): Waiting {
    return this.#read().waiting;
  }

  write(head: IdentityHead, waiting: Waiting): void {
    const { events, suspectedBefore } = waiting;
    const others = [
      ...(events.length > 0 ? [`"waiting":${writeBatch(events, null)}`] : []),
      ...(suspectedBefore === null ? [] : [`"before":${JSON.stringify(suspectedBefore)}`]),
    ];
    const value = [JSON.stringify(head).slice(0, -1), ...others].join(",") + "}";
    this.#sql.exec("INSERT OR REPLACE INTO meta (name, value) VALUES ('head', ?)", value);
    this.#content = { head, waiting };
  }

  /** Clears the cache. Call it after a transaction that did not commit. */
  forget(): void {
    this.#content = null;
  }

  #read(): Content {
    if (this.#content === null) {
      const row = this.#sql
        .exec<{ value: string }>("SELECT value FROM meta WHERE name = 'head'")
        .toArray()[0];
      if (row) {
        const stored: unknown = JSON.parse(row.value);
        const { waiting, before } = waitingSchema.parse(stored);
        this.#content = {
          head: headSchema.parse(stored),
          waiting: { events: readBatch(waiting ?? [], null), suspectedBefore: before ?? null },
        };
      } else this.#content = { head: null, waiting: NOTHING_WAITS };
    }
    return this.#content;
  }
}
