/**
 * Decides about an identity: turns facts into a decision as plain data. It handles arriving and late observations, and every
 * recomputation (merge, unmerge, rebuild, erasure, expiry, another policy). The caller loads the facts and saves the decision
 * in one transaction.
 */
import { mergedEvent, type OutboundEvent, unmergedEvent } from "./event.ts";
import type { Cause, Decision, Facts } from "./facts.ts";
import {
  addNotice,
  applyChange,
  forgetPrimitive,
  form,
  type IdentityHead,
  type PrimitiveRecord,
  recompute,
  type StepContext,
  suspect,
} from "./identity.ts";
import {
  type ChangingHashWindow,
  changingHashWindow,
  collectSeries,
  type HashWindowChange,
  NO_HASH_WINDOW,
  type SeriesCollector,
} from "./merge/index.ts";
import { type AppliedObservation, type Member, toMember } from "./observation.ts";
import { compareArrivals, comparePrecedence } from "./order.ts";
import { mergeKindIn } from "./policy.ts";
import { nameOfObservation, SeriesAtStep, StoredSeries } from "./stored-series.ts";

/** Makes the decision for a cause. */
export function decide(facts: Facts, cause: Cause): Decision {
  return cause.kind === "arrivals" ? decideArrivals(facts, cause.observations) : decideAnew(facts, cause);
}

/** Applies arrivals one by one (contract §4), in their order. */
function decideArrivals(facts: Facts, arrivals: readonly AppliedObservation[]): Decision {
  const { policy, nowTs } = facts;
  const accepted = new Map<string, AppliedObservation>();
  const records = new Map<string, PrimitiveRecord>();
  const windows = new Map<string, ChangingHashWindow>();
  const events: OutboundEvent[] = [];
  let { head } = facts;
  const recordOf = (primitive: string) => records.get(primitive) ?? facts.record(primitive);
  const context: StepContext = {
    policy,
    nowTs,
    lastObservationTs: (primitive) => lastObservationTsOf(primitive, recordOf(primitive)),
  };
  const stored = new StoredSeries(facts, arrivals, accepted);
  for (const observation of arrivals.toSorted(compareArrivals)) {
    const { primitive } = observation;
    const name = nameOfObservation(primitive, observation);
    const prior = accepted.get(name) ?? facts.standing(observation);
    if (prior && comparePrecedence(observation, prior) <= 0) continue;
    accepted.set(name, observation);
    if (!head.isFormed) {
      const { attackerUuids, firstSeenTs } = facts.linked();
      const formed = form(head, attackerUuids, firstSeenTs ?? observation.ts, nowTs);
      ({ head } = formed);
      events.push(...formed.events);
    }
    const kind = mergeKindIn(policy, primitive);
    const window = kind === "hash" ? windowOf(facts, windows, primitive) : NO_HASH_WINDOW;
    const series = new SeriesAtStep(stored, primitive, kind, window);
    const change = { prior, next: toMember(observation) };
    const step = applyChange(head, primitive, kind, recordOf(primitive), change, series, context);
    ({ head } = step);
    records.set(primitive, step.record);
    events.push(...step.events);
  }
  return {
    head,
    observations: [...accepted.values()],
    records,
    removed: [],
    hashWindows: changesOf(windows),
    events,
  };
}

/** Compares every primitive, in ASCII order, with its stored record, and then the suspicion once. */
function decideAnew(facts: Facts, cause: Extract<Cause, { kind: "recompute" }>): Decision {
  const { policy, nowTs } = facts;
  const records = new Map<string, PrimitiveRecord>();
  const current = new Map<string, PrimitiveRecord>();
  const windows = new Map<string, ChangingHashWindow>();
  const events: OutboundEvent[] = [];
  let { head } = facts;
  const context: StepContext = {
    policy,
    nowTs,
    lastObservationTs: (primitive) => lastObservationTsOf(primitive, current.get(primitive) ?? null),
  };
  const add = (step: { head: IdentityHead; events: readonly OutboundEvent[] }): void => {
    ({ head } = step);
    events.push(...step.events);
  };
  if (cause.forms) {
    const { attackerUuids, firstSeenTs } = facts.linked();
    add(form(head, attackerUuids, firstSeenTs ?? nowTs, nowTs));
  }
  const { notice } = cause;
  if (notice !== null) {
    add(
      addNotice(
        head,
        (place) =>
          notice.kind === "merged"
            ? mergedEvent(place, notice.loserUuid, notice.attackerUuids)
            : unmergedEvent(place, notice.fromUuid, notice.attackerUuids),
        nowTs,
      ),
    );
  }
  const gone = new Set(facts.primitives());
  for (const [primitive, collector] of collectAll(facts)) {
    gone.delete(primitive);
    const kind = mergeKindIn(policy, primitive);
    const record = facts.record(primitive);
    // A stored hash window is replaced, or removed if it is no longer needed.
    if (kind === "hash" || record?.tail.kind === "hash") windowOf(facts, windows, primitive).clear();
    const window = windows.get(primitive) ?? NO_HASH_WINDOW;
    const series = collector.series(window);
    const seen =
      record && cause.erasedAttackerUuid !== null
        ? withoutAttacker(record, cause.erasedAttackerUuid)
        : record;
    const step = recompute(head, primitive, kind, seen, series, context);
    add(step);
    current.set(primitive, step.record);
    if (record === null || JSON.stringify(record) !== JSON.stringify(step.record)) {
      records.set(primitive, step.record);
    }
  }
  for (const primitive of gone) {
    head = forgetPrimitive(head, primitive);
    windowOf(facts, windows, primitive).clear();
  }
  add(suspect(head, context));
  return {
    head,
    observations: [],
    records,
    removed: [...gone].toSorted(),
    hashWindows: changesOf(windows),
    events,
  };
}

/** A record without the members that an attacker contributed, so that no explanation names them as having left. */
function withoutAttacker(record: PrimitiveRecord, attackerUuid: string): PrimitiveRecord {
  const isOther = (member: Member) => member.attackerUuid !== attackerUuid;
  const { tail } = record;
  return {
    ...record,
    tail:
      tail.kind === "hash"
        ? { ...tail, latest: tail.latest.filter(isOther) }
        : { ...tail, newest: tail.newest.filter(isOther) },
  };
}

function lastObservationTsOf(primitive: string, record: PrimitiveRecord | null): number {
  if (!record) throw new Error(`a multi_actor primitive must have a record, ${primitive} has none`);
  return record.attribution.lastObservationTs;
}

function changesOf(windows: ReadonlyMap<string, ChangingHashWindow>): Map<string, HashWindowChange> {
  const changes = new Map<string, HashWindowChange>();
  for (const [primitive, window] of windows) {
    const change = window.change();
    if (change) changes.set(primitive, change);
  }
  return changes;
}

/** Every stored series, by primitive in ASCII order. */
function collectAll(facts: Facts): (readonly [primitive: string, SeriesCollector])[] {
  const { policy } = facts;
  const collectors = new Map<string, SeriesCollector>();
  facts.eachStored(null, (primitive, member) => {
    const known = collectors.get(primitive);
    const collector = known ?? collectSeries(mergeKindIn(policy, primitive), policy.thresholds);
    if (!known) collectors.set(primitive, collector);
    collector.add(member);
  });
  return [...collectors].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** Hash windows during a decision, by primitive; created at the first use. */
function windowOf(
  facts: Facts,
  windows: Map<string, ChangingHashWindow>,
  primitive: string,
): ChangingHashWindow {
  const window = windows.get(primitive) ?? changingHashWindow(facts.hashWindow(primitive));
  windows.set(primitive, window);
  return window;
}
