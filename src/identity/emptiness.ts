/** Whether a table is empty, remembered: most calls ask, and hardly ever is anything there. */
export class Emptiness {
  readonly #sql: SqlStorage;
  readonly #table: "outbox" | "removed_primitives" | "backfills" | "syncs";
  #isKnown = false;

  constructor(sql: SqlStorage, table: "outbox" | "removed_primitives" | "backfills" | "syncs") {
    this.#sql = sql;
    this.#table = table;
  }

  get isEmpty(): boolean {
    this.#isKnown ||= this.#sql.exec(`SELECT 1 FROM ${this.#table} LIMIT 1`).toArray().length === 0;
    return this.#isKnown;
  }

  /** Looks again next time: for when something was added, or a transaction did not commit. */
  doubt(): void {
    this.#isKnown = false;
  }
}
