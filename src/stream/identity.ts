/**
 * The stream of one identity, by its UUID or by one of its attackers. It follows merges: while an identity is merged
 * away its stream goes on with the winner's events, and a new snapshot says so.
 */
import { stubIdentityUuid } from "../core/index.ts";
import { type FollowedTarget, readFollowed, readSeqsAt } from "../storage/index.ts";
import { watchRequest } from "./everything.ts";
import { firstSnapshot, PAGE_EVENTS, startOf, type StreamSource, toMessage } from "./source.ts";

/** Answers what a snapshot shows of an identity; of none while an attacker waits for one. */
export type ReadSnapshot = (identityUuid: string | null) => Promise<unknown>;

/**
 * Starts a stream of one identity.
 * @param resumeAfter - the cursor after which to go on, or null for what happens from now on
 * @returns null if there is no such identity or attacker
 */
export async function followIdentity(
  env: Pick<Env, "DB" | "IDENTITIES">,
  target: FollowedTarget,
  resumeAfter: number | null,
  readSnapshot: ReadSnapshot,
): Promise<StreamSource | null> {
  const found = await readFollowed(env.DB, target, new Map(), 0);
  if (!found.isKnown) return null;
  const start = startOf(resumeAfter, found.newestCursor);
  /** Everything up to here was sent, of the identities in `seqs`. */
  let { cursor } = start;
  const seqs = await readSeqsAt(env.DB, found.identityUuids, cursor);
  let shown = found.identityUuids.at(-1) ?? null;
  let watched = watchedOf(target, found.identityUuids);

  return {
    kind: target.kind,
    first: firstSnapshot(await readSnapshot(shown), start),
    get watched() {
      return watched;
    },
    connect: (name) => env.IDENTITIES.getByName(name).fetch(watchRequest()),
    async next() {
      let read = await readFollowed(env.DB, target, seqs, PAGE_EVENTS);
      for (
        let joined = read.identityUuids.filter((uuid) => !seqs.has(uuid));
        joined.length > 0;
        joined = read.identityUuids.filter((uuid) => !seqs.has(uuid))
      ) {
        for (const [uuid, seq] of await readSeqsAt(env.DB, joined, cursor)) seqs.set(uuid, seq);
        read = await readFollowed(env.DB, target, seqs, PAGE_EVENTS);
      }
      const { identityUuids, isKnown, newestCursor, events } = read;
      if (!isKnown) return null;

      const living = identityUuids.at(-1) ?? null;
      const messages = events.map(toMessage);
      if (living !== shown) {
        messages.unshift({ event: "snapshot", data: JSON.stringify(await readSnapshot(living)) });
        shown = living;
      }
      watched = watchedOf(target, identityUuids);
      for (const { identityUuid, seq } of events) seqs.set(identityUuid, seq);
      const isComplete = events.length < PAGE_EVENTS;
      cursor = isComplete ? newestCursor : (events.at(-1)?.cursor ?? cursor);
      // Those that it was merged into once and is no more: all they had to say up to now was read above.
      if (isComplete) for (const uuid of seqs.keys()) if (!identityUuids.includes(uuid)) seqs.delete(uuid);
      return { messages, isComplete };
    },
  };
}

/** An attacker that waits will most likely get its stub identity: that object speaks first when it does. */
function watchedOf(target: FollowedTarget, identityUuids: readonly string[]): readonly string[] {
  const isWaiting = identityUuids.length === 0 && target.kind === "attacker";
  return isWaiting ? [stubIdentityUuid(target.uuid)] : identityUuids;
}
