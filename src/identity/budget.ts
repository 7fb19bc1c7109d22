/** The budget of one invocation of an object: its D1 queries and queue sends. The alarm continues the rest. */

/**
 * Queries and sends. The platform allows 50 queries per invocation on its free plan (1,000 on the paid one); an invocation
 * may ask a few more besides its long work.
 */
const QUERIES = 40;

export class Budget {
  #left = QUERIES;

  /** Whether further work may start. @param queries - its maximum number of queries and sends */
  allows(queries: number): boolean {
    return this.#left >= queries;
  }

  spend(queries: number): void {
    this.#left -= queries;
  }
}
