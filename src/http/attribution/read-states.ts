/** Reads an identity's states from its object, or from that of the identity it was merged into. */
import { tryConfig } from "../../config.ts";
import type { AttributionAnswer, PrimitiveAttribution } from "../../identity/index.ts";
import { DEEPEST_MERGE } from "../../storage/index.ts";

/** Whose states they are, and the states by primitive. */
interface ReadStates {
  readonly identityUuid: string;
  readonly primitives: readonly PrimitiveAttribution[];
}

/** The answer of an identity that was merged away. */
export interface MergedAway {
  readonly outcome: "merged_away";
  readonly winnerUuid: string;
}

type StatesAnswer = Exclude<AttributionAnswer, MergedAway>;

/**
 * Asks an identity's object; one call, and one more for each merge that leads away from it.
 * @param asOfTs - epoch seconds, or null for the states as they are
 */
export async function readStates(
  identities: Env["IDENTITIES"],
  uuid: string,
  asOfTs: number | null,
): Promise<ReadStates> {
  const { identityUuid, answer } = await askLiving<StatesAnswer>(uuid, async (each) =>
    identities.getByName(each).readAttribution(asOfTs),
  );
  return { identityUuid, primitives: JSON.parse(answer.primitives) };
}

/**
 * Asks an identity's object, or that of the identity it was merged into.
 * @throws Error if the merges form a circle
 */
export async function askLiving<T extends { readonly outcome: string }>(
  uuid: string,
  ask: (identityUuid: string) => Promise<T | MergedAway>,
): Promise<{ readonly identityUuid: string; readonly answer: T }> {
  let identityUuid = uuid;
  for (let depth = 0; depth <= DEEPEST_MERGE; depth++) {
    const answer = await ask(identityUuid);
    if (!isMergedAway(answer)) return { identityUuid, answer };
    identityUuid = answer.winnerUuid;
  }
  throw new Error(`merges must lead to an identity that stands alone, those of ${uuid} do not end`);
}

function isMergedAway(answer: { readonly outcome: string }): answer is MergedAway {
  return answer.outcome === "merged_away";
}

/** The id of the policy by which states are computed, or null while a variable is wrong. */
export function policyIdOf(env: Env): string | null {
  return tryConfig(env)?.policy.id ?? null;
}
