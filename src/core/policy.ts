/**
 * A policy: everything that decides a state besides the observations. An immutable value, passed as an argument to
 * whatever decides; equal content has an equal id.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { canonicalJson } from "./json.ts";
import { type MergeKind, mergeKindOf, type ValueKind } from "./observation.ts";
import { createRegistry, type Registry } from "./registry.ts";
import { STANDARD_THRESHOLDS, THRESHOLD_SPECS, thresholdNames, type Thresholds } from "./thresholds.ts";

export interface Policy {
  /** `pol_` and 16 hex digits. */
  readonly id: string;
  readonly thresholds: Thresholds;
  /** Kind by primitive, where it differs from the registry's own or adds to it. */
  readonly primitiveKinds: Readonly<Record<string, ValueKind>>;
}

/** Hex digits of the digest that an id shows. */
const ID_DIGITS = 16;

/**
 * A policy from its content.
 * @example makePolicy(STANDARD_THRESHOLDS).id // the same on every machine
 */
export function makePolicy(
  thresholds: Thresholds,
  primitiveKinds: Readonly<Record<string, ValueKind>> = {},
): Policy {
  return { id: policyId(thresholds, primitiveKinds), thresholds, primitiveKinds };
}

/** The policy of the contract's own constants. */
export const STANDARD_POLICY: Policy = makePolicy(STANDARD_THRESHOLDS);

/** How a policy merges the values of a primitive. */
export function mergeKindIn(policy: Policy, primitive: string): MergeKind {
  return mergeKindOf(registryOf(policy).kindOf(primitive));
}

/** The registry with a policy's kinds laid over it; made once per policy. */
export function registryOf(policy: Policy): Registry {
  const registry = registries.get(policy) ?? createRegistry(policy.primitiveKinds);
  registries.set(policy, registry);
  return registry;
}

const registries = new WeakMap<Policy, Registry>();

/** The constants by the names of their variables. */
export function namedThresholds(thresholds: Thresholds): Record<string, number> {
  return Object.fromEntries(thresholdNames.map((name) => [THRESHOLD_SPECS[name].variable, thresholds[name]]));
}

/** The first digits of the SHA-256 of the canonical JSON of `{ thresholds, primitive_kinds }`. */
function policyId(thresholds: Thresholds, kinds: Readonly<Record<string, ValueKind>>): string {
  const content = canonicalJson({ thresholds: namedThresholds(thresholds), primitive_kinds: { ...kinds } });
  if (!content.ok)
    throw new RangeError(`a policy must be finite numbers and names, its JSON is ${content.reason}`);
  return `pol_${bytesToHex(sha256(utf8ToBytes(content.text))).slice(0, ID_DIGITS)}`;
}
