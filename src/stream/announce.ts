/** What a drain does for live streams once the history is written. */
import { feedNameOf } from "./feed.ts";
import type { Watchers } from "./watchers.ts";

/**
 * Tells those who watch an identity, and the feed, that the history has grown. Never throws and is not waited for: a
 * poke that is lost only means that a stream reads later, when its next comment line is due.
 */
export function announce(
  ctx: Pick<DurableObjectState, "waitUntil">,
  env: Pick<Env, "FEED">,
  watchers: Watchers,
  identityUuid: string,
): void {
  watchers.poke();
  const told = env.FEED.getByName(feedNameOf(identityUuid))
    .poke()
    .catch(() => {});
  ctx.waitUntil(told);
}
