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
}) satisfies z.ZodType<IdentityHead>;

const waitingSchema = z.object({ waiting: z.array(z.unknown()).optional() });

interface Content {
  readonly head: IdentityHead | null;
  readonly waiting: readonly PendingEvent[];
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

  /** The events in the row, in `seq` order. */
  get waiting(): readonly PendingEvent[] {
    return this.#read().waiting;
  }

  write(head: IdentityHead, waiting: readonly PendingEvent[]): void {
    const text = JSON.stringify(head);
    const value = waiting.length === 0 ? text : `${text.slice(0, -1)},"waiting":${writeBatch(waiting)}}`;
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
        const { waiting } = waitingSchema.parse(stored);
        this.#content = { head: headSchema.parse(stored), waiting: readBatch(waiting ?? []) };
      } else this.#content = { head: null, waiting: [] };
    }
    return this.#content;
  }
}
