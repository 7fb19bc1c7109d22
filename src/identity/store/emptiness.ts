/** Caches whether a query finds nothing, so that most calls skip it: an outbox and the jobs are empty nearly always. */
export class Emptiness {
  readonly #sql: SqlStorage;
  readonly #query: string;
  #isEmpty = false;

  /** @param query - SQL that gives a row unless it is empty */
  constructor(sql: SqlStorage, query: string) {
    this.#sql = sql;
    this.#query = query;
  }

  get isEmpty(): boolean {
    this.#isEmpty ||= this.#sql.exec(this.#query).toArray().length === 0;
    return this.#isEmpty;
  }

  /** Asks again next time: call it when something was added, or when a transaction did not commit. */
  forget(): void {
    this.#isEmpty = false;
  }
}
