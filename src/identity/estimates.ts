/**
 * When an identity's operators are estimated. An estimate reads D1, so it is made outside of decisions, and only one at a time. When it was made
 * last is stored with the pages of the states, so it costs no row; after an eviction the next decision, or the sweep, finds one due.
 */
import type { Cause, Decision } from "../core/index.ts";
import type { EstimateRule } from "../hooks.ts";
import type { IdentityStore } from "./store/index.ts";

/** An estimate that is being made. */
export interface BegunEstimate {
  /** Whether what it is about has not been exchanged, erased or merged away since it began. */
  isCurrent(): boolean;
  /** Notes that it was made; stored with the next page of states. */
  end(nowMs: number): void;
  /** Lets another one begin. */
  release(): void;
}

/**
 * Milliseconds between two estimates of an identity whose sessions come fast. An estimate reads D1 and takes about as long as the ingest of 20
 * sessions, so a burst is estimated once, after its end. After a recomputation nothing is waited for.
 */
const SPACING_MS = 10_000;

export class Estimates {
  readonly #store: IdentityStore;
  readonly #rule: () => EstimateRule | null;
  #isDue = false;
  #isRunning = false;
  /** Counts the recomputations, after which an estimate that runs is out of date. */
  #recomputations = 0;

  /** @param rule - when an estimate is due; null: none is made */
  constructor(store: IdentityStore, rule: () => EstimateRule | null) {
    this.#store = store;
    this.#rule = rule;
  }

  /** Milliseconds until the estimate that is due may be made: 0 for now, null if none is due. */
  waitMs(nowMs: number): number | null {
    if (!this.#isDue || this.#isRunning) return null;
    const { ts, count } = this.#store.estimate;
    return count === null ? 0 : Math.max(0, ts * 1_000 + SPACING_MS - nowMs);
  }

  /** Notes a decision before it is saved. After a recomputation an estimate is due, but not after an expiry. */
  noteDecision(cause: Cause, decision: Decision, nowMs: number): void {
    const rule = this.#rule();
    if (rule === null || cause.kind === "followed") return;
    const counts: number[] = [];
    for (const [primitive, { attribution }] of decision.records) {
      if (rule.isCounted(primitive)) counts.push(attribution.observationCount);
    }
    if (cause.kind === "recompute" && cause.reason.kind === "expired")
      return this.#noteExpiry(rule, decision);
    if (cause.kind === "recompute") {
      this.#recomputations++;
      this.#store.noteEstimate({ ts: nowMs / 1_000, count: null });
      counts.push(this.#most(rule));
    }
    this.#isDue ||= this.#isDueAt(Math.max(0, ...counts), rule);
  }

  /** Counts on from what is left: fewer observations than at the last estimate are not yet a reason for another one. */
  #noteExpiry(rule: EstimateRule, { records, removed }: Decision): void {
    const { ts, count } = this.#store.estimate;
    if (count === null) return;
    const left = new Map(this.#counted(rule));
    for (const primitive of removed) left.delete(primitive);
    for (const [primitive, { attribution }] of records) {
      if (left.has(primitive)) left.set(primitive, attribution.observationCount);
    }
    const most = Math.max(0, ...left.values());
    if (most < count) this.#store.noteEstimate({ ts, count: most });
  }

  /** Looks whether one is due: after an eviction it is not known. */
  look(): void {
    const rule = this.#store.isEmpty ? null : this.#rule();
    if (rule !== null) this.#isDue ||= this.#isDueAt(this.#most(rule), rule);
  }

  /** Begins an estimate that is due; null if there is nothing to estimate. */
  begin(): BegunEstimate | null {
    this.#isDue = false;
    const rule = this.#rule();
    if (rule === null || this.#store.isEmpty || this.#store.winner !== null) return null;
    this.#isRunning = true;
    const count = this.#most(rule);
    const before = this.#recomputations;
    return {
      isCurrent: () => this.#recomputations === before && this.#store.winner === null,
      // Some may have expired meanwhile.
      end: (nowMs) =>
        this.#store.noteEstimate({ ts: nowMs / 1_000, count: Math.min(count, this.#most(rule)) }),
      release: () => {
        this.#isRunning = false;
      },
    };
  }

  #isDueAt(count: number, { every, fewest }: EstimateRule): boolean {
    const known = this.#store.estimate.count;
    // One that was published may have become wrong, however little is left.
    if (known === null) return count >= fewest || this.#store.head.kept !== null;
    return count >= fewest && Math.floor(count / every) > Math.floor(known / every);
  }

  /** The largest number of observations among them. */
  #most(rule: EstimateRule): number {
    return Math.max(0, ...this.#counted(rule).map(([, count]) => count));
  }

  /** Observations of each primitive that counts. */
  #counted({ isCounted }: EstimateRule): [primitive: string, count: number][] {
    return this.#store
      .primitives()
      .filter(isCounted)
      .map((primitive) => [primitive, this.#store.stateRecord(primitive)?.attribution.observationCount ?? 0]);
  }
}
