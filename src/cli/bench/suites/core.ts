/** Compares the time of the core for one observation in a long series with that of parsing its message, in Node, on one thread. */
import { type Measure, measureOf } from "../../../bench/measures.ts";
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

const KINDS: readonly MergeKind[] = ["categorical", "numeric", "hash"];
const HISTORY = 10_000;
const PER_ROUND = 10_000;
const WARM_UP = 5;
const PRIMITIVE = "bench.primitive";

const CONTEXT = {
  policy: STANDARD_POLICY,
  nowTs: 0,
  lastObservationTs: () => 0,
};

export const coreSuite: Suite = {
  name: "the core",
  measures: ["core_vs_parse"],
  steps: (bench) => KINDS.length * (WARM_UP + roundsOf(bench)),
  async run(bench) {
    const results = [];
    for (const kind of KINDS) results.push({ kind, pairs: await measure(bench, kind) });
    return [judge(bench, results)];
  },
};

function roundsOf(bench: Bench): number {
  return bench.times(31, 7);
}

function measure(bench: Bench, kind: MergeKind): Promise<Pair[]> {
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
  const series = arraySeries(kind, members.slice(0, HISTORY));
  const [last] = members.slice(HISTORY - 1, HISTORY);
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
  const next = members.slice(HISTORY);
  const texts = events.slice(HISTORY).map((event) => JSON.stringify(event));
  return bench.pairs(kind, { rounds: roundsOf(bench), warmUp: WARM_UP }, async () => ({
    a: () => timed(() => applyAll(kind, before, next, series)),
    b: () => timed(() => parseAll(texts)),
  }));
}

function applyAll(kind: MergeKind, before: StepResult, next: readonly Member[], series: Series): number {
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

function micros(ms: readonly number[]): number {
  return (median(ms) / PER_ROUND) * 1_000;
}

function judge(bench: Bench, results: readonly { kind: MergeKind; pairs: readonly Pair[] }[]): Measure {
  const kinds = results.map(({ kind, pairs }) => ({
    kind,
    ratios: spreadOf(ratiosOf(pairs)),
    coreMicros: micros(pairs.map(({ a }) => a)),
    parseMicros: micros(pairs.map(({ b }) => b)),
  }));
  bench.raw["core_vs_parse"] = kinds;
  const slowest = kinds.toSorted((a, b) => b.ratios.median - a.ratios.median)[0];
  if (!slowest) throw new Error("at least one kind must be measured");
  return measureOf(
    "core_vs_parse",
    slowest.ratios.median,
    `${slowest.kind}, ${spreadText(slowest.ratios)}; ${figure(slowest.coreMicros)} µs against ${figure(slowest.parseMicros)} µs`,
  );
}
