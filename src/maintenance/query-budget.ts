/** How many queries an invocation may still ask of D1. */

/**
 * Queries of one invocation: the platform allows 50 on the free plan and 1,000 on a paid one, and counts the members of
 * a batch one by one. What doesn't fit is done by the next invocation, so the smaller limit serves both plans. Five are
 * left for what calls the work.
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

  /** Whether so many queries may still be asked. */
  has(queries: number): boolean {
    return this.#left >= queries;
  }

  /** Counts queries that are asked now. */
  take(queries: number): void {
    this.#left -= queries;
  }

  /** A budget of its own for a part of the work, counted here as well. */
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
