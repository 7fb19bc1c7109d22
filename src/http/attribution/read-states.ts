/** Reads an identity's states from its object, or from that of the identity it was merged into. */
import { tryConfig } from "../../config.ts";
import type { PrimitiveAttribution } from "../../identity/index.ts";

/** Whose states they are, and the states by primitive. */
export interface ReadStates {
  readonly identityUuid: string;
  readonly primitives: readonly PrimitiveAttribution[];
}

/** Merges that are followed one after the other; more means that they form a circle. */
const DEEPEST_MERGE = 100;

/**
 * Asks an identity's object; one call, and one more for each merge that leads away from it.
 * @param asOfTs - epoch seconds, or null for the states as they are
 */
export async function readStates(
  identities: Env["IDENTITIES"],
  uuid: string,
  asOfTs: number | null,
): Promise<ReadStates> {
  let identityUuid = uuid;
  for (let depth = 0; depth <= DEEPEST_MERGE; depth++) {
    const answer = await identities.getByName(identityUuid).readAttribution(asOfTs);
    if (answer.outcome === "states") return { identityUuid, primitives: JSON.parse(answer.primitives) };
    identityUuid = answer.winnerUuid;
  }
  throw new Error(`merges must lead to an identity that stands alone, those of ${uuid} do not end`);
}

/** The id of the policy by which states are computed, or null while a variable is wrong. */
export function policyIdOf(env: Env): string | null {
  return tryConfig(env)?.policy.id ?? null;
}
