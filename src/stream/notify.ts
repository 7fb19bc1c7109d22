/** Notifies live streams after a drain has written the history. */
import { feedNameOf } from "./feed.ts";
import type { Watchers } from "./watchers.ts";

/**
 * Notifies the streams of an identity, and the feed, that the history has grown. Never throws, and nobody waits for it: after
 * a lost notification a stream reads the history later, when its next comment line is due.
 */
export function notify(
  ctx: Pick<DurableObjectState, "waitUntil">,
  env: Pick<Env, "FEED">,
  watchers: Watchers,
  identityUuid: string,
): void {
  watchers.poke();
  const notified = env.FEED.getByName(feedNameOf(identityUuid))
    .poke()
    .catch(() => {});
  ctx.waitUntil(notified);
}
