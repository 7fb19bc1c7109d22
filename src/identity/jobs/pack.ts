/** Moves the observations of a store of version 1 into session rows, in pages. No state depends on where they stand. */
import type { JobKind } from "./job-kind.ts";

export const pack: JobKind<"pack", number> = {
  // None. It counts as one, so that an object with very many observations also answers other calls meanwhile.
  queries: 1,

  async read(_job, _db, limit) {
    // Other calls may go first.
    await scheduler.wait(0);
    return limit;
  },

  apply(job, limit, store) {
    if (store.observations.pack(limit)) store.jobs.moveOn(job, null);
    else store.jobs.finish(job.key, false);
    return null;
  },
};
