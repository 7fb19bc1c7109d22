/**
 * Publishes events in `seq` order: it writes D1's history and read model (idempotent), sends to the outbound queue, and deletes
 * the outbox row. A failed event stays and is retried, so an event is sent at least once, always with the same id. An event that
 * can never be sent is stored as a dead letter, and the next events follow.
 */
import { fitEvent, utf8Length } from "../core/index.ts";
import {
  clearBacklog,
  type DeadLetter,
  type HistoryEvent,
  keepUnpublishable,
  type PackedProfile,
  projectEvents,
  projectProfile,
  reportBacklog,
  retractPrimitives,
  unpublishableLetter,
} from "../storage/index.ts";
import type { SeriesSummaries } from "../hooks.ts";
import type { Budget } from "./budget.ts";
import { packProfile } from "./profile.ts";
import { retryDelayMs } from "./schedule.ts";
import type { IdentityStore, PendingEvent } from "./store/index.ts";

/** Events of one page: the limit of a queue's `sendBatch`. */
const PAGE_EVENTS = 100;
/** UTF-8 bytes of one page: below the 256 KB of `sendBatch`, with room for the metadata of the queue. */
const PAGE_BYTES = 200_000;
/** Maximum bytes of an event. A message holds 128,000 bytes, of which about 100 are metadata of the queue. */
const LARGEST_EVENT_BYTES = 127_000;
/** Maximum number of queries and sends of one page: event rows, states, the identity, its evidence, letters, the queue, the widest profile. */
const QUERIES_PER_PAGE = 17;
/** Minimum time between two projections of changes without a transition, seconds. */
const PROFILE_REFRESH_SECS = 300;

/** The targets of a drain. */
export interface DrainTargets {
  /** The shard of the identity. */
  readonly db: D1Database;
  /** The shard that holds dead letters. */
  readonly letters: D1Database;
  readonly queue: Pick<Queue, "sendBatch">;
  /** Notifies live streams of new events; never throws. */
  readonly notify: () => void;
}

export type DrainResult =
  | { readonly outcome: "empty" }
  /** The budget is spent and more events wait. */
  | { readonly outcome: "more" }
  | {
      readonly outcome: "failed";
      /** How long to wait before the next attempt. */
      readonly retryInMs: number;
      readonly error: unknown;
    };

/** Publishes the events of an identity; one drain runs at a time. */
export class Drain {
  readonly #store: IdentityStore;
  readonly #identityUuid: string;
  readonly #inTransaction: (work: () => void) => void;
  readonly #summaries: () => SeriesSummaries | null;
  #running: Promise<DrainResult> | null = null;
  #failures = 0;
  /** Whether the read model was projected since this object started. */
  #isProjected = false;
  /** Whether states have changed since then. */
  #isProfileBehind = false;
  /** Whether that is to be projected now. */
  #isProfileDue = false;

  /** @param summaries - what says what is followed of the series, or null */
  constructor(
    store: IdentityStore,
    identityUuid: string,
    inTransaction: (work: () => void) => void,
    summaries: () => SeriesSummaries | null,
  ) {
    this.#store = store;
    this.#identityUuid = identityUuid;
    this.#inTransaction = inTransaction;
    this.#summaries = summaries;
  }

  /**
   * Notes that a decision changes states, before it is saved. They are projected with an event, or if the last projection was due
   * `PROFILE_REFRESH_SECS` ago. That time is saved with the states, so that an object which was evicted knows it.
   * @param hasEvents - whether the decision makes events
   */
  noteMoved(hasEvents: boolean, nowMs: number): void {
    this.#isProfileBehind = true;
    const nowTs = nowMs / 1_000;
    if (!hasEvents && nowTs < this.#store.projectedTs + PROFILE_REFRESH_SECS) return;
    this.#isProfileDue = true;
    this.#store.noteProjected(nowTs);
  }

  /** Whether there is something to publish or to project now. */
  hasWork(): boolean {
    return this.mustWork() || (this.#isProfileBehind && this.#isProfileDue);
  }

  /** Whether there is something that must be published or taken out of the read model. */
  mustWork(): boolean {
    const { outbox, meta } = this.#store;
    return !outbox.isEmpty || meta.read("removed") !== null || meta.read("profileDue") !== null;
  }

  /** Publishes until no event is left, the budget is spent, or an attempt fails. A running drain is joined. Never rejects. */
  run(targets: DrainTargets, budget: Budget): Promise<DrainResult> {
    this.#running ??= this.#drain(targets, budget).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Resolves when the drain that is running, if any, has ended. Never rejects. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #drain(targets: DrainTargets, budget: Budget): Promise<DrainResult> {
    try {
      while (this.hasWork()) {
        if (!budget.allows(QUERIES_PER_PAGE)) return { outcome: "more" };
        budget.spend(await this.#step(targets));
      }
      if (this.#store.meta.read("backlog") !== null) {
        await clearBacklog(targets.db, this.#identityUuid);
        this.#store.meta.remove("backlog");
      }
      this.#failures = 0;
      return { outcome: "empty" };
    } catch (error) {
      this.#failures++;
      await this.#report(targets.db);
      return { outcome: "failed", retryInMs: retryDelayMs(this.#failures), error };
    }
  }

  /** @returns the number of queries and sends */
  async #step(targets: DrainTargets): Promise<number> {
    const { meta, outbox } = this.#store;
    const page = outbox.next(PAGE_EVENTS, PAGE_BYTES);
    const last = page.at(-1);
    if (last) return this.#publish(targets, page, last);
    if (meta.read("removed") !== null) await this.#retract(targets.db);
    else await this.refreshProfile(targets.db);
    return QUERIES_PER_PAGE;
  }

  async #publish(targets: DrainTargets, page: readonly PendingEvent[], last: PendingEvent): Promise<number> {
    const { outbox } = this.#store;
    const rows = page.map(({ seq, event }): HistoryEvent => ({ seq, event: asKept(event) }));
    const letters: DeadLetter[] = [];
    const messages: MessageSendRequest[] = [];
    for (const { seq, event } of page) {
      const sendable = asSent(event);
      if (sendable === null)
        letters.push(unpublishableLetter(this.#identityUuid, seq, event, Date.now() / 1_000));
      else messages.push({ body: sendable, contentType: "json" });
    }
    if (letters.length > 0) await keepUnpublishable(targets.letters, letters);
    const statements = await this.#project(() =>
      projectEvents(targets.db, this.#identityUuid, rows, this.#profile()),
    );
    targets.notify();
    if (messages.length > 0) await targets.queue.sendBatch(messages);
    this.#inTransaction(() => outbox.deleteThrough(last.seq));
    return statements + letters.length + 1;
  }

  /** Removes primitives without observations from the read model. */
  async #retract(db: D1Database): Promise<void> {
    const removed = this.#store.meta.read("removed") ?? {};
    const primitives = Object.entries(removed).map(([primitive, seq]) => ({ primitive, seq }));
    await this.#project(() => retractPrimitives(db, this.#identityUuid, primitives, this.#profile()));
    this.#inTransaction(() => {
      const now = this.#store.meta.read("removed") ?? {};
      const left = Object.entries(now).filter(([primitive, seq]) => removed[primitive] !== seq);
      if (left.length > 0) this.#store.meta.write("removed", Object.fromEntries(left));
      else this.#store.meta.remove("removed");
    });
  }

  /**
   * Updates the read model, unless it is known to be up to date. A write without a change writes no row.
   * @throws what D1 throws
   */
  async refreshProfile(db: D1Database): Promise<void> {
    const { meta } = this.#store;
    const isDue = meta.read("profileDue") !== null;
    if (this.#isProjected && !this.#isProfileBehind && !isDue) return;
    await this.#project(() => projectProfile(db, this.#identityUuid, this.#profile()));
    // What was removed meanwhile has set the flag "behind" again.
    if (isDue && !this.#isProfileBehind) meta.remove("profileDue");
  }

  #profile(): PackedProfile {
    return packProfile(this.#store, this.#summaries());
  }

  /** Projects the current states. Changes during the projection stay noted; if it fails, all changes stay noted. */
  async #project<T>(project: () => Promise<T>): Promise<T> {
    this.#isProfileBehind = false;
    this.#isProfileDue = false;
    try {
      const result = await project();
      this.#isProjected = true;
      return result;
    } catch (error) {
      this.#isProfileBehind = true;
      this.#isProfileDue = true;
      throw error;
    }
  }

  /** Reports the backlog to the stats, best effort: if D1 fails, the stats cannot be read either. */
  async #report(db: D1Database): Promise<void> {
    const { count, oldestTs } = this.#store.outbox.pending();
    if (oldestTs === null) return;
    try {
      if (this.#store.meta.read("backlog") === null) this.#store.meta.write("backlog", true);
      await reportBacklog(db, this.#identityUuid, count, oldestTs);
    } catch {
      // Reported again by the next attempt that fails.
    }
  }
}

/** The event in its sent form, or null if it is too large in spite of cut lists. */
function asSent(text: string): unknown {
  const event: unknown = JSON.parse(text);
  if (text.length * 3 <= LARGEST_EVENT_BYTES || utf8Length(text) <= LARGEST_EVENT_BYTES) return event;
  const fitted = fitEvent(event);
  return utf8Length(JSON.stringify(fitted)) <= LARGEST_EVENT_BYTES ? fitted : null;
}

/** The event in the form of the history, with a list that fits into a row. */
function asKept(text: string): string {
  return text.length > LARGEST_EVENT_BYTES ? JSON.stringify(fitEvent(JSON.parse(text))) : text;
}
