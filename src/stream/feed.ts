/**
 * The feed: the object that streams of everything watch. It knows no events, only that there are some; every drain
 * pokes it after it wrote the history. Stores nothing.
 */
import { DurableObject } from "cloudflare:workers";
import { Watchers } from "./watchers.ts";

/**
 * Feeds there are. One object takes about 1,000 pokes a second, one per drained page of events; past that, raise this
 * number: each identity pokes one of them, and a stream of everything watches all.
 */
const FEED_SHARDS = 1;

/** The shortest time between two pokes of a watcher, in milliseconds: many drains at once are one reading. */
const FEED_PAUSE_MS = 100;

/** Names of the feeds, all of which a stream of everything watches. */
export const FEED_NAMES: readonly string[] = Array.from({ length: FEED_SHARDS }, (_, i) => `feed-${i}`);

/** Name of the feed that an identity pokes. */
export function feedNameOf(identityUuid: string): string {
  return `feed-${Number.parseInt(identityUuid.slice(0, 8), 16) % FEED_SHARDS}`;
}

export class FeedObject extends DurableObject<Env> {
  readonly #watchers: Watchers;
  /** While a pause lasts: whether another poke came meanwhile. Null otherwise. */
  #pause: { hasMore: boolean } | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#watchers = new Watchers(ctx);
  }

  /** Accepts a watcher. */
  override fetch(request: Request): Response {
    return this.#watchers.accept(request);
  }

  /** Learns that the history has grown. */
  poke(): void {
    if (this.#pause) {
      this.#pause.hasMore = true;
      return;
    }
    if (this.#watchers.isEmpty) return;
    this.#watchers.poke();
    this.#pause = { hasMore: false };
    setTimeout(() => {
      const hasMore = this.#pause?.hasMore === true;
      this.#pause = null;
      if (hasMore) this.poke();
    }, FEED_PAUSE_MS);
  }
}
