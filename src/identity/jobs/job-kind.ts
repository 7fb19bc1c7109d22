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
  /** Reads what the next step needs. */
  read(job: JobOf<K>, db: D1Database): Promise<Page>;
  /**
   * Changes links, rows and the job itself.
   * @returns what is to be decided about the change, or null for nothing
   */
  apply(job: JobOf<K>, page: Page, store: IdentityStore): Cause | null;
}
