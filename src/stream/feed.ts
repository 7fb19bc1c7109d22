/**
 * The feed: the object that streams of everything watch. Every drain pokes it after writing the history, and it passes
 * the poke on. It knows no events and stores nothing.
 */
import { DurableObject } from "cloudflare:workers";
import { Watchers } from "./watchers.ts";

/**
 * Number of feeds. One object takes about 1,000 pokes a second, one per drained page of events; beyond that, raise this
 * number: each identity pokes one feed, and a stream of everything watches all of them.
 */
const FEEDS = 1;

/** Milliseconds between two pokes of a watcher: the events of many drains are read together. */
const FEED_PAUSE_MS = 100;

/** Names of all feeds; a stream of everything watches each. */
export const FEED_NAMES: readonly string[] = Array.from({ length: FEEDS }, (_, i) => `feed-${i}`);

/** Name of the feed that an identity pokes. */
export function feedNameOf(identityUuid: string): string {
  return `feed-${Number.parseInt(identityUuid.slice(0, 8), 16) % FEEDS}`;
}

export class FeedObject extends DurableObject<Env> {
  readonly #watchers: Watchers;
  /** Set while pokes are held back; `hasMore` tells whether one came meanwhile. */
  #pause: { hasMore: boolean } | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#watchers = new Watchers(ctx);
  }

  /** Accepts a watcher. */
  override fetch(request: Request): Response {
    return this.#watchers.accept(request);
  }

  /** Passes on that the history has grown. */
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
