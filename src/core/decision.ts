/**
 * Decides about an identity: turns facts into a decision as plain data. It handles arriving and late observations, and every
 * recomputation (merge, unmerge, rebuild, erasure, expiry, another policy). The caller loads the facts and saves the decision
 * in one transaction.
 */
import { followedEvent, mergedEvent, type OutboundEvent, unmergedEvent } from "./event.ts";
import type { Cause, Decision, Facts } from "./facts.ts";
import { beginFollowing, followArrivals, withKept } from "./following.ts";
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
import { mergeKindIn, type Policy } from "./policy.ts";
import type { EntriesChange, HookEvent, HookOutcome, HookRun, SeriesHook } from "./series-hook.ts";
import { nameOfObservation, SeriesAtStep, StoredSeries } from "./stored-series.ts";

/**
 * Makes the decision for a cause.
 * @param hook - follows the series; null: nothing follows them, and the bytes that a hook had kept for them are dropped. Its entries stay, so
 *   that it can tell later what it has published.
 */
export function decide(facts: Facts, cause: Cause, hook: SeriesHook | null = null): Decision {
  switch (cause.kind) {
    case "arrivals":
      return decideArrivals(facts, cause.observations, hook);
    case "recompute":
      return decideAnew(facts, cause, hook);
    case "followed":
      return publishFollowed(facts, cause);
    default:
      return cause satisfies never;
  }
}

/** Applies arrivals one by one (contract §4), in their order. */
function decideArrivals(
  facts: Facts,
  arrivals: readonly AppliedObservation[],
  hook: SeriesHook | null,
): Decision {
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
  const outcome = hook === null || accepted.size === 0 ? null : followArrivals(hook, facts, accepted);
  for (const [primitive, record] of records) {
    records.set(primitive, withKept(record, outcome === null ? null : keptOf(outcome, primitive, record)));
  }
  if (outcome !== null) {
    const followed = addFollowed(head, outcome, policy, nowTs);
    ({ head } = followed);
    events.push(...followed.events);
  }
  return {
    head,
    observations: [...accepted.values()],
    records,
    removed: [],
    hashWindows: changesOf(windows),
    entries: outcome?.entries ?? NO_ENTRIES,
    events,
  };
}

/** Compares every primitive, in ASCII order, with its stored record, and then the suspicion once. */
function decideAnew(
  facts: Facts,
  cause: Extract<Cause, { kind: "recompute" }>,
  hook: SeriesHook | null,
): Decision {
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
  const { reason } = cause;
  const run = hook === null ? null : beginFollowing(hook, facts, { kind: "recompute", reason });
  for (const [primitive, collector] of collectAll(facts, run)) {
    gone.delete(primitive);
    const kind = mergeKindIn(policy, primitive);
    const record = facts.record(primitive);
    // A stored hash window is replaced, or removed if it is no longer needed.
    if (kind === "hash" || record?.tail.kind === "hash") windowOf(facts, windows, primitive).clear();
    const window = windows.get(primitive) ?? NO_HASH_WINDOW;
    const series = collector.series(window);
    const seen = record && reason.kind === "erased" ? withoutAttacker(record, reason.attackerUuid) : record;
    const step = recompute(head, primitive, kind, seen, series, context);
    add(step);
    current.set(primitive, step.record);
    if (record === null || !isSameState(record, step.record)) records.set(primitive, step.record);
  }
  for (const primitive of gone) {
    head = forgetPrimitive(head, primitive);
    windowOf(facts, windows, primitive).clear();
  }
  add(suspect(head, context));
  const outcome = run?.end() ?? null;
  for (const [primitive, record] of current) {
    const kept = outcome === null ? null : keptOf(outcome, primitive, record);
    if (kept !== record.kept || records.has(primitive)) records.set(primitive, withKept(record, kept));
  }
  if (outcome !== null) add(addFollowed(head, outcome, policy, nowTs));
  return {
    head,
    observations: [],
    records,
    removed: [...gone].toSorted(),
    hashWindows: changesOf(windows),
    entries: outcome?.entries ?? NO_ENTRIES,
    events,
  };
}

/** Publishes what a hook has computed apart from a decision. */
function publishFollowed(
  { head, policy, nowTs }: Facts,
  outcome: Extract<Cause, { kind: "followed" }>,
): Decision {
  return {
    ...addFollowed(head, outcome, policy, nowTs),
    observations: [],
    records: new Map(),
    removed: [],
    hashWindows: new Map(),
    entries: NO_ENTRIES,
  };
}

const NO_ENTRIES: ReadonlyMap<string, EntriesChange> = new Map();

/** Adds the events of a hook, and its text for the identity. */
function addFollowed(
  head: IdentityHead,
  {
    keptOfIdentity,
    events,
  }: { readonly keptOfIdentity: string | null; readonly events: readonly HookEvent[] },
  policy: Policy,
  nowTs: number,
): { head: IdentityHead; events: OutboundEvent[] } {
  const { identityUuid, seq } = head;
  return {
    head:
      events.length === 0 && keptOfIdentity === head.kept
        ? head
        : { ...head, seq: seq + events.length, kept: keptOfIdentity },
    events: events.map((event, i) =>
      followedEvent({ identityUuid, seq: seq + 1 + i, nowTs }, event, policy.id),
    ),
  };
}

/** What the hook keeps for a primitive after the decision. */
function keptOf({ kept }: HookOutcome, primitive: string, record: PrimitiveRecord): Uint8Array | null {
  return kept.get(primitive) ?? record.kept;
}

/** Whether two records are equal besides what a hook keeps. */
function isSameState(a: PrimitiveRecord, b: PrimitiveRecord): boolean {
  return JSON.stringify({ ...a, kept: null }) === JSON.stringify({ ...b, kept: null });
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

/** Every stored series, by primitive in ASCII order. @param run - is passed every member, in the order of the series */
function collectAll(facts: Facts, run: HookRun | null): (readonly [primitive: string, SeriesCollector])[] {
  const { policy } = facts;
  const collectors = new Map<string, SeriesCollector>();
  const take = (primitive: string, member: Member): void => {
    const known = collectors.get(primitive);
    const collector = known ?? collectSeries(mergeKindIn(policy, primitive), policy.thresholds);
    if (!known) collectors.set(primitive, collector);
    collector.add(member);
    run?.take(primitive, member);
  };
  if (run === null) facts.eachStored(null, take);
  else facts.eachInOrder(null, -Infinity, take);
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
