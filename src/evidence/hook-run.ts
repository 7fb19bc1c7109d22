/** The part of evidence in one decision: a run per series, and their outcomes in the order of publishing. */
import {
  type EntriesChange,
  type HookEvent,
  type HookOutcome,
  type HookRun,
  type HookWork,
  type Member,
  mergeKindIn,
} from "../core/index.ts";
import {
  changedEvent,
  followAgain,
  followArrivals,
  followBagArrivals,
  followBagsAgain,
  type Rules,
  runOf,
  type SeriesRun,
  withdrawnEvent,
  withoutEntries,
  type Words,
} from "./series/index.ts";

/** One decision. The series of arrivals are begun at once, those of a recomputation with their first member. */
export class EvidenceRun implements HookRun {
  readonly reads: ReadonlyMap<string, number>;
  readonly #work: HookWork;
  readonly #rules: Rules;
  readonly #words: Words | null;
  readonly #runs = new Map<string, SeriesRun>();

  /** @param words - null: commands are switched off */
  constructor(work: HookWork, rules: Rules, words: Words | null) {
    this.#work = work;
    this.#rules = rules;
    this.#words = words;
    const reads = new Map<string, number>();
    if (work.cause.kind === "arrivals") {
      for (const [primitive, changes] of work.cause.changes) {
        const { kind, ...series } = this.#seriesOf(primitive);
        const run =
          kind === "bag" ? followBagArrivals(series, changes) : followArrivals({ ...series, kind }, changes);
        this.#runs.set(primitive, run);
        if (run.readFromTs !== null) reads.set(primitive, run.readFromTs);
      }
    }
    this.reads = reads;
  }

  take(primitive: string, member: Member): void {
    let run = this.#runs.get(primitive);
    if (!run) {
      run = this.#recompute(primitive);
      this.#runs.set(primitive, run);
    }
    run.take(member);
  }

  end(): HookOutcome {
    const { identityUuid, keptOfIdentity, cause } = this.#work;
    const isRecompute = cause.kind === "recompute";
    if (isRecompute) this.#addGone();
    const kept = new Map<string, Uint8Array>();
    const entries = new Map<string, EntriesChange>();
    const withdrawn: HookEvent[] = [];
    const changed: HookEvent[] = [];
    for (const [primitive, run] of [...this.#runs].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      const outcome = run.end();
      if (outcome.kept !== null && !(isRecompute && this.#isKept(primitive, outcome.kept)))
        kept.set(primitive, outcome.kept);
      if (outcome.entries !== null) entries.set(primitive, outcome.entries);
      for (const id of outcome.withdrawn) withdrawn.push(withdrawnEvent(identityUuid, primitive, id));
      for (const entry of outcome.changed)
        changed.push(changedEvent(identityUuid, primitive, entry, this.#rules));
    }
    return { kept, entries, keptOfIdentity, events: [...withdrawn, ...changed] };
  }

  #recompute(primitive: string): SeriesRun {
    const { cause } = this.#work;
    if (cause.kind !== "recompute") throw new Error(`the series of ${primitive} was not asked for`);
    const { kind, ...series } = this.#seriesOf(primitive);
    return kind === "bag"
      ? followBagsAgain(series, cause.reason.kind === "expired")
      : followAgain({ ...series, kind }, cause.reason);
  }

  /** Primitives without observations have no changes. */
  #addGone(): void {
    for (const primitive of this.#work.primitives()) {
      if (this.#runs.has(primitive)) continue;
      this.#runs.set(
        primitive,
        runOf(() => withoutEntries(this.#work.entries(primitive))),
      );
    }
  }

  /** Whether the same bytes are kept already, so that no row has to be written. */
  #isKept(primitive: string, bytes: Uint8Array): boolean {
    const kept = this.#work.kept(primitive);
    return kept !== null && kept.length === bytes.length && kept.every((byte, i) => byte === bytes[i]);
  }

  #seriesOf(primitive: string) {
    const work = this.#work;
    return {
      identityUuid: work.identityUuid,
      primitive,
      kind: mergeKindIn(work.policy, primitive),
      rules: this.#rules,
      words: this.#words,
      kept: work.kept(primitive),
      hadObservations: () => work.countBefore(primitive) > 0,
      whole: () => work.whole(primitive),
      entries: () => work.entries(primitive),
    };
  }
}
