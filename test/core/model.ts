/** An identity held in memory: the facts that the core decides on, and the decisions saved, as the identity object does. */
import {
  type AppliedObservation,
  type Cause,
  decide,
  type Decision,
  type Facts,
  type HashWindowChange,
  type IdentityHead,
  arraySeries,
  compareMembers,
  makePolicy,
  type Member,
  type MergeKind,
  newIdentityHead,
  type OutboundEvent,
  type Policy,
  type PrimitiveRecord,
  type RecomputeReason,
  type Series,
  type SeriesHook,
} from "../../src/core/index.ts";
import type { StepContext } from "../../src/core/identity.ts";
import { STANDARD_THRESHOLDS, type Thresholds } from "../../src/core/thresholds.ts";
import { randomOf } from "../../src/simulate/random.ts";

export type Arrival = Member & { readonly id: string };

export interface Model {
  head: IdentityHead;
  /** By primitive, then by key. */
  readonly stored: Map<string, Map<string, Arrival>>;
  readonly records: Map<string, PrimitiveRecord>;
  /** By primitive, then by value. */
  readonly hashWindows: Map<string, Map<string, Member>>;
  readonly events: OutboundEvent[];
  readonly kinds: Record<string, MergeKind>;
  thresholds: Thresholds;
  /** The passes over stored observations: the primitives of each, sorted; null for all. */
  readonly passes: (readonly string[] | null)[];
  /** Follows the series; null: nothing does. */
  hook: SeriesHook | null;
  /** What the hook keeps, by primitive. */
  readonly entries: Map<string, readonly string[]>;
  /** What hooks have asked for in series order: the ts from which on, of each pass. */
  readonly orderedPasses: number[];
}

/** Time of every decision in the model. */
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
    kinds: {},
    passes: [],
    hook: null,
    entries: new Map(),
    orderedPasses: [],
  };
}

/** Applies arrivals of one primitive one by one, in the given order. Repeats and smaller ones change nothing. */
export function applyAll(
  model: Model,
  primitive: string,
  kind: MergeKind,
  arrivals: readonly Arrival[],
): void {
  model.kinds[primitive] = kind;
  // These tests are about primitives: the identity's own event is left out.
  model.head = { ...model.head, isFormed: true };
  for (const arrival of arrivals)
    decideAndSave(model, { kind: "arrivals", observations: [{ ...arrival, primitive }] });
}

/** Decides about arrivals of one batch, of any primitives. */
export function applyTogether(model: Model, observations: readonly AppliedObservation[]): void {
  model.head = { ...model.head, isFormed: true };
  decideAndSave(model, { kind: "arrivals", observations });
}

/** Recomputes everything from the stored observations. */
export function decideAnew(model: Model, erasedAttackerUuid: string | null = null): void {
  const reason: RecomputeReason =
    erasedAttackerUuid === null ? { kind: "changed" } : { kind: "erased", attackerUuid: erasedAttackerUuid };
  recomputeFor(model, reason);
}

/** Recomputes everything from the stored observations for a reason. */
export function recomputeFor(model: Model, reason: RecomputeReason): void {
  decideAndSave(model, { kind: "recompute", forms: false, notice: null, reason });
}

function decideAndSave(model: Model, cause: Cause): void {
  save(model, decideOnly(model, cause));
}

/** Makes a decision that is not saved. */
export function decideOnly(model: Model, cause: Cause): Decision {
  return decide(factsOf(model), cause, model.hook);
}

/** The policy of the model. Its id depends on the constants, but not on the kinds, which a test sets one by one. */
export function policyOf({ thresholds, kinds }: Model): Policy {
  return { ...makePolicy(thresholds), primitiveKinds: kinds };
}

function factsOf(model: Model): Facts {
  let passes = 0;
  return {
    head: model.head,
    policy: policyOf(model),
    nowTs: NOW_TS,
    linked: () => ({ attackerUuids: [], firstSeenTs: null }),
    record: (primitive) => model.records.get(primitive) ?? null,
    primitives: () => [...model.records.keys()].toSorted(),
    standing: (key) => model.stored.get(key.primitive)?.get(nameOf(key)) ?? null,
    eachStored(primitives, take) {
      passes++;
      if (passes > 1) throw new Error("a decision must pass over the stored observations at most once");
      model.passes.push(primitives && [...primitives].toSorted());
      // In another order each time, because the answers must not depend on it.
      const all = [...model.stored].flatMap(([primitive, members]) =>
        primitives === null || primitives.has(primitive)
          ? [...members.values()].map((member) => [primitive, memberOf(member)] as const)
          : [],
      );
      for (const [primitive, member] of shuffled(all, model.passes.length)) take(primitive, member);
    },
    eachInOrder(primitives, fromTs, take) {
      model.orderedPasses.push(fromTs);
      for (const primitive of primitives ?? model.stored.keys()) {
        const members = [...(model.stored.get(primitive)?.values() ?? [])].map(memberOf);
        for (const member of members.toSorted(compareMembers))
          if (member.ts >= fromTs) take(primitive, member);
      }
    },
    entries: (primitive) => model.entries.get(primitive) ?? [],
    hashWindow: (primitive) => ({
      get: (value) => model.hashWindows.get(primitive)?.get(value) ?? null,
      valuesBetween: (fromTs, beforeTs) =>
        [...(model.hashWindows.get(primitive)?.values() ?? [])]
          .filter(({ ts }) => ts >= fromTs && ts < beforeTs)
          .map(({ value }) => value),
    }),
  };
}

function save(model: Model, decision: Decision): void {
  model.head = decision.head;
  for (const { primitive, ...arrival } of decision.observations) {
    entry(model.stored, primitive, () => new Map<string, Arrival>()).set(nameOf(arrival), arrival);
  }
  for (const [primitive, record] of decision.records) model.records.set(primitive, record);
  for (const primitive of decision.removed) model.records.delete(primitive);
  for (const [primitive, change] of decision.hashWindows) saveWindow(model, primitive, change);
  for (const [primitive, { stay, added }] of decision.entries) {
    const before = model.entries.get(primitive) ?? [];
    if (stay > before.length) throw new Error(`${stay} entries must stay, there are ${before.length}`);
    model.entries.set(primitive, [...before.slice(0, stay), ...added]);
  }
  model.events.push(...decision.events);
}

function saveWindow(model: Model, primitive: string, { removeBeforeTs, puts }: HashWindowChange): void {
  const window = entry(model.hashWindows, primitive, () => new Map<string, Member>());
  for (const [value, { ts }] of window) if (ts < removeBeforeTs) window.delete(value);
  for (const member of puts) window.set(member.value, member);
}

/** The context of a step on the model. */
export function contextOf(model: Model, thresholds: Thresholds): StepContext {
  return {
    policy: { ...policyOf(model), ...makePolicy(thresholds), primitiveKinds: model.kinds },
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

/** A key within its primitive. */
export function nameOf({ evidenceRef, attackerUuid }: Pick<Member, "evidenceRef" | "attackerUuid">): string {
  return `${evidenceRef}\n${attackerUuid}`;
}

/** The list in an order that depends on a seed. */
function shuffled<T>(list: readonly T[], seed: number): T[] {
  const random = randomOf(seed, [list.length]);
  const rest = [...list];
  return list.flatMap(() => rest.splice(random.integer(0, rest.length - 1), 1));
}

function memberOf({ value, ts, evidenceRef, attackerUuid }: Arrival): Member {
  return { value, ts, evidenceRef, attackerUuid };
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}
