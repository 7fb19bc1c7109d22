/**
 * Runs the jobs of an identity object in steps. A step applies what it read only if the job has not changed since the step
 * began. A failed step is stored with its reason and retried later; other jobs go on.
 */
import type { Cause } from "../../core/index.ts";
import { logError, reasonOf } from "../../log.ts";
import type { Budget } from "../budget.ts";
import { arePacked, hasOldRows, PACK_PAGE_QUERIES } from "../../storage/index.ts";
import { retryDelayMs } from "../schedule.ts";
import type { IdentityStore, Job } from "../store/index.ts";
import { backfill } from "./backfill.ts";
import { exchange, exchangedNext } from "./exchange.ts";
import type { PageSizes } from "./job-kind.ts";
import { pack } from "./pack.ts";

/** Queries of what a decision needs besides its page. */
const PREPARE_QUERIES = 1;

const KINDS = { backfill, exchange, pack } as const;

export class JobRunner {
  readonly #store: IdentityStore;
  readonly #prepare: () => Promise<void>;
  readonly #commit: (change: () => Cause | null) => void;
  readonly #identityUuid: string;
  #running: Promise<void> | null = null;

  /**
   * @param prepare - reads what decisions need, once per run, with at most one query; never rejects
   * @param commit - makes a change and saves the decision about it, in one transaction
   */
  constructor(
    store: IdentityStore,
    identityUuid: string,
    prepare: () => Promise<void>,
    commit: (change: () => Cause | null) => void,
  ) {
    this.#store = store;
    this.#identityUuid = identityUuid;
    this.#prepare = prepare;
    this.#commit = commit;
  }

  /** Runs until no job is due or the budget is spent. A running run is joined. Never rejects. */
  run(db: D1Database, budget: Budget, pageSizes: PageSizes): Promise<void> {
    this.#running ??= this.#work(db, budget, pageSizes).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #work(db: D1Database, budget: Budget, pageSizes: PageSizes): Promise<void> {
    let isPrepared = false;
    for (;;) {
      const job = this.#store.isEmpty ? null : this.#store.jobs.next(Date.now());
      if (!job) return;
      const { queries } = KINDS[job.kind];
      try {
        const packing = (await hasOldRows(db)) ? 1 + PACK_PAGE_QUERIES : 0;
        const preparing = isPrepared ? 0 : PREPARE_QUERIES;
        const all = queries + packing + preparing;
        if (!budget.allows(all)) return;
        budget.spend(all);
        if (!isPrepared) await this.#prepare();
        isPrepared = true;
        if (await arePacked(db, attackersOf(job))) await this.#step(job, db, pageSizes);
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
      case "pack": {
        const page = await pack.read(job, db, pageSizes.pack);
        return this.#applyIfUnchanged(job, () => pack.apply(job, page, this.#store));
      }
      default:
        job satisfies never;
    }
  }

  #applyIfUnchanged(job: Job, apply: () => Cause | null): void {
    this.#commit(() => (this.#store.jobs.isUnchanged(job) ? apply() : null));
  }
}

/** The attackers whose observations the next step reads from D1; those of the version before are packed first. */
function attackersOf(job: Job): readonly string[] {
  switch (job.kind) {
    case "backfill":
      return [job.input.attackerUuid];
    case "exchange":
      return exchangedNext(job);
    case "pack":
      return [];
    default:
      return job satisfies never;
  }
}
