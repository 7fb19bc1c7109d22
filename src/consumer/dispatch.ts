/**
 * From the record to the identities: one call per identity, all at once. An identity that answers `moved` knows of a
 * newer link than we do, so the link is read again and the observations go where they belong.
 */
import pMap from "p-map";
import type { AppliedObservation, Observation } from "../core/index.ts";
import type { ApplyAnswer, ApplyCall, IdentityLink } from "../identity/index.ts";
import { logError } from "../log.ts";
import type { Link } from "../storage/index.ts";
import { type Failure, failureOf } from "./verdict.ts";

/** Calls to objects under way at a time. */
const PARALLEL_CALLS = 64;
/** How often links are read again before the queue has to help: each time means that one changed in between. */
const MOVES_FOLLOWED = 3;

/** What dispatching speaks to. */
export interface DispatchTargets {
  apply(identityUuid: string, call: ApplyCall): Promise<ApplyAnswer>;
  followLinks(attackerUuids: readonly string[]): Promise<Map<string, Link>>;
}

/** What became of a batch's observations. */
export interface Dispatched {
  /** By attacker: why its observations could not be applied now. */
  readonly failures: ReadonlyMap<string, Failure>;
  readonly identityCalls: number;
  readonly applied: number;
  readonly transitions: number;
}

/** Applies observations to the identities of their attackers. Those of an attacker without identity wait in D1. */
export async function dispatch(
  targets: DispatchTargets,
  observations: readonly Observation[],
  links: ReadonlyMap<string, Link>,
): Promise<Dispatched> {
  const failures = new Map<string, Failure>();
  const totals = { identityCalls: 0, applied: 0, transitions: 0 };
  let remaining = observations;
  let current = links;
  for (let round = 0; remaining.length > 0; round++) {
    const calls = callsByIdentity(remaining, current);
    totals.identityCalls += calls.size;
    const moved = new Set<string>();
    await pMap(
      calls,
      async ([identityUuid, call]) => {
        const answer = await applied(targets, identityUuid, call);
        if (answer.outcome === "moved") for (const { attackerUuid } of call.links) moved.add(attackerUuid);
        else if (answer.outcome === "applied") {
          totals.applied += answer.applied;
          totals.transitions += answer.transitions;
        } else for (const { attackerUuid } of call.links) failures.set(attackerUuid, answer.failure);
      },
      { concurrency: PARALLEL_CALLS },
    );
    if (moved.size === 0) break;
    if (round >= MOVES_FOLLOWED) {
      for (const attackerUuid of moved) failures.set(attackerUuid, "failed");
      break;
    }
    remaining = remaining.filter(({ attackerUuid }) => moved.has(attackerUuid));
    current = await targets.followLinks([...moved]);
  }
  return { failures, ...totals };
}

type CallResult = ApplyAnswer | { readonly outcome: "failed"; readonly failure: Failure };

async function applied(targets: DispatchTargets, identityUuid: string, call: ApplyCall): Promise<CallResult> {
  try {
    return await targets.apply(identityUuid, call);
  } catch (error) {
    logError("identity_call_failed", error, { identity_uuid: identityUuid });
    return { outcome: "failed", failure: failureOf(error) };
  }
}

interface GatheredCall {
  readonly links: Map<string, IdentityLink>;
  readonly observations: AppliedObservation[];
}

function callsByIdentity(
  observations: readonly Observation[],
  links: ReadonlyMap<string, Link>,
): Map<string, ApplyCall> {
  const calls = new Map<string, GatheredCall>();
  for (const observation of observations) {
    const link = links.get(observation.attackerUuid);
    if (!link || link.identityUuid === null) continue;
    if (link.erasedTs !== null && observation.ts <= link.erasedTs) continue;
    const call: GatheredCall = calls.get(link.identityUuid) ?? { links: new Map(), observations: [] };
    calls.set(link.identityUuid, call);
    if (!call.links.has(link.attackerUuid)) call.links.set(link.attackerUuid, toIdentityLink(link));
    call.observations.push(toApplied(observation));
  }
  return new Map(
    [...calls].map(([identityUuid, call]) => [
      identityUuid,
      { links: [...call.links.values()], observations: call.observations },
    ]),
  );
}

function toIdentityLink({ attackerUuid, linkVersion, firstSeenTs, needsBackfill }: Link): IdentityLink {
  return { attackerUuid, linkVersion, firstSeenTs, needsBackfill };
}

/** Only what an identity needs travels. */
function toApplied({ id, attackerUuid, primitive, value, ts, evidenceRef }: Observation): AppliedObservation {
  return { id, attackerUuid, primitive, value, ts, evidenceRef };
}
