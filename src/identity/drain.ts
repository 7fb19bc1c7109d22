/**
 * Publishing what is due, in `seq` order: D1's history and read model first (idempotent), then the outbound queue, then
 * the row goes. What fails stays and is tried again, so an event is sent at least once, with one id. What can never be
 * sent is kept as a dead letter and passed by.
 */
import { differenceOf, fitEvent, utf8Length } from "../core/index.ts";
import {
  clearBacklog,
  type DeadLetter,
  type DrainedEvent,
  keepUnpublishable,
  projectEvents,
  projectProfile,
  reportBacklog,
  retractPrimitives,
  unpublishableLetter,
} from "../storage/index.ts";
import type { Budget } from "./budget.ts";
import { packProfile } from "./profile.ts";
import { retryDelayMs } from "./schedule.ts";
import type { IdentityStore, PendingEvent } from "./store/index.ts";

/** Events of one page: the limit of a queue's `sendBatch`. */
const PAGE_EVENTS = 100;
/** Characters of one page: in UTF-8 it stays under the 256 KB of `sendBatch`, with room for the queue's own metadata. */
const PAGE_CHARACTERS = 200_000;
/** Bytes of the largest event that is sent: a message holds 128,000, some 100 of them the queue's own metadata. */
const LARGEST_EVENT_BYTES = 127_000;
/** Suspicions in a row that stand in D1 as differences: who reads the last of them reads as many more rows. */
const DIFFERENCES_IN_A_ROW = 31;
/** Queries and sends of one page at most: event rows, states, the identity, letters, the queue, a profile as wide as can be. */
const QUERIES_PER_PAGE = 16;
/** How often what moves without a transition is projected. */
const PROFILE_REFRESH_MS = 300_000;

/** What a drain speaks to. */
export interface DrainTargets {
  /** The shard of the identity. */
  readonly db: D1Database;
  /** The shard that holds dead letters. */
  readonly letters: D1Database;
  readonly queue: Pick<Queue, "sendBatch">;
  /** Tells live streams that the history has grown; never throws. */
  readonly notify: () => void;
}

export type DrainResult =
  | { readonly outcome: "empty" }
  /** The budget is spent; more waits. */
  | { readonly outcome: "more" }
  | {
      readonly outcome: "failed";
      /** How long to wait before the next attempt. */
      readonly retryInMs: number;
      readonly error: unknown;
    };

/** Publishes an identity's events; one drain at a time. */
export class Drain {
  readonly #store: IdentityStore;
  readonly #identityUuid: string;
  readonly #inTransaction: (work: () => void) => void;
  #running: Promise<DrainResult> | null = null;
  #failures = 0;
  /** When the read model was last brought up to date (epoch milliseconds); null: not since this object woke. */
  #projectedMs: number | null = null;
  /** Whether states have moved since. */
  #isProfileBehind = false;

  constructor(store: IdentityStore, identityUuid: string, inTransaction: (work: () => void) => void) {
    this.#store = store;
    this.#identityUuid = identityUuid;
    this.#inTransaction = inTransaction;
  }

  /** Notes that states have moved: the read model follows with the next event, or after a while. */
  noteMoved(): void {
    this.#isProfileBehind = true;
  }

  /** Whether anything is to be published or projected now. */
  hasWork(nowMs: number): boolean {
    const { outbox, meta } = this.#store;
    return !outbox.isEmpty || meta.read("removed") !== null || this.#isProfileDue(nowMs);
  }

  /** Publishes until nothing is left, the budget is spent, or an attempt fails; joins a drain that is under way. Never rejects. */
  run(targets: DrainTargets, budget: Budget): Promise<DrainResult> {
    this.#running ??= this.#drain(targets, budget).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #drain(targets: DrainTargets, budget: Budget): Promise<DrainResult> {
    try {
      while (this.hasWork(Date.now())) {
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

  /** @returns how many queries and sends it took */
  async #step(targets: DrainTargets): Promise<number> {
    const { meta, outbox } = this.#store;
    const suspicion = meta.read("suspicion");
    const page = outbox.next(PAGE_EVENTS, PAGE_CHARACTERS, suspicion?.primitives ?? null);
    const last = page.at(-1);
    if (last) return this.#publish(targets, page, last);
    if (meta.read("removed") !== null) await this.#retract(targets.db);
    else await this.refreshProfile(targets.db);
    return QUERIES_PER_PAGE;
  }

  async #publish(targets: DrainTargets, page: readonly PendingEvent[], last: PendingEvent): Promise<number> {
    const { meta, outbox } = this.#store;
    const { rows, suspicion } = this.#toHistory(page);
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
      projectEvents(targets.db, this.#identityUuid, rows, packProfile(this.#store)),
    );
    targets.notify();
    if (messages.length > 0) await targets.queue.sendBatch(messages);
    this.#inTransaction(() => {
      outbox.deleteThrough(last.seq);
      if (suspicion !== null) meta.write("suspicion", suspicion);
    });
    return statements + letters.length + 1;
  }

  /** The rows of the history: a suspicion's list stands as the difference to the one before where that is shorter. */
  #toHistory(page: readonly PendingEvent[]) {
    const stored = this.#store.meta.read("suspicion");
    let before = stored;
    const rows = page.map(({ seq, event, suspected }): DrainedEvent => {
      if (suspected === null) return { seq, event: asKept(event) };
      let text = event;
      let differences = 0;
      if (before !== null && before.differences < DIFFERENCES_IN_A_ROW) {
        const envelope: { payload: Record<string, unknown> } = JSON.parse(event);
        const { primitives: _, ...payload } = envelope.payload;
        const difference = { previous: before.seq, ...differenceOf(before.primitives, suspected) };
        const shorter = JSON.stringify({ ...envelope, payload, difference });
        if (shorter.length < event.length) {
          text = shorter;
          differences = before.differences + 1;
        }
      }
      before = { seq, primitives: [...suspected], differences };
      return { seq, event: text };
    });
    return { rows, suspicion: before === stored ? null : before };
  }

  /** Takes primitives that lost their last observation out of the read model. */
  async #retract(db: D1Database): Promise<void> {
    const removed = this.#store.meta.read("removed") ?? {};
    const primitives = Object.entries(removed).map(([primitive, seq]) => ({ primitive, seq }));
    await this.#project(() =>
      retractPrimitives(db, this.#identityUuid, primitives, packProfile(this.#store)),
    );
    this.#inTransaction(() => {
      const now = this.#store.meta.read("removed") ?? {};
      const left = Object.entries(now).filter(([primitive, seq]) => removed[primitive] !== seq);
      if (left.length > 0) this.#store.meta.write("removed", Object.fromEntries(left));
      else this.#store.meta.remove("removed");
    });
  }

  /**
   * Brings the read model up to date, unless it is known to be. A write that would change nothing writes no row.
   * @throws what D1 throws
   */
  async refreshProfile(db: D1Database): Promise<void> {
    if (this.#projectedMs !== null && !this.#isProfileBehind) return;
    await this.#project(() => projectProfile(db, this.#identityUuid, packProfile(this.#store)));
  }

  #isProfileDue(nowMs: number): boolean {
    return (
      this.#isProfileBehind && (this.#projectedMs === null || nowMs >= this.#projectedMs + PROFILE_REFRESH_MS)
    );
  }

  /** Projects as of now; what moves meanwhile stays noted, and all of it if the projection fails. */
  async #project<T>(project: () => Promise<T>): Promise<T> {
    const startMs = Date.now();
    this.#isProfileBehind = false;
    try {
      const result = await project();
      this.#projectedMs = startMs;
      return result;
    } catch (error) {
      this.#isProfileBehind = true;
      throw error;
    }
  }

  /** Lets the stats know. Best effort: where D1 itself is what fails, the stats cannot be read either. */
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

/** An event as it is sent, or null if it is too large even so. */
function asSent(text: string): unknown {
  const event: unknown = JSON.parse(text);
  if (text.length * 3 <= LARGEST_EVENT_BYTES || utf8Length(text) <= LARGEST_EVENT_BYTES) return event;
  const fitted = fitEvent(event);
  return utf8Length(JSON.stringify(fitted)) <= LARGEST_EVENT_BYTES ? fitted : null;
}

/** An event as the history keeps it: one whose list ends nowhere would not fit into a row. */
function asKept(text: string): string {
  return text.length > LARGEST_EVENT_BYTES ? JSON.stringify(fitEvent(JSON.parse(text))) : text;
}
