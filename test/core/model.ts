/** An identity held in memory: the pure core driven the way the identity object drives it. */
import {
  applyChange,
  arraySeries,
  comparePrecedence,
  type HashWindow,
  type IdentityHead,
  mapHashWindow,
  type Member,
  type MergeKind,
  newIdentityHead,
  type OutboundEvent,
  type PrimitiveRecord,
  type Series,
  STANDARD_THRESHOLDS,
  type StepContext,
  makePolicy,
  type Thresholds,
} from "../../src/core/index.ts";

export type Arrival = Member & { readonly id: string };

export interface Model {
  head: IdentityHead;
  readonly stored: Map<string, Map<string, Arrival>>;
  readonly records: Map<string, PrimitiveRecord>;
  readonly hashWindows: Map<string, HashWindow>;
  readonly events: OutboundEvent[];
  thresholds: Thresholds;
  /** How often the series had to be read again. */
  refills: number;
}

/** When everything in the model happens. */
export const NOW_TS = 1_800_000_000;
export const IDENTITY = "11111111-1111-5111-8111-111111111111";

export function newModel(thresholds: Thresholds = STANDARD_THRESHOLDS): Model {
  return {
    thresholds,
    head: newIdentityHead(IDENTITY),
    stored: new Map(),
    records: new Map(),
    hashWindows: new Map(),
    events: [],
    refills: 0,
  };
}

/** Applies arrivals of one primitive one by one, in the order given; repeats and lesser ones change nothing. */
export function applyAll(
  model: Model,
  primitive: string,
  kind: MergeKind,
  arrivals: readonly Arrival[],
): void {
  for (const arrival of arrivals) {
    const stored = entry(model.stored, primitive, () => new Map<string, Arrival>());
    const key = `${arrival.evidenceRef}\n${arrival.attackerUuid}`;
    const prior = stored.get(key) ?? null;
    if (prior && comparePrecedence(arrival, prior) <= 0) continue;
    stored.set(key, arrival);
    const hashWindow = entry(model.hashWindows, primitive, mapHashWindow);
    const series = arraySeries(kind, [...stored.values()].map(memberOf), hashWindow);
    const counted = {
      ...series,
      newestInformative: (limit: number) => {
        model.refills++;
        return series.newestInformative(limit);
      },
      latestByValue: (startTs: number) => {
        model.refills++;
        return series.latestByValue(startTs);
      },
    };
    const step = applyChange(
      model.head,
      primitive,
      kind,
      model.records.get(primitive) ?? null,
      { prior, next: memberOf(arrival) },
      counted,
      contextOf(model, model.thresholds),
    );
    model.head = step.head;
    model.records.set(primitive, step.record);
    model.events.push(...step.events);
  }
}

/** What a step on the model needs to know. */
export function contextOf(model: Model, thresholds: Thresholds): StepContext {
  return {
    policy: makePolicy(thresholds),
    nowTs: NOW_TS,
    lastObservationTs: (name) => recordOf(model, name).attribution.lastObservationTs,
  };
}

/** The whole stored series of a primitive. */
export function seriesOf(model: Model, primitive: string, kind: MergeKind): Series {
  return arraySeries(kind, [...(model.stored.get(primitive)?.values() ?? [])].map(memberOf));
}

export function recordOf(model: Model, primitive: string): PrimitiveRecord {
  const record = model.records.get(primitive);
  if (!record) throw new Error(`the model must know ${primitive}`);
  return record;
}

function memberOf({ value, ts, evidenceRef, attackerUuid }: Arrival): Member {
  return { value, ts, evidenceRef, attackerUuid };
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}
