/**
 * An identity's states as they were at an earlier time: what its stored observations up to then say, whenever they
 * arrived. Reads, and changes nothing.
 */
import { attributionSoFar, mergeKindIn, type Policy } from "../core/index.ts";
import type { PrimitiveAttribution } from "./protocol.ts";
import type { IdentityStore } from "./store/index.ts";

/**
 * The states as they would be with the observations whose ts is not later.
 *
 * `last_change_ts` is that of arrival in series order. A primitive that has no later observation is as it is now, so it
 * is answered from its record, `last_change_ts` (which tells what was seen when) included. The others cost one pass over
 * the observations up to then, all of them together.
 * @param asOfTs - epoch seconds
 */
export function attributionAt(store: IdentityStore, policy: Policy, asOfTs: number): PrimitiveAttribution[] {
  const now = store.attributions();
  const isAsNow = ({ primitive, lastObservationTs }: PrimitiveAttribution) =>
    lastObservationTs <= asOfTs && store.stateRecord(primitive)?.policyId === policy.id;
  const kept = new Map(now.filter(isAsNow).map((state) => [state.primitive, state]));
  if (kept.size === now.length) return now;
  const others = new Map(
    now
      .filter(({ primitive }) => !kept.has(primitive))
      .map(({ primitive }) => [
        primitive,
        attributionSoFar(mergeKindIn(policy, primitive), policy.thresholds),
      ]),
  );
  store.observations.eachInOrder(
    new Set(others.keys()),
    { fromTs: -Number.MAX_VALUE, toTs: asOfTs },
    (primitive, member) => others.get(primitive)?.add(member),
  );
  return now.flatMap(({ primitive }) => {
    const then = kept.get(primitive) ?? others.get(primitive)?.attribution() ?? null;
    return then === null ? [] : [{ ...then, primitive }];
  });
}
