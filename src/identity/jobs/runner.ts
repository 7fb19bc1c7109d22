/**
 * Works off the jobs of an identity object, step by step. What a step read is applied only if the job is as it was when
 * the step began; a step that fails is noted with its reason and tried again later, while other jobs go on.
 */
import type { Cause } from "../../core/index.ts";
import { logError, reasonOf } from "../../log.ts";
import type { Budget } from "../budget.ts";
import { retryDelayMs } from "../schedule.ts";
import type { IdentityStore, Job } from "../store/index.ts";
import { backfill } from "./backfill.ts";
import { exchange } from "./exchange.ts";
import type { PageSizes } from "./job-kind.ts";

export class JobRunner {
  readonly #store: IdentityStore;
  readonly #commit: (change: () => Cause | null) => void;
  readonly #identityUuid: string;
  #running: Promise<void> | null = null;

  /** @param commit - runs a change and saves what is decided about it, in one transaction */
  constructor(store: IdentityStore, identityUuid: string, commit: (change: () => Cause | null) => void) {
    this.#store = store;
    this.#identityUuid = identityUuid;
    this.#commit = commit;
  }

  /** Works until nothing is due or the budget is spent; joins a run that is under way. Never rejects. */
  run(db: D1Database, budget: Budget, pageSizes: PageSizes): Promise<void> {
    this.#running ??= this.#work(db, budget, pageSizes).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #work(db: D1Database, budget: Budget, pageSizes: PageSizes): Promise<void> {
    for (;;) {
      const job = this.#store.isEmpty ? null : this.#store.jobs.next(Date.now());
      if (!job) return;
      const queries = job.kind === "backfill" ? backfill.queries : exchange.queries;
      if (!budget.allows(queries)) return;
      budget.spend(queries);
      try {
        await this.#step(job, db, pageSizes);
      } catch (error) {
        logError("job_failed", error, { identity_uuid: this.#identityUuid, job: job.key });
        this.#store.jobs.fail(job, reasonOf(error), Date.now() + retryDelayMs(job.failures + 1));
      }
    }
  }

  async #step(job: Job, db: D1Database, pageSizes: PageSizes): Promise<void> {
    switch (job.kind) {
      case "backfill": {
        const page = await backfill.read(job, db, pageSizes.backfill);
        return this.#applyIfUnchanged(job, () => backfill.apply(job, page, this.#store));
      }
      case "exchange": {
        const page = await exchange.read(job, db, pageSizes.exchange);
        return this.#applyIfUnchanged(job, () => exchange.apply(job, page, this.#store));
      }
      default:
        job satisfies never;
    }
  }

  #applyIfUnchanged(job: Job, apply: () => Cause | null): void {
    this.#commit(() => (this.#store.jobs.isUnchanged(job) ? apply() : null));
  }
}
