/** For what depends on whether evidence is switched on. */
import { tryConfig } from "../../config.ts";

/** Whether evidence is computed: not while it is switched off or a variable is wrong. */
export function hasEvidence(env: Env): boolean {
  return (tryConfig(env)?.evidence ?? null) !== null;
}
