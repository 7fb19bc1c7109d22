/** An identity's states as the read model in D1 keeps them. */
import type { FollowedSeries } from "../core/index.ts";
import type { SeriesSummaries } from "../hooks.ts";
import type { PackedProfile } from "../storage/index.ts";
import type { IdentityStore } from "./store/index.ts";

/** Significant digits of E in the read model. */
const DIGITS = 4;

/** The states as they are now, packed. @param summaries - null: no series is followed */
export function packProfile(store: IdentityStore, summaries: SeriesSummaries | null): PackedProfile {
  const { head } = store;
  const policies = new Map<string, number>();
  const series: Uint8Array[] = [];
  const states = store.attributions().map((state): PackedProfile["states"][number] => {
    const record = store.record(state.primitive);
    const policyId = record?.policyId ?? "";
    const policy = policies.get(policyId) ?? policies.size;
    policies.set(policyId, policy);
    const kept = record?.kept ?? null;
    if (kept !== null) series.push(kept);
    return [
      state.primitive,
      state.state,
      state.currentValue,
      state.confidence,
      state.observationCount,
      state.lastChangeTs,
      state.lastObservationTs,
      policy,
      ...packFollowed(kept === null ? null : (summaries?.summarizeSeries(kept) ?? null)),
    ];
  });
  const identity = series.length === 0 ? null : (summaries?.summarizeIdentity(head.kept, series) ?? null);
  return {
    seq: head.seq,
    projectedTs: Date.now() / 1_000,
    policies: [...policies.keys()],
    states,
    suspected: head.suspected,
    evidence: identity === null ? null : { ...identity, e: rounded(identity.e) },
  };
}

function packFollowed(series: FollowedSeries | null): [e?: number, changedSinceTs?: number] {
  if (series === null) return [];
  const e = rounded(series.e);
  return series.changedSinceTs === null ? [e] : [e, series.changedSinceTs];
}

function rounded(e: number): number {
  return Number(e.toPrecision(DIGITS));
}
