/**
 * Follows the series of an identity inside its decisions. What stands of a series is what its stored observations give from nothing; what
 * is kept only saves time.
 */
import {
  type EntriesChange,
  type FollowedIdentity,
  type FollowedSeries,
  type HookEvent,
  type HookOutcome,
  type HookRun,
  type HookWork,
  type Member,
  mergeKindIn,
  type SeriesHook,
} from "../core/index.ts";
import type { ChangeKind, SipKey } from "./change/index.ts";
import { type EvidenceConstants, PRIMITIVES_PER_IDENTITY } from "./constants.ts";
import {
  changedEvent,
  type ChangeView,
  describeSeriesBy,
  followAgain,
  followArrivals,
  followBagArrivals,
  followBagsAgain,
  pathOfBy,
  type PathWalk,
  readFigures,
  type Rules,
  rulesOf,
  runOf,
  type SeriesAsOf,
  seriesAsOfBy,
  type SeriesRun,
  withdrawnEvent,
  withoutEntries,
  type Words,
} from "./series/index.ts";

/** What evidence depends on besides the observations and the policy. */
export interface EvidenceInputs {
  readonly constants: EvidenceConstants;
  /** Of the secret. */
  readonly key: SipKey;
  /** Null: commands are switched off. */
  readonly words: Words | null;
}

/** The hook that follows series by evidence. */
export function evidenceHook(inputs: EvidenceInputs): SeriesHook {
  const rules = rulesIn(inputs);
  return {
    begin: (work) => new EvidenceRun(work, rules, inputs.words),
    summarizeSeries,
    summarizeIdentity,
  };
}

/** One item of `change` of the API; null if nothing is known of the series. */
export function describeSeries(
  primitive: string,
  kind: ChangeKind,
  kept: Uint8Array | null,
  entries: readonly string[],
  inputs: EvidenceInputs,
): ChangeView | null {
  return describeSeriesBy(rulesIn(inputs), primitive, kind, kept, entries);
}

/**
 * The same at an earlier time.
 * @param asOfTs - epoch seconds; the members up to it are passed to `take`, in series order
 */
export function seriesAsOf(
  primitive: string,
  kind: ChangeKind,
  kept: Uint8Array | null,
  entries: readonly string[],
  inputs: EvidenceInputs,
  asOfTs: number,
): SeriesAsOf {
  return seriesAsOfBy(rulesIn(inputs), primitive, kind, kept, entries, asOfTs);
}

/**
 * E over time: all members of the series are passed to `take`, in series order.
 * @param most - observations of the path at most, the newest
 */
export function pathOf(
  primitive: string,
  kind: ChangeKind,
  kept: Uint8Array | null,
  inputs: EvidenceInputs,
  most: number,
): PathWalk {
  return pathOfBy(rulesIn(inputs), primitive, kind, kept, most);
}

/**
 * The E of an identity: the sum over its series, shared by the primitives that have the error rate in common.
 * @param es - of its series, in ASCII order of the primitives; only the first 32 count
 * @example evidenceE([3200, 1, 1]) // 100.0625
 */
export function evidenceE(es: readonly number[]): number {
  let sum = 0;
  for (const e of es.slice(0, PRIMITIVES_PER_IDENTITY)) sum += e;
  return sum / PRIMITIVES_PER_IDENTITY;
}

/** What the read model holds of a series. @param kept - what is kept for it */
export function summarizeSeries(kept: Uint8Array): FollowedSeries | null {
  const figures = readFigures(kept);
  return figures && { e: figures.e, changedSinceTs: figures.changedSinceTs };
}

/** What the read model holds of an identity. @param series - what is kept for each, in ASCII order of the primitives */
export function summarizeIdentity(
  keptOfIdentity: string | null,
  series: readonly Uint8Array[],
): FollowedIdentity {
  const es: number[] = [];
  let changedTs: number | null = null;
  for (const kept of series) {
    const figures = readFigures(kept);
    if (figures === null) continue;
    es.push(figures.e);
    if (figures.changedTs !== null) changedTs = Math.max(changedTs ?? -Infinity, figures.changedTs);
  }
  return { e: evidenceE(es), changedTs, operators: operatorsIn(keptOfIdentity) };
}

/** The last published estimate. @param keptOfIdentity - JSON */
function operatorsIn(keptOfIdentity: string | null): number {
  if (keptOfIdentity === null) return 1;
  const { operators }: { readonly operators: number } = JSON.parse(keptOfIdentity);
  return operators;
}

/** Rules by key and constants: they are digests, so they are made once, also for inputs that differ in their words only. */
const rulesCache = new WeakMap<SipKey, WeakMap<EvidenceConstants, Rules>>();

function rulesIn({ constants, key }: EvidenceInputs): Rules {
  const ofKey = rulesCache.get(key) ?? new WeakMap<EvidenceConstants, Rules>();
  rulesCache.set(key, ofKey);
  const rules = ofKey.get(constants) ?? rulesOf(constants, key);
  ofKey.set(constants, rules);
  return rules;
}

/** The part in one decision. */
class EvidenceRun implements HookRun {
  readonly reads: ReadonlyMap<string, number>;
  readonly #work: HookWork;
  readonly #rules: Rules;
  readonly #words: Words | null;
  readonly #runs = new Map<string, SeriesRun>();

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
      entries: () => work.entries(primitive),
    };
  }
}
