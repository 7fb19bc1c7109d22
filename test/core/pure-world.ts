/** The state of a pure history: the record of expected observations, and two identities that hold parts of it. */
import { createRegistry, type MergeKind } from "../../src/core/index.ts";
import { mergeKindOf } from "../../src/core/observation.ts";
import type { Thresholds } from "../../src/core/thresholds.ts";
import type { Random } from "../../src/simulate/random.ts";
import type { Arrival, Model } from "./model.ts";

export const registry = createRegistry();
/** One primitive per merger, and a second categorical one. */
export const PRIMITIVES = [
  "cognitive.cognitive_load",
  "motor.input_modality",
  "toolchain.c2.beacon_interval_ms",
  "toolchain.ssh.hassh_client",
] as const;
/** Values of each. */
export const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  "cognitive.cognitive_load": ["low", "high", "low", "high", "unknown", { b: 1, a: [2] }],
  "motor.input_modality": ["typed", "pasted", "typed", "pasted", "unknown", "mixed"],
  "toolchain.c2.beacon_interval_ms": [100, 110, 135, -90, 0, true],
  "toolchain.ssh.hassh_client": ["h0", "h1", "h2", "h3", "h4", "h5"],
};
/** An observation as it must be stored. */
export type Stored = Arrival & { readonly primitive: string };

/** Everything that a history changes. */
export interface PureWorld {
  readonly random: Random;
  readonly attackers: readonly string[];
  /** The current and the first identity of each attacker. */
  readonly links: number[];
  readonly models: Model[];
  /** Everything that must be stored, by key. */
  readonly record: Map<string, Stored>;
  thresholds: Thresholds;
}

/** The identity that an attacker is linked to. */
export function linkOf(world: PureWorld, attackerUuid: string): number {
  return world.links[world.attackers.indexOf(attackerUuid)] ?? 0;
}

/** The merger of a primitive. */
export function kindOf(primitive: string): MergeKind {
  return mergeKindOf(registry.kindOf(primitive));
}
