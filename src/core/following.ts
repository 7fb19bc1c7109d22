/** Lets a hook follow a decision: tells it what the decision changes, and passes series to it as they are after the decision. */
import type { Facts } from "./facts.ts";
import type { PrimitiveRecord } from "./identity.ts";
import type { Change } from "./merge/index.ts";
import { type AppliedObservation, type Member, toMember } from "./observation.ts";
import { compareMembers } from "./order.ts";
import { nameOfObservation } from "./stored-series.ts";
import type { HookOutcome, HookRun, HookWork, SeriesHook } from "./series-hook.ts";

/** Begins the hook's part in a decision. */
export function beginFollowing(hook: SeriesHook, facts: Facts, cause: HookWork["cause"]): HookRun {
  return hook.begin({
    identityUuid: facts.head.identityUuid,
    policy: facts.policy,
    nowTs: facts.nowTs,
    cause,
    keptOfIdentity: facts.head.kept,
    primitives: () => facts.primitives(),
    countBefore: (primitive) => facts.record(primitive)?.attribution.observationCount ?? 0,
    kept: (primitive) => facts.record(primitive)?.kept ?? null,
    whole: (primitive) => wholeSeries(facts.record(primitive)),
    entries: (primitive) => facts.entries(primitive),
  });
}

/** The members of a series that its tail holds all of. */
function wholeSeries(record: PrimitiveRecord | null): readonly Member[] | null {
  if (record === null) return [];
  const { tail } = record;
  switch (tail.kind) {
    case "categorical":
    case "numeric":
      return tail.newest.length === tail.informative ? tail.newest : null;
    case "hash":
      return tail.latest.length === tail.count ? tail.latest : null;
    case "bag":
      return null;
    default:
      return tail satisfies never;
  }
}

/**
 * The hook's part in a decision about arrivals.
 * @param accepted - the accepted observations by name, one per key
 */
export function followArrivals(
  hook: SeriesHook,
  facts: Facts,
  accepted: ReadonlyMap<string, AppliedObservation>,
): HookOutcome {
  const changes = new Map<string, Change[]>();
  for (const observation of accepted.values()) {
    const list = changes.get(observation.primitive) ?? [];
    changes.set(observation.primitive, list);
    list.push({ prior: facts.standing(observation), next: toMember(observation) });
  }
  for (const list of changes.values()) {
    if (list.length > 1) list.sort((a, b) => compareMembers(a.next, b.next));
  }
  const run = beginFollowing(hook, facts, { kind: "arrivals", changes });
  if (run.reads.size > 0) passSeries(facts, run, accepted, changes);
  return run.end();
}

/** Passes series on as they are with the accepted observations, which are not stored yet. */
function passSeries(
  facts: Facts,
  run: HookRun,
  accepted: ReadonlyMap<string, AppliedObservation>,
  changes: ReadonlyMap<string, readonly Change[]>,
): void {
  const waiting = new Map<string, { readonly members: readonly Member[]; next: number }>();
  for (const [primitive, fromTs] of run.reads) {
    const members = (changes.get(primitive) ?? []).map(({ next }) => next).filter(({ ts }) => ts >= fromTs);
    waiting.set(primitive, { members, next: 0 });
  }
  const passArrivals = (primitive: string, before: Member | null): void => {
    const list = waiting.get(primitive);
    if (!list) return;
    const { members } = list;
    for (; list.next < members.length; list.next++) {
      const member = members[list.next];
      if (!member || (before !== null && compareMembers(member, before) > 0)) return;
      run.take(primitive, member);
    }
  };
  // Stored observations of a primitive without a record do not count yet.
  const stored = new Set([...run.reads.keys()].filter((primitive) => facts.record(primitive) !== null));
  if (stored.size > 0) {
    facts.eachInOrder(stored, Math.min(...run.reads.values()), (primitive, member) => {
      if (member.ts < (run.reads.get(primitive) ?? Infinity)) return;
      if (accepted.has(nameOfObservation(primitive, member))) return;
      passArrivals(primitive, member);
      run.take(primitive, member);
    });
  }
  for (const primitive of run.reads.keys()) passArrivals(primitive, null);
}

/** The record with what the hook keeps for it; the same record if nothing changes. */
export function withKept(record: PrimitiveRecord, kept: Uint8Array | null): PrimitiveRecord {
  return record.kept === kept ? record : { ...record, kept };
}
