/** What the runner needs to know of a kind of job. */
import type { Cause } from "../../core/index.ts";
import type { IdentityStore, Job, JobOf } from "../store/index.ts";

/**
 * A kind of long work, done in steps. A step reads, outside any transaction; then it applies what it read, inside one that
 * has checked that the job is as it was.
 */
export interface JobKind<K extends Job["kind"], Page> {
  /** Queries to D1 that one step makes at most. */
  readonly queries: number;
  /**
   * Reads what the next step needs.
   * @param limit - observations at most
   */
  read(job: JobOf<K>, db: D1Database, limit: number): Promise<Page>;
  /**
   * Changes links, rows and the job itself.
   * @returns what is to be decided about the change, or null for nothing
   */
  apply(job: JobOf<K>, page: Page, store: IdentityStore): Cause | null;
}

/** Observations that a step reads at most, by kind of job. */
export type PageSizes = Readonly<Record<Job["kind"], number>>;

/** Applying a page of a backfill takes some 50 ms; a page of an exchange has some 5 MB if every value is at its longest. */
export const PAGE_SIZES: PageSizes = { backfill: 500, exchange: 1_000 };
