/** Caches whether a query returns no row, so that most calls skip the query. Outbox and jobs are usually empty. */
export class Emptiness {
  readonly #sql: SqlStorage;
  readonly #query: string;
  #isEmpty = false;

  /** @param query - SQL that returns a row unless there is none */
  constructor(sql: SqlStorage, query: string) {
    this.#sql = sql;
    this.#query = query;
  }

  get isEmpty(): boolean {
    this.#isEmpty ||= this.#sql.exec(this.#query).toArray().length === 0;
    return this.#isEmpty;
  }

  /** Clears the cache. Call it after adding a row, and after a transaction that did not commit. */
  forget(): void {
    this.#isEmpty = false;
  }
}
