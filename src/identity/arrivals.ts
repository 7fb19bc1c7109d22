/** Observations that reach an identity object, and the links of their attackers. Runs inside one transaction. */
import type { AppliedObservation, Cause } from "../core/index.ts";
import type { ApplyCall, IdentityLink } from "./protocol.ts";
import type { IdentityStore } from "./store/index.ts";

/** The attackers whose link has changed in D1 since the call was made. Their observations belong to another identity. */
export function movedAttackers(store: IdentityStore, links: readonly IdentityLink[]): string[] {
  if (store.isEmpty) return [];
  if (store.winner !== null) return links.map(({ attackerUuid }) => attackerUuid);
  return links
    .filter(({ attackerUuid, linkVersion }) => (store.links.version(attackerUuid) ?? 0) > linkVersion)
    .map(({ attackerUuid }) => attackerUuid);
}

/**
 * Saves the links of a call and returns the cause of a decision about its observations. No link may have moved.
 */
export function arrive(store: IdentityStore, call: ApplyCall): Extract<Cause, { kind: "arrivals" }> {
  const erased = new Map(
    call.links.map(({ attackerUuid }) => [attackerUuid, store.links.erasedTs(attackerUuid)] as const),
  );
  const isKept = ({ attackerUuid, ts }: AppliedObservation) => ts > (erased.get(attackerUuid) ?? -Infinity);
  const observations = call.observations.filter(isKept);
  for (const { attackerUuid, linkVersion, firstSeenTs } of call.links) {
    if (store.links.version(attackerUuid) === linkVersion) continue;
    // An attacker that was erased is linked again by its first later observation only.
    const isWanted =
      (erased.get(attackerUuid) ?? null) === null ||
      observations.some((observation) => observation.attackerUuid === attackerUuid);
    if (isWanted) store.links.link(attackerUuid, linkVersion, firstSeenTs);
  }
  return { kind: "arrivals", observations };
}
