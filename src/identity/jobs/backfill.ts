/** Applies the observations that were stored before their attacker was registered, in pages, in the order of arrival. */
import type { Cause } from "../../core/index.ts";
import { finishBackfills, readBackfillPage, type StoredMember } from "../../storage/index.ts";
import { arrive } from "../arrivals.ts";
import type { JobKind } from "./job-kind.ts";

export const backfill: JobKind<"backfill", readonly StoredMember[]> = {
  queries: 2,

  async read({ input, progress }, db, limit) {
    const page = await readBackfillPage(db, input.attackerUuid, progress, limit);
    if (page.length === 0) await finishBackfills(db, [input]);
    return page;
  },

  apply(job, page, store): Cause | null {
    const { attackerUuid, linkVersion } = job.input;
    const last = page.at(-1);
    // The attacker has another link by now, and the change of the link handles its observations.
    const isOutdated = store.winner !== null || (store.links.version(attackerUuid) ?? 0) > linkVersion;
    if (!last || isOutdated) {
      store.jobs.finish(job.key, false);
      return null;
    }
    store.jobs.moveOn(job, { ts: last.ts, evidenceRef: last.evidenceRef, primitive: last.primitive });
    const link = { attackerUuid, linkVersion, firstSeenTs: page[0]?.ts ?? null, needsBackfill: false };
    return arrive(store, { links: [link], observations: page });
  },
};

/** The key of an attacker's backfill. */
export function backfillKey(attackerUuid: string): string {
  return `backfill:${attackerUuid}`;
}
