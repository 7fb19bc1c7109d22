/**
 * The stream of one identity, by its UUID or by one of its attackers. It follows merges: while an identity is merged
 * away its stream continues with the winner's events, and a new snapshot says so.
 */
import { stubIdentityUuid } from "../core/index.ts";
import type { Shard } from "../shard.ts";
import { type FollowedTarget, readFollowed, readSeqsAt } from "../storage/index.ts";
import { watchRequest } from "./everything.ts";
import { firstSnapshot, PAGE_EVENTS, startOf, type StreamSource, toMessage } from "./source.ts";

/** Where the target stands, its chain of merges, its events, and suspicions before them. */
const QUERIES_PER_READING = 4;

/** Reads what a snapshot shows of an identity, or of none while an attacker waits for registration. */
export type ReadSnapshot = (identityUuid: string | null) => Promise<unknown>;

/**
 * Starts a stream of one identity.
 * @param shard - of the identity or attacker
 * @param resumeAfter - the cursor after which to go on, or null to start with the next event
 * @returns null if there is no such identity or attacker
 */
export async function followIdentity(
  env: Pick<Env, "IDENTITIES">,
  { db }: Shard,
  target: FollowedTarget,
  resumeAfter: number | null,
  readSnapshot: ReadSnapshot,
): Promise<StreamSource | null> {
  const found = await readFollowed(db, target, new Map(), 0);
  if (!found.isKnown) return null;
  const start = startOf(resumeAfter, found.newestCursor);
  /** The cursor up to which all events of the identities in `seqs` were sent. */
  let { cursor } = start;
  const seqs = await readSeqsAt(db, found.identityUuids, cursor);
  let shown = found.identityUuids.at(-1) ?? null;
  let watched = watchedOf(target, found.identityUuids);

  return {
    kind: target.kind,
    queriesPerReading: QUERIES_PER_READING,
    first: firstSnapshot(await readSnapshot(shown), start),
    get watched() {
      return watched;
    },
    connect: (name) => env.IDENTITIES.getByName(name).fetch(watchRequest()),
    async next() {
      let read = await readFollowed(db, target, seqs, PAGE_EVENTS);
      for (
        let joined = read.identityUuids.filter((uuid) => !seqs.has(uuid));
        joined.length > 0;
        joined = read.identityUuids.filter((uuid) => !seqs.has(uuid))
      ) {
        for (const [uuid, seq] of await readSeqsAt(db, joined, cursor)) seqs.set(uuid, seq);
        read = await readFollowed(db, target, seqs, PAGE_EVENTS);
      }
      const { identityUuids, isKnown, newestCursor, events, hasMore } = read;
      if (!isKnown) return null;

      const living = identityUuids.at(-1) ?? null;
      const messages = events.map(toMessage);
      if (living !== shown) {
        messages.unshift({ event: "snapshot", data: JSON.stringify(await readSnapshot(living)) });
        shown = living;
      }
      watched = watchedOf(target, identityUuids);
      for (const { identityUuid, seq } of events) seqs.set(identityUuid, seq);
      const isComplete = !hasMore;
      cursor = isComplete ? newestCursor : (events.at(-1)?.cursor ?? cursor);
      // An identity that is no longer a winner of it: its events up to now were read above.
      if (isComplete) for (const uuid of seqs.keys()) if (!identityUuids.includes(uuid)) seqs.delete(uuid);
      return { messages, isComplete };
    },
  };
}

/** While an attacker waits, its stub identity is watched: it will most likely be the identity of the attacker. */
function watchedOf(target: FollowedTarget, identityUuids: readonly string[]): readonly string[] {
  const isWaiting = identityUuids.length === 0 && target.kind === "attacker";
  return isWaiting ? [stubIdentityUuid(target.uuid)] : identityUuids;
}
