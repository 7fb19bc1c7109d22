/** The work of evidence in decisions about one primitive, without the core's and without storage. */
import { type Change, type Member, type MergeKind, STANDARD_POLICY } from "../../../core/index.ts";
import { evidenceHook, keyOf, STANDARD_EVIDENCE } from "../../../evidence/index.ts";

const hook = evidenceHook({ constants: STANDARD_EVIDENCE, key: keyOf("bench"), words: null });

/**
 * Follows a series through one decision.
 * @param kept - what was kept of it before; null: it begins
 * @param members - new ones, in series order
 * @returns what is kept after it
 */
export function follow(
  primitive: string,
  kind: MergeKind,
  kept: Uint8Array | null,
  members: readonly Member[],
): Uint8Array {
  const changes = members.map((next): Change => ({ prior: null, next }));
  const run = hook.begin({
    identityUuid: "11111111-1111-5111-8111-111111111111",
    policy: policyOf(primitive, kind),
    nowTs: 0,
    cause: { kind: "arrivals", changes: new Map([[primitive, changes]]) },
    keptOfIdentity: null,
    primitives: () => [],
    countBefore: () => (kept === null ? 0 : 1),
    kept: () => kept,
    whole: () => null,
    entries: () => [],
  });
  const after = run.end().kept.get(primitive);
  if (!after) throw new Error(`something must be kept of ${primitive}`);
  return after;
}

const policies = new Map<string, typeof STANDARD_POLICY>();

/** Policies are made once, as in a Worker. */
function policyOf(primitive: string, kind: MergeKind): typeof STANDARD_POLICY {
  const name = `${primitive} ${kind}`;
  const policy = policies.get(name) ?? { ...STANDARD_POLICY, primitiveKinds: { [primitive]: kind } };
  policies.set(name, policy);
  return policy;
}
