/** The interface of a kind of job. */
import type { Cause } from "../../core/index.ts";
import type { IdentityStore, Job, JobOf } from "../store/index.ts";

/**
 * A kind of long work in steps. A step reads outside of a transaction. Then it applies what it read inside a transaction that
 * has checked that the job has not changed.
 */
export interface JobKind<K extends Job["kind"], Page> {
  /** Maximum number of D1 queries of one step. */
  readonly queries: number;
  /**
   * Reads the data of the next step.
   * @param limit - maximum number of observations
   */
  read(job: JobOf<K>, db: D1Database, limit: number): Promise<Page>;
  /**
   * Changes links, rows and the job itself.
   * @returns the cause of a decision, or null for none
   */
  apply(job: JobOf<K>, page: Page, store: IdentityStore): Cause | null;
}

/** Maximum number of observations that a step reads, by kind of job. */
export type PageSizes = Readonly<Record<Job["kind"], number>>;

/**
 * Applying a page of a backfill takes about 50 ms. A page of an exchange has about 5 MB if every value has the
 * maximum length. A page of packing takes about 30 ms.
 */
export const PAGE_SIZES: PageSizes = { backfill: 500, exchange: 1_000, pack: 2_000 };
