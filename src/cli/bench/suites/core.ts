/**
 * Compares the time of the core for one observation in a long series with that of parsing its message, in Node, on one thread; alone, and
 * with evidence in decisions about many observations.
 */
import { type Measure, type MeasureName, measureOf } from "../../../bench/measures.ts";
import { median, type Pair, ratiosOf, spreadOf } from "../../../bench/statistics.ts";
import { eventsOf } from "../../../bench/workload.ts";
import {
  applyChange,
  arraySeries,
  type Member,
  type MergeKind,
  newIdentityHead,
  STANDARD_POLICY,
  type Series,
  type StepResult,
} from "../../../core/index.ts";
import type { Bench, Suite } from "../bench.ts";
import { figure, spreadText } from "../figures.ts";
import { follow } from "./evidence-work.ts";

const KINDS: readonly MergeKind[] = ["categorical", "numeric", "hash"];
const HISTORY = 10_000;
const PER_ROUND = 10_000;
/** Decisions about a single observation in a round. */
const SINGLE = 2_000;
const WARM_UP = 5;
const PRIMITIVE = "bench.primitive";

const CONTEXT = {
  policy: STANDARD_POLICY,
  nowTs: 0,
  lastObservationTs: () => 0,
};

export const coreSuite: Suite = {
  name: "the core",
  measures: ["core_vs_parse", "core_vs_parse_evidence"],
  steps: (bench) => 2 * KINDS.length * (WARM_UP + roundsOf(bench)),
  async run(bench) {
    const works = KINDS.map(workOf);
    const plain = [];
    for (const work of works)
      plain.push({ ...work, pairs: await measure(bench, work, () => applyAll(work)) });
    const followed = [];
    for (const work of works) {
      const pairs = await measure(bench, work, () => {
        follow(PRIMITIVE, work.kind, work.kept, work.next);
        return applyAll(work);
      });
      followed.push({ ...work, pairs, single: singleMicros(bench, work) });
    }
    return [
      judge(bench, "core_vs_parse", plain, () => ""),
      judge(
        bench,
        "core_vs_parse_evidence",
        followed,
        ({ single }) =>
          `; evidence in a decision about one observation ${figure(single.known)} µs, with its state read from bytes ${figure(single.read)} µs`,
      ),
    ];
  },
};

/** A series of one kind. */
interface Work {
  readonly kind: MergeKind;
  /** The state after the history, and what evidence keeps then. */
  readonly before: StepResult;
  readonly kept: Uint8Array;
  readonly series: Series;
  /** Further observations, and their messages. */
  readonly next: readonly Member[];
  readonly texts: readonly string[];
}

interface Result extends Work {
  readonly pairs: readonly Pair[];
}

function roundsOf(bench: Bench): number {
  return bench.times(31, 7);
}

function workOf(kind: MergeKind): Work {
  const events = eventsOf({
    group: "core",
    firstAttacker: 0,
    attackers: 1,
    mix: kind,
    from: 0,
    perAttacker: HISTORY + PER_ROUND,
    order: "by_attacker",
    perMessage: 1,
    pointers: "by_day",
  });
  const members = events.map(({ payload }): Member => ({
    value: JSON.stringify(payload.value),
    ts: payload.ts,
    evidenceRef: payload.evidence_ref,
    attackerUuid: payload.attacker_uuid,
  }));
  const history = members.slice(0, HISTORY);
  const series = arraySeries(kind, history);
  const last = history.at(-1);
  if (!last) throw new Error("the series must not be empty");
  const before = applyChange(
    newIdentityHead("bench"),
    PRIMITIVE,
    kind,
    null,
    { prior: null, next: last },
    series,
    CONTEXT,
  );
  const texts = events.slice(HISTORY).map((event) => JSON.stringify(event));
  const kept = follow(PRIMITIVE, kind, null, history);
  return { kind, before, kept, series, next: members.slice(HISTORY), texts };
}

function measure(bench: Bench, { kind, texts }: Work, apply: () => number): Promise<Pair[]> {
  return bench.pairs(kind, { rounds: roundsOf(bench), warmUp: WARM_UP }, async () => ({
    a: () => timed(apply),
    b: () => timed(() => parseAll(texts)),
  }));
}

function applyAll({ kind, before, next, series }: Work): number {
  let step = before;
  for (const member of next) {
    const change = { prior: null, next: member };
    step = applyChange(step.head, PRIMITIVE, kind, step.record, change, series, CONTEXT);
  }
  return step.record.attribution.observationCount;
}

function parseAll(texts: readonly string[]): number {
  let parsed = 0;
  for (const text of texts) if (JSON.parse(text) !== null) parsed++;
  return parsed;
}

async function timed(work: () => number): Promise<number> {
  const startMs = performance.now();
  const done = work();
  const ms = performance.now() - startMs;
  if (done < PER_ROUND) throw new Error(`all ${PER_ROUND} must be done, ${done} were`);
  return ms;
}

/** Evidence in decisions about one observation each: with the state of the decision before in memory, and read from its bytes. */
function singleMicros(bench: Bench, { kind, kept, next }: Work): { known: number; read: number } {
  const members = next.slice(0, SINGLE);
  const run = (before: (kept: Uint8Array) => Uint8Array): number => {
    const startMs = performance.now();
    let last = kept;
    for (const member of members) last = follow(PRIMITIVE, kind, before(last), [member]);
    return ((performance.now() - startMs) / members.length) * 1_000;
  };
  const rounds = Array.from({ length: roundsOf(bench) }, () => ({
    known: run((bytes) => bytes),
    read: run((bytes) => bytes.slice()),
  }));
  return { known: median(rounds.map(({ known }) => known)), read: median(rounds.map(({ read }) => read)) };
}

function micros(ms: readonly number[]): number {
  return (median(ms) / PER_ROUND) * 1_000;
}

function judge<R extends Result>(
  bench: Bench,
  name: MeasureName,
  results: readonly R[],
  more: (slowest: R) => string,
): Measure {
  const kinds = results.map((result) => ({
    result,
    kind: result.kind,
    ratios: spreadOf(ratiosOf(result.pairs)),
    coreMicros: micros(result.pairs.map(({ a }) => a)),
    parseMicros: micros(result.pairs.map(({ b }) => b)),
  }));
  bench.raw[name] = kinds.map(({ result: _, ...figures }) => figures);
  const slowest = kinds.toSorted((a, b) => b.ratios.median - a.ratios.median)[0];
  if (!slowest) throw new Error("at least one kind must be measured");
  return measureOf(
    name,
    slowest.ratios.median,
    `${slowest.kind}, ${spreadText(slowest.ratios)}; ${figure(slowest.coreMicros)} µs against ${figure(slowest.parseMicros)} µs${more(slowest.result)}`,
  );
}
