/** The D1 queries that an invocation may still make. */

/**
 * Queries of one invocation: the platform allows 50 on the free plan and 1,000 on a paid one, and counts each member of
 * a batch. The next invocation continues the rest, so the smaller limit is enough for both plans. Five queries are reserved for
 * the caller.
 */
export const INVOCATION_QUERIES = 45;

export class QueryBudget {
  #left: number;

  constructor(queries: number) {
    this.#left = queries;
  }

  get left(): number {
    return this.#left;
  }

  /** Whether this many queries are left. */
  has(queries: number): boolean {
    return this.#left >= queries;
  }

  /** Counts queries. */
  take(queries: number): void {
    this.#left -= queries;
  }

  /** A separate budget for a part of the work. Its queries count here as well. */
  part(queries: number): QueryBudget {
    return new PartOfBudget(this, Math.min(queries, this.#left));
  }
}

class PartOfBudget extends QueryBudget {
  readonly #whole: QueryBudget;

  constructor(whole: QueryBudget, queries: number) {
    super(queries);
    this.#whole = whole;
  }

  override take(queries: number): void {
    super.take(queries);
    this.#whole.take(queries);
  }
}
