/** An identity's states as the read model in D1 keeps them. */
import type { PackedProfile } from "../storage/index.ts";
import type { IdentityStore } from "./store/index.ts";

/** The states as they are now, packed. */
export function packProfile(store: IdentityStore): PackedProfile {
  const { head } = store;
  const policies = new Map<string, number>();
  const states = store.attributions().map((state): PackedProfile["states"][number] => {
    const policyId = store.record(state.primitive)?.policyId ?? "";
    const policy = policies.get(policyId) ?? policies.size;
    policies.set(policyId, policy);
    return [
      state.primitive,
      state.state,
      state.currentValue,
      state.confidence,
      state.observationCount,
      state.lastChangeTs,
      state.lastObservationTs,
      policy,
    ];
  });
  return {
    seq: head.seq,
    projectedTs: Date.now() / 1_000,
    policies: [...policies.keys()],
    states,
    suspected: head.suspected,
  };
}
