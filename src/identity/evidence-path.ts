/** E of one series over time, for its chart. Costs one pass over the series. Reads, and changes nothing. */
import type { EvidenceReader } from "../hooks.ts";
import type { IdentityStore } from "./store/index.ts";

/**
 * JSON of the path of a primitive's E.
 * @returns null if the series is not followed
 */
export function evidencePathOf(
  store: IdentityStore,
  reader: EvidenceReader | null,
  primitive: string,
): string | null {
  const kept = store.isEmpty ? null : (store.record(primitive)?.kept ?? null);
  const walk = kept === null ? null : (reader?.path(primitive, kept) ?? null);
  if (walk === null) return null;
  store.observations.eachInOrder(
    new Set([primitive]),
    { fromTs: -Number.MAX_VALUE, toTs: Number.MAX_VALUE },
    (_, member) => walk.take(member),
  );
  return JSON.stringify(walk.path());
}
