/**
 * A policy holds everything besides the observations that a state depends on. It is an immutable value and an argument of
 * every decision. Policies with equal content have the same id.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { canonicalJson, type JsonValue } from "./json.ts";
import { type MergeKind, mergeKindOf, type ValueKind } from "./observation.ts";
import { createRegistry, type Registry } from "./registry.ts";
import { STANDARD_THRESHOLDS, THRESHOLD_SPECS, thresholdNames, type Thresholds } from "./thresholds.ts";

export interface Policy {
  /** `pol_` and 16 hex digits. */
  readonly id: string;
  readonly thresholds: Thresholds;
  /** Kind by primitive: overrides of the registry and additions to it. */
  readonly primitiveKinds: Readonly<Record<string, ValueKind>>;
  /** Constants of capabilities that follow the series, by capability. Only their hooks read them. */
  readonly capabilities: Readonly<Record<string, JsonValue>>;
}

/** Number of hex digits of the digest that form the id. */
const ID_DIGITS = 16;

/**
 * Makes a policy and calculates its id.
 * @example makePolicy(STANDARD_THRESHOLDS).id // the same on every machine
 */
export function makePolicy(
  thresholds: Thresholds,
  primitiveKinds: Readonly<Record<string, ValueKind>> = {},
  capabilities: Readonly<Record<string, JsonValue>> = {},
): Policy {
  const id = policyId(thresholds, primitiveKinds, capabilities);
  return { id, thresholds, primitiveKinds, capabilities };
}

/** The policy with the contract's constants. */
export const STANDARD_POLICY: Policy = makePolicy(STANDARD_THRESHOLDS);

/** The merger that a policy uses for a primitive. */
export function mergeKindIn(policy: Policy, primitive: string): MergeKind {
  return mergeKindOf(registryOf(policy).kindOf(primitive));
}

/** The registry with the kinds of a policy. It is created once per policy. */
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

/** The first digits of the SHA-256 of the canonical JSON of `{ thresholds, primitive_kinds, ...capabilities }`. */
function policyId(
  thresholds: Thresholds,
  kinds: Readonly<Record<string, ValueKind>>,
  capabilities: Readonly<Record<string, JsonValue>>,
): string {
  const content = canonicalJson({
    ...capabilities,
    thresholds: namedThresholds(thresholds),
    primitive_kinds: { ...kinds },
  });
  if (!content.ok)
    throw new RangeError(`a policy must be finite numbers and names, its JSON is ${content.reason}`);
  return `pol_${bytesToHex(sha256(utf8ToBytes(content.text))).slice(0, ID_DIGITS)}`;
}
