/**
 * Replaces an identity's observations of some attackers by those of D1: for merge, unmerge and rebuild. It reads D1 in pages and
 * stages them. When all pages are staged, one transaction makes the exchange and compares every state with the one before.
 * Observations that arrive in between are staged as well, so none is lost.
 */
import type { AppliedObservation, Cause, Notice } from "../../core/index.ts";
import { finishBackfills, type ObservationPage, readAttackersPage } from "../../storage/index.ts";
import type { ExchangeLink } from "../protocol.ts";
import type { IdentityStore, JobOf } from "../store/index.ts";
import type { JobKind } from "./job-kind.ts";

/** Attackers per query. A query makes one look-up for each. */
const PAGE_ATTACKERS = 500;

/** The key of a rebuild. A new rebuild replaces one that waits. */
export const REBUILD = "rebuild";

type Exchange = JobOf<"exchange">;

const NOTHING_READ: ObservationPage = { observations: [], sessions: [], next: null };

export const exchange: JobKind<"exchange", ObservationPage> = {
  queries: 1,

  async read(job, db, limit) {
    if (job.progress?.phase === "confirm") {
      await finishBackfills(db, job.input.load);
      return NOTHING_READ;
    }
    const attackers = exchangedNext(job);
    return attackers.length === 0
      ? NOTHING_READ
      : readAttackersPage(db, attackers, positionOf(job).after, limit);
  },

  apply(job, page, store) {
    if (job.progress?.phase === "confirm") {
      finish(store, job);
      return null;
    }
    if (isOutdated(store, job)) {
      finish(store, job);
      return null;
    }
    const { index } = positionOf(job);
    if (index < job.input.load.length) {
      store.staged.add(job.key, page.observations);
      store.jobs.moveOn(job, nextPlace(job, page));
      return null;
    }
    const cause = makeExchange(store, job);
    if (job.input.load.length > 0) store.jobs.moveOn(job, { phase: "confirm" });
    else finish(store, job);
    return cause;
  },
};

/** Stages arriving observations for every exchange that will replace those of their attacker. */
export function stageArrivals(store: IdentityStore, observations: readonly AppliedObservation[]): void {
  if (store.jobs.isEmpty || observations.length === 0) return;
  for (const job of store.jobs.exchanges()) {
    if (job.progress?.phase === "confirm") continue;
    const loaded = new Set(job.input.load.map(({ attackerUuid }) => attackerUuid));
    store.staged.add(
      job.key,
      observations.filter(({ attackerUuid }) => loaded.has(attackerUuid)),
    );
  }
}

/** A merged identity keeps its states; only the event of its own merge or unmerge is still published. */
function isOutdated(store: IdentityStore, { input }: Exchange): boolean {
  return store.winner !== null && input.notice === null;
}

function finish(store: IdentityStore, { key }: Exchange): void {
  store.staged.clear(key);
  store.jobs.finish(key, key !== REBUILD);
}

function positionOf({ progress }: Exchange) {
  return progress?.phase === "read" ? progress : { index: 0, after: null };
}

/** The attackers whose observations the next step of an exchange reads. */
export function exchangedNext(job: Exchange): string[] {
  if (job.progress?.phase === "confirm") return [];
  const { index } = positionOf(job);
  return job.input.load.slice(index, index + PAGE_ATTACKERS).map(({ attackerUuid }) => attackerUuid);
}

function nextPlace(job: Exchange, { next }: ObservationPage) {
  const { load } = job.input;
  const { index } = positionOf(job);
  if (next === null) {
    return { phase: "read", index: Math.min(index + PAGE_ATTACKERS, load.length), after: null } as const;
  }
  const reached = load.findIndex(({ attackerUuid }, i) => i >= index && attackerUuid === next.attackerUuid);
  if (reached < 0)
    throw new Error(`a page must hold observations of the attackers asked for, found ${next.attackerUuid}`);
  return { phase: "read", index: reached, after: next } as const;
}

/**
 * Replaces the observations by the staged ones. A link that has changed since the plan was made is skipped, because the change
 * has its own plan.
 */
function makeExchange(store: IdentityStore, { key, input }: Exchange): Cause {
  const isCurrent = ({ attackerUuid, linkVersion }: ExchangeLink) =>
    (store.links.version(attackerUuid) ?? 0) <= linkVersion;
  const drop = input.drop.filter(isCurrent);
  // An identity that is merged away takes in nothing.
  const load = store.winner === null ? input.load.filter(isCurrent) : [];
  for (const { attackerUuid, linkVersion } of drop) {
    store.observations.removeOf(attackerUuid);
    if (isErased(store, key, attackerUuid)) forgetLink(store, attackerUuid, linkVersion);
    else store.links.release(attackerUuid, linkVersion);
  }
  for (const { attackerUuid, linkVersion, firstSeenTs } of load) {
    if (!isErased(store, key, attackerUuid)) store.links.link(attackerUuid, linkVersion, firstSeenTs);
    store.staged.putInPlace(key, attackerUuid);
  }
  if (input.isWhole) store.observations.removeStrangers();
  const notice = input.notice && withoutErased(store, key, input.notice);
  store.staged.clear(key);
  const forms = notice !== null || (load.length > 0 && !store.observations.isEmpty);
  return {
    kind: "recompute",
    forms,
    notice,
    reason: { kind: key === REBUILD ? "rebuilt" : "changed" },
  };
}

function withoutErased(store: IdentityStore, key: string, notice: Notice): Notice {
  return { ...notice, attackerUuids: notice.attackerUuids.filter((uuid) => !isErased(store, key, uuid)) };
}

/**
 * Removes the link to an erased attacker with its version: one that comes back starts with version 1 again. Without the
 * version, an exchange that waits could not tell that its link is older, so it no longer names the attacker. No observation of it is
 * stored.
 * @param linkVersion - the newest version that is known
 */
export function forgetLink(store: IdentityStore, attackerUuid: string, linkVersion: number): void {
  const isKept = (link: ExchangeLink) =>
    link.attackerUuid !== attackerUuid || link.linkVersion >= linkVersion;
  for (const { key, input, progress } of store.jobs.exchanges()) {
    if (progress?.phase === "confirm" || input.load.every(isKept)) continue;
    store.jobs.restart(key, { ...input, load: input.load.filter(isKept) });
  }
  store.links.remove(attackerUuid);
}

/** Whether an attacker was erased, and nothing later of it is staged. */
function isErased(store: IdentityStore, key: string, attackerUuid: string): boolean {
  const erasedTs = store.links.erasedTs(attackerUuid);
  return erasedTs !== null && !store.staged.hasLater(key, attackerUuid, erasedTs);
}
