/** How much one invocation of an object asks of D1 and of the queue before it leaves the rest to its alarm. */

/**
 * Queries and sends. The platform allows 50 queries per invocation on its free plan (1,000 on the paid one); an invocation
 * may ask a few more besides its long work.
 */
const QUERIES = 40;

export class Budget {
  #left = QUERIES;

  /** Whether another piece of work may start. @param queries - what it takes at most */
  allows(queries: number): boolean {
    return this.#left >= queries;
  }

  spend(queries: number): void {
    this.#left -= queries;
  }
}
